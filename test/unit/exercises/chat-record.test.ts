/** The records of a chat, byte by byte. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  type ChatRecord,
  decodeRecord,
  encodeRecord,
  isChatName,
  TEXT_LIMIT,
} from "../../../exercises/07-chat/chat-record.ts";
import { concat, encodeUtf8, toHex } from "../../../lib/bytes/bytes.ts";
import { encodeFields, encodeUint32 } from "../../../lib/bytes/fields.ts";
import { throws } from "../../support/rejects.ts";

const part = new Uint8Array(16).fill(0xaa);
const peerPart = new Uint8Array(16).fill(0xbb);

const EXAMPLES: [record: ChatRecord, hex: string][] = [
  [
    { type: "greeting", name: "Bob", part, peerPart, received: 7 },
    `01${"00000009"}${toHex(encodeUtf8("sml/07/v1"))}00000003${toHex(encodeUtf8("Bob"))}00000010${"aa".repeat(16)}00000010${"bb".repeat(16)}0000000400000007`,
  ],
  [
    { type: "greeting", name: "Zoë", part, peerPart: new Uint8Array(), received: 0 },
    `0100000009736d6c2f30372f7631000000045a6fc3ab00000010${"aa".repeat(16)}000000000000000400000000`,
  ],
  [{ type: "text", number: 258, text: "é" }, "0200000102c3a9"],
  [{ type: "text", number: 1, text: "" }, "0200000001"],
  [{ type: "received", number: 3 }, "0300000003"],
  [{ type: "alive" }, "04"],
  [{ type: "typing", isTyping: true }, "0501"],
  [{ type: "typing", isTyping: false }, "0500"],
];

for (const [record, hex] of EXAMPLES) {
  test(`a record of type ${record.type}: ${hex.slice(0, 24)}`, () => {
    const bytes = encodeRecord(record);
    assert.is(toHex(bytes), hex);
    assert.equal(decodeRecord(bytes), record);
    // cut short, a text is another text, and nothing else is anything
    if (record.type !== "text")
      for (let length = 0; length < bytes.length; length += 1)
        assert.throws(() => decodeRecord(bytes.subarray(0, length)));
    if (record.type !== "text") assert.throws(() => decodeRecord(concat([bytes, new Uint8Array(1)])));
  });
}

test("decodeRecord: what is malformed", () => {
  const greeting = (...fields: (Uint8Array<ArrayBuffer> | string)[]) =>
    concat([Uint8Array.of(1), encodeFields(fields)]);
  const zero = encodeUint32(0);
  throws(() => decodeRecord(new Uint8Array()), "malformed chat record");
  throws(() => decodeRecord(Uint8Array.of(9)), "malformed chat record");
  throws(() => decodeRecord(Uint8Array.of(5, 2)), "malformed chat record");
  throws(() => decodeRecord(Uint8Array.of(2, 0, 0, 1)), "malformed chat record");
  throws(() => decodeRecord(Uint8Array.of(2, 0, 0, 0, 1, 0xff)), "the text is not valid UTF-8");
  throws(() => decodeRecord(new Uint8Array(6 + TEXT_LIMIT).fill(2)), /the text is too long/);
  throws(
    () => decodeRecord(greeting("sml/07/v2", "Bob", part, part, zero)),
    "the peer does not speak sml/07/v1, the chat of this program",
  );
  for (const [own, other, received] of [
    [part.subarray(1), part, zero],
    [part, part.subarray(1), zero],
    [part, part, zero.subarray(1)],
  ] as const)
    throws(() => decodeRecord(greeting("sml/07/v1", "Bob", own, other, received)), "malformed greeting");
  throws(
    () => decodeRecord(greeting("sml/07/v1", "\u001b[31m", part, part, zero)),
    "the peer's name is no name: \\u{1b}[31m",
  );
});

test("isChatName: visible characters, at most 64 bytes, no colon", () => {
  for (const name of ["A", "Zoë", "Alice B.", "爱丽丝", "x".repeat(64), "🌉"])
    assert.ok(isChatName(name), name);
  for (const name of ["", " ", " A", "A ", "a:b", "a\nb", "\u202eb", "x".repeat(65), "é".repeat(33), "\\"])
    assert.not(isChatName(name), name);
});

test.run();
