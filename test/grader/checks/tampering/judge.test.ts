import { test } from "uvu";
import * as assert from "uvu/assert";
import { encodeUtf8 } from "../../../../lib/bytes/bytes.ts";
import type { AppliedAttack } from "../../model/attack.ts";
import { isHit } from "./judge.ts";

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

test.run();
