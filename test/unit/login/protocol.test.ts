import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  decodeMessage,
  encodeMessage,
  MAX_NUMBER,
  MESSAGE_LIMIT,
  type Message,
  receive,
  SESSION_LENGTH,
  send,
  TEXT_LIMIT,
} from "../../../exercises/06-login/protocol.ts";
import { toHex } from "../../../lib/bytes/bytes.ts";
import { openPair } from "../../support/channels.ts";
import { rejects, throws } from "../../support/rejects.ts";

const SESSION = Uint8Array.from({ length: SESSION_LENGTH }, (_, index) => index);
const MESSAGES: [message: Message, hex: string][] = [
  [{ type: "login", text: "n=é" }, "016e3dc3a9"],
  [{ type: "refused", reason: "no" }, "026e6f"],
  [{ type: "failed", reason: "" }, "03"],
  [
    { type: "text", session: SESSION, number: 258, text: "go" },
    "04000102030405060708090a0b0c0d0e0f00000102676f",
  ],
  [{ type: "confirmed", session: SESSION, number: MAX_NUMBER }, "05000102030405060708090a0b0c0d0e0fffffffff"],
];

for (const [message, hex] of MESSAGES)
  test(`${message.type}: these bytes, and back`, () => {
    const bytes = encodeMessage(message);
    assert.is(toHex(bytes), hex);
    assert.equal(decodeMessage(bytes), message);
  });

test("the longest text is accepted, and one byte more is not", () => {
  const text: Message = { type: "text", session: SESSION, number: 1, text: "x".repeat(TEXT_LIMIT) };
  const bytes = encodeMessage(text);
  assert.is(bytes.length, MESSAGE_LIMIT);
  assert.equal(decodeMessage(bytes), text);
  throws(() => decodeMessage(encodeMessage({ ...text, text: `${text.text}x` })), /the text is too long/);
  for (const type of [1, 2, 3])
    throws(() => decodeMessage(new Uint8Array(1026).fill(0x78).with(0, type)), /the text is too long/);
});

test("number 0, a message that is cut short, longer, empty or unknown is refused", () => {
  const text = encodeMessage({ type: "text", session: SESSION, number: 1, text: "" });
  const confirmed = encodeMessage({ type: "confirmed", session: SESSION, number: 1 });
  for (let length = 0; length < text.length; length += 1) {
    if (length === 0 || length > 1) throws(() => decodeMessage(text.slice(0, length)), /^malformed message/);
    throws(() => decodeMessage(confirmed.slice(0, length)), /^malformed message/);
  }
  throws(() => decodeMessage(new Uint8Array([...confirmed, 0])), /^malformed message/);
  for (const type of [0, 6, 255]) throws(() => decodeMessage(text.with(0, type)), /^malformed message/);
  throws(() => decodeMessage(text.with(text.length - 1, 0)), /^malformed message/);
  throws(() => decodeMessage(new Uint8Array([2, 0xff])), "the text is not valid UTF-8");
});

test("any bytes are a message that is encoded to the same bytes, or refused with a plain error", async () => {
  await fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.integer({ min: 0, max: 8 }), (rest, type) => {
      const bytes = new Uint8Array([type, ...rest]);
      let message: Message;
      try {
        message = decodeMessage(bytes);
      } catch (error) {
        assert.is(Object.getPrototypeOf(error), Error.prototype);
        return;
      }
      assert.equal(encodeMessage(message), bytes);
    }),
  );
});

test("send and receive carry messages over a channel, until it is closed", async () => {
  const { client, server } = await openPair();
  for (const [message] of MESSAGES) {
    await send(client, message, 10);
    assert.equal(await receive(server, 10), message);
  }
  await client.end();
  assert.is(await receive(server, 10), undefined);
  await client.send(new Uint8Array([9])).catch(() => {});
  client.destroy("done");
  server.destroy("done");
  await rejects(
    send(client, { type: "failed", reason: "" }, 10),
    "the channel is closed: nothing more can be sent",
  );
});

test.run();
