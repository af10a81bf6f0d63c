/**
 * What the two sides of a chat say to each other, each as one message of the channel.
 *
 *     greeting = 01 ‖ fields("sml/07/v1", name, own part, peer's part, uint32 received)
 *     text     = 02 ‖ number (uint32) ‖ the text in UTF-8
 *     received = 03 ‖ number (uint32)
 *     alive    = 04
 *     typing   = 05 ‖ 01, or 00 when the person has stopped
 */
import { type Bytes, concat, decodeUtf8, encodeUtf8, equal } from "../../lib/bytes/bytes.ts";
import { decodeFields, decodeUint32, encodeFields, encodeUint32 } from "../../lib/bytes/fields.ts";
import { printable } from "../../lib/bytes/printable.ts";

/** Maximum length of a text in bytes of UTF-8. */
export const TEXT_LIMIT = 256 * 1024;
/** Maximum length of a name in bytes of UTF-8. */
export const NAME_LIMIT = 64;
/** Length of the name of a side's part in a talk. */
export const PART_LENGTH = 16;
/** Maximum length of a record. */
export const RECORD_LIMIT = 1 + 4 + TEXT_LIMIT;

const VERSION = "sml/07/v1";
const GREETING = 1;
const TEXT = 2;
const RECEIVED = 3;
const ALIVE = 4;
const TYPING = 5;
const NUMBER_LENGTH = 4;

/** Opens each channel, in both directions. */
export interface Greeting {
  type: "greeting";
  name: string;
  /** The sender's part in a talk, 16 random bytes. */
  part: Bytes;
  /** The peer's part in the talk, as far as the sender knows it; else empty. */
  peerPart: Bytes;
  /** The number of the last text of that talk that the sender has received; 0 for none. */
  received: number;
}

export type ChatRecord =
  | Greeting
  /** The texts of each direction of a talk have the numbers 1, 2, 3 and so on. */
  | { type: "text"; number: number; text: string }
  /** All texts up to this number have been received. */
  | { type: "received"; number: number }
  /** Says only that the sender is still there. */
  | { type: "alive" }
  | { type: "typing"; isTyping: boolean };

/**
 * Says whether `text` can be the name of a person in a chat: 1 to 64 bytes of visible characters,
 * with no space at either end, and no colon, which ends the name where it is printed.
 */
export function isChatName(text: string): boolean {
  const { length } = encodeUtf8(text);
  return (
    length > 0 &&
    length <= NAME_LIMIT &&
    printable(text) === text &&
    text.trim() === text &&
    !text.includes(":")
  );
}

/** Encodes `record`. */
export function encodeRecord(record: ChatRecord): Bytes {
  switch (record.type) {
    case "greeting": {
      const { name, part, peerPart, received } = record;
      const fields = [VERSION, name, part, peerPart, encodeUint32(received)];
      return concat([Uint8Array.of(GREETING), encodeFields(fields)]);
    }
    case "text":
      return concat([Uint8Array.of(TEXT), encodeUint32(record.number), encodeUtf8(record.text)]);
    case "received":
      return concat([Uint8Array.of(RECEIVED), encodeUint32(record.number)]);
    case "alive":
      return Uint8Array.of(ALIVE);
    case "typing":
      return Uint8Array.of(TYPING, record.isTyping ? 1 : 0);
  }
}

/** Decodes a record. @throws Error when it is malformed */
export function decodeRecord(bytes: Bytes): ChatRecord {
  const [type] = bytes;
  const content = bytes.subarray(1);
  if (type === GREETING) return decodeGreeting(content);
  if (type === TEXT && content.length >= NUMBER_LENGTH) {
    const text = decodeUtf8(content.subarray(NUMBER_LENGTH), TEXT_LIMIT);
    return { type: "text", number: decodeUint32(content, 0), text };
  }
  if (type === RECEIVED && content.length === NUMBER_LENGTH)
    return { type: "received", number: decodeUint32(content, 0) };
  if (type === ALIVE && content.length === 0) return { type: "alive" };
  if (type === TYPING && content.length === 1 && (content[0] ?? 2) < 2)
    return { type: "typing", isTyping: content[0] === 1 };
  throw new Error("malformed chat record");
}

function decodeGreeting(content: Bytes): Greeting {
  const version = encodeFields([VERSION]);
  if (!equal(content.subarray(0, version.length), version))
    throw new Error(`the peer does not speak ${VERSION}, the chat of this program`);
  const [, name, part, peerPart, received] = decodeFields(content, 5);
  const isSound =
    part.length === PART_LENGTH &&
    (peerPart.length === PART_LENGTH || peerPart.length === 0) &&
    received.length === NUMBER_LENGTH;
  if (!isSound) throw new Error("malformed greeting");
  const shown = decodeUtf8(name, NAME_LIMIT);
  if (!isChatName(shown)) throw new Error(`the peer's name is no name: ${printable(shown)}`);
  return {
    type: "greeting",
    name: shown,
    part: part.slice(),
    peerPart: peerPart.slice(),
    received: decodeUint32(received, 0),
  };
}
