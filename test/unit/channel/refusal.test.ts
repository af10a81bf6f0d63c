import { test } from "uvu";
import * as assert from "uvu/assert";
import { encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import { encodeFields } from "../../../lib/bytes/fields.ts";
import {
  BUSY,
  decodeHint,
  encodeHint,
  isBusy,
  RETRY_SECONDS,
  refusalError,
} from "../../../lib/channel/refusal.ts";

test("encodeHint and decodeHint carry a reason, as an error", () => {
  const error = decodeHint(encodeHint("not today"));
  assert.instance(error, Error);
  assert.ok(error?.message.endsWith(": not today"), error?.message);
});

test("decodeHint knows what is no hint", () => {
  for (const frame of [
    new Uint8Array(),
    encodeFields(["refused"]),
    encodeFields(["refuse", "x"]),
    encodeFields(["refused", "x", "y"]),
  ]) {
    assert.is(decodeHint(frame), undefined);
  }
});

test("refusalError escapes and shortens what the peer gave as reason", () => {
  const { message } = refusalError("the server says", encodeUtf8(`\u001b[31m\n${"x".repeat(1000)}`));
  assert.not.match(message, /\p{Cc}/u);
  assert.ok(message.length < 250, String(message.length));
  assert.ok(message.startsWith("the server says: \\u{1b}[31m\\n"), message);
});

test("isBusy tells the fixed reason from every other, and from errors of another kind", () => {
  assert.is(BUSY, `busy, try again in ${RETRY_SECONDS} seconds`);
  assert.ok(isBusy(decodeHint(encodeHint(BUSY))));
  assert.ok(isBusy(refusalError("x", encodeUtf8(BUSY))));
  assert.not(isBusy(decodeHint(encodeHint("busy, try again in 6 seconds"))));
  assert.not(isBusy(new Error(BUSY)));
  assert.not(isBusy(BUSY));
});

test.run();
