import { test } from "uvu";
import * as assert from "uvu/assert";
import { encodeUtf8 } from "../../../../lib/bytes/bytes.ts";
import type { AppliedAttack } from "../../model/attack.ts";
import type { SessionEvent } from "../../model/events.ts";
import { isHit, strikeOf } from "./judge.ts";

const TURN = encodeUtf8("a turn of forty bytes, with text in it!!");

function applied(kind: AppliedAttack["kind"], before: string, after: string): AppliedAttack {
  return {
    kind,
    connection: 1,
    direction: "client to server",
    ordinal: 2,
    offset: 0,
    detail: "",
    before: encodeUtf8(before),
    after: encodeUtf8(after),
  };
}

test("isHit asks for a change, in a turn about as long as the one that was meant", () => {
  const text = "x".repeat(TURN.length);
  assert.ok(isHit(applied("flip", text, `y${text.slice(1)}`), TURN.length));
  assert.ok(isHit(applied("cut", text, text), TURN.length));
  assert.not.ok(isHit(applied("flip", text, text), TURN.length));
  assert.not.ok(isHit(applied("flip", "ok", "no"), TURN.length));
  assert.not.ok(isHit(applied("flip", text.repeat(3), text), TURN.length));
  assert.ok(isHit(applied("flip", text.repeat(2), text), TURN.length));
});

test("isHit takes no shorter turn for the one that was meant", () => {
  const text = "x".repeat(TURN.length);
  assert.not.ok(isHit(applied("flip", text.slice(0, 25), "y"), TURN.length));
  assert.ok(isHit(applied("flip", text.slice(0, 35), "y"), TURN.length));
});

test("strikeOf finds the first piece that the attack sent", () => {
  const piece = (bytes: string, passed: string, connection = 1): SessionEvent => ({
    at: 0,
    type: "data",
    connection,
    direction: "client to server",
    bytes: encodeUtf8(bytes),
    passed: encodeUtf8(passed),
  });
  const events = [piece("hello", "hello"), piece("", "other", 2), piece("held", ""), piece("", "altered")];
  assert.is(strikeOf({ events, applied: applied("flip", "held", "altered") }), 3);
  assert.is(strikeOf({ events: events.slice(0, 3), applied: applied("cut", "held", "") }), 0);
});

test.run();
