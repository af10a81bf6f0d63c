import { test } from "uvu";
import * as assert from "uvu/assert";
import { encodeUtf8 } from "../../lib/bytes.ts";
import { isHit } from "../checks/tampering.ts";
import type { Strike } from "./attacks/attack.ts";

const TURN = encodeUtf8("a turn of forty bytes, with text in it!!");

function strike(kind: Strike["kind"], before: string, after: string): Strike {
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

test("isHit: something was changed, in a turn about as long as the one that was meant", () => {
  const text = "x".repeat(TURN.length);
  assert.ok(isHit(strike("flip", text, `y${text.slice(1)}`), TURN.length));
  assert.ok(isHit(strike("cut", text, text), TURN.length));
  assert.not.ok(isHit(strike("flip", text, text), TURN.length));
  assert.not.ok(isHit(strike("flip", "ok", "no"), TURN.length));
  assert.not.ok(isHit(strike("flip", text.repeat(3), text), TURN.length));
  assert.ok(isHit(strike("flip", text.repeat(2), text), TURN.length));
});

test.run();
