/**
 * The messages between client and server, each one message of the channel.
 *
 *     LOGIN      01 ‖ text of SCRAM                                  both
 *     REFUSED    02 ‖ reason                                         server: do not try again
 *     FAILED     03 ‖ reason                                         server: connect again later
 *     TEXT       04 ‖ session (16) ‖ number (uint32) ‖ text          client
 *     CONFIRMED  05 ‖ session (16) ‖ number (uint32)                 server
 *
 * Texts are UTF-8. lib/README.md specifies when each is sent.
 */
import { type Bytes, concat, decodeUtf8, encodeUtf8 } from "../../lib/bytes/bytes.ts";
import { decodeUint32, encodeUint32 } from "../../lib/bytes/fields.ts";
import type { Channel } from "../../lib/channel/channel.ts";
import { within } from "../../lib/channel/conversation.ts";
import { SCRAM_LIMIT } from "./scram.ts";

/** Maximum length of a text in bytes of UTF-8. */
export const TEXT_LIMIT = 64 * 1024;
/** Texts that a client may send before they are confirmed. */
export const IN_FLIGHT = 64;
/** Length of a session id: random bytes that a client chooses when it starts. */
export const SESSION_LENGTH = 16;
/** The last number of a session. */
export const MAX_NUMBER = 2 ** 32 - 1;

const REASON_LIMIT = 1024;
const NUMBER_LENGTH = 4;
const HEADER_LENGTH = 1 + SESSION_LENGTH + NUMBER_LENGTH;
/** Maximum length of a message of the channel. */
export const MESSAGE_LIMIT = HEADER_LENGTH + TEXT_LIMIT;

const LOGIN = 1;
const REFUSED = 2;
const FAILED = 3;
const TEXT = 4;
const CONFIRMED = 5;

export type Message =
  | { type: "login"; text: string }
  | { type: "refused" | "failed"; reason: string }
  | { type: "text"; session: Bytes; number: number; text: string }
  | { type: "confirmed"; session: Bytes; number: number };

/** Encodes `message`. */
export function encodeMessage(message: Message): Bytes {
  switch (message.type) {
    case "login":
      return join(LOGIN, encodeUtf8(message.text));
    case "refused":
      return join(REFUSED, encodeUtf8(message.reason));
    case "failed":
      return join(FAILED, encodeUtf8(message.reason));
    case "text":
      return join(TEXT, message.session, encodeUint32(message.number), encodeUtf8(message.text));
    case "confirmed":
      return join(CONFIRMED, message.session, encodeUint32(message.number));
  }
}

/** @throws Error when the message is unknown, too long, cut short, or its text is not UTF-8 */
export function decodeMessage(bytes: Bytes): Message {
  const [type] = bytes;
  const rest = bytes.subarray(1);
  switch (type) {
    case LOGIN:
      return { type: "login", text: decodeUtf8(rest, SCRAM_LIMIT) };
    case REFUSED:
      return { type: "refused", reason: decodeUtf8(rest, REASON_LIMIT) };
    case FAILED:
      return { type: "failed", reason: decodeUtf8(rest, REASON_LIMIT) };
    case TEXT:
      return {
        type: "text",
        ...decodeHeader(bytes),
        text: decodeUtf8(bytes.subarray(HEADER_LENGTH), TEXT_LIMIT),
      };
    case CONFIRMED:
      if (bytes.length > HEADER_LENGTH) throw malformed();
      return { type: "confirmed", ...decodeHeader(bytes) };
    default:
      throw malformed();
  }
}

/** Sends `message`. @throws Error when the peer has not accepted it within `timeout` seconds */
export function send(channel: Channel, message: Message, timeout: number): Promise<void> {
  return within(channel, timeout, channel.send(encodeMessage(message)));
}

/**
 * Returns the next message, or undefined once the peer has closed its direction.
 *
 * @throws Error when none arrives within `timeout` seconds, or as `decodeMessage`
 */
export async function receive(channel: Channel, timeout: number): Promise<Message | undefined> {
  const bytes = await within(channel, timeout, channel.receive());
  return bytes && decodeMessage(bytes);
}

function decodeHeader(bytes: Bytes): { session: Bytes; number: number } {
  if (bytes.length < HEADER_LENGTH) throw malformed();
  const number = decodeUint32(bytes, 1 + SESSION_LENGTH);
  if (number === 0) throw malformed();
  return { session: bytes.slice(1, 1 + SESSION_LENGTH), number };
}

function join(type: number, ...parts: Bytes[]): Bytes {
  return concat([Uint8Array.of(type), ...parts]);
}

function malformed(): Error {
  return new Error("malformed message: it is none that exercise 06 knows");
}
