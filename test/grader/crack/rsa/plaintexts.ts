/** Decrypted RSA blocks as bytes, and the text that they spell. */
import { type Bytes, concat, encodeUtf8 } from "../../../../lib/bytes/bytes.ts";
import { toBytes } from "../arithmetic/modular.ts";
import type { Known } from "../capture/known.ts";
import { placesIn } from "../capture/view.ts";
import { recoveredText } from "../decode/clear.ts";
import { Recogniser } from "../decode/opened.ts";
import type { Ciphertext } from "./ciphertexts.ts";
import { PADDINGS, unpad } from "./padding.ts";

/** Random bytes that a program may put before or after the text in each block. */
const MAX_AROUND = 24;
const MAX_SMALL_BLOCK = 128;
const MIN_PADDED = 12;

export interface Opened {
  message: bigint;
  /** The message without a known padding. */
  bytes: Bytes;
  from: Ciphertext;
}

/**
 * Looks for a text in a row of decrypted blocks, joined as they are, or without some bytes at
 * either end of each.
 *
 * @param length bytes of a block; 0 if nothing may be left out
 */
export function spelledBy(opened: readonly Opened[], length: number, knowns: readonly Known[]) {
  const recogniser = new Recogniser(knowns);
  let match = recogniser.recognise(concat(opened.map(({ bytes }) => bytes)));
  let further = "";
  const isSmall = opened.length > 1 && length > 2 && length <= MAX_SMALL_BLOCK;
  const blocks = isSmall && !match ? opened.map(({ message }) => toBytes(message, length)) : [];
  for (let front = 0; blocks.length > 0 && front <= MAX_AROUND && front < length && !match; front++) {
    for (let behind = 0; behind <= MAX_AROUND && front + behind < length && !match; behind++) {
      match = recogniser.plain(concat(blocks.map((block) => block.subarray(front, length - behind))));
      further = `, and leave out the first ${front} and the last ${behind} bytes of each`;
    }
  }
  if (!match) return undefined;
  const { known, from, length: matched, steps } = match;
  let at = 0;
  const used = opened.filter(({ bytes }) => {
    const start = at;
    at += bytes.length;
    return further !== "" || steps.length > 0 || (at > match.at && start < match.at + matched);
  });
  return {
    recovered: recoveredText(known, from, matched),
    text: known.text,
    where: used.slice(0, 200).flatMap(({ from }) => placesIn(from.view, from.offset, from.length)),
    further,
    bits: 8 * matched,
  };
}

/** Returns a decrypted number as bytes: without padding, else as a letter, else as it is. */
export function bytesOf(message: bigint, length: number): Bytes {
  if (length >= MIN_PADDED) {
    const padded = toBytes(message, length);
    for (const padding of PADDINGS) {
      const bytes = unpad(padded, padding);
      if (bytes) return bytes;
    }
  }
  if (message > 0xffn && message < 0x110000n && (message < 0xd800n || message > 0xdfffn))
    return encodeUtf8(String.fromCodePoint(Number(message)));
  return toBytes(message);
}
