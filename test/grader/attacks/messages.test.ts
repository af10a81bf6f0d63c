import { test } from "uvu";
import * as assert from "uvu/assert";
import { concat, encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import { encodeFields } from "../../../lib/bytes/fields.ts";
import { lastMessages, messagesIn } from "./messages.ts";

const frames = encodeFields(["first", "second", "third"]);
const lines = encodeUtf8("a\nbc\ndef\n");

test("messagesIn splits a turn by the lengths before its messages", () => {
  assert.equal(messagesIn(frames, 3), [
    { from: 0, to: 9 },
    { from: 9, to: 19 },
    { from: 19, to: 28 },
  ]);
});

test("messagesIn splits a turn by lines", () => {
  assert.equal(messagesIn(lines, 3), [
    { from: 0, to: 2 },
    { from: 2, to: 5 },
    { from: 5, to: 9 },
  ]);
});

test("messagesIn returns undefined if the lengths do not add up, or there are fewer messages", () => {
  assert.is(messagesIn(frames, 4), undefined);
  assert.is(messagesIn(lines, 4), undefined);
  assert.is(messagesIn(concat([frames, Uint8Array.of(7)]), 2), undefined);
  assert.is(messagesIn(new Uint8Array(0), 1), undefined);
});

test("lastMessages returns where the last message may begin: by lengths, lines and pieces", () => {
  assert.equal(lastMessages({ bytes: frames, pieces: [20, 8] }), [19, 20]);
  assert.equal(lastMessages({ bytes: lines, pieces: [9] }), [5]);
  assert.equal(lastMessages({ bytes: Uint8Array.of(9, 9, 9), pieces: [3] }), []);
});

test.run();
