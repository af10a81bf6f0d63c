/**
 * What a proof is, and when a match is one.
 *
 * A program is accused only if captured bytes, decrypted by a stated rule, spell a text that the
 * grader chose at random after the program was written. The text serves only as a check. A match
 * must rule out coincidence:
 *
 * - Each matching symbol counts log2(size of its alphabet) bits; symbols that determine the key do
 *   not count.
 * - A match needs `MIN_BITS`. Of these, 40 pay for the search itself (2^20 places x 2^20 keys,
 *   periods, alphabets and decodings), so that random bytes are accused with a probability of at
 *   most 2^-64 per capture.
 * - Captured bytes are not always random (zeros, padding, an English banner). So a match must also
 *   be *telling*: at least 16 symbols without much repetition. The text is random, so bytes that
 *   fit it must come from it.
 *
 * An authenticated decryption (GCM, Fernet, Poly1305, OAEP) is its own proof: tags of 128 bits or
 * more do not match by chance.
 */
import { Buffer } from "node:buffer";
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import type { Place, Stream } from "./capture.ts";

export type ProofKind =
  /** The capture contains the text, perhaps encoded. */
  | "clear"
  /** A toy cipher, solved with nothing but the capture. */
  | "toy cipher"
  /** Equal blocks of plaintext gave equal blocks of ciphertext. */
  | "equal blocks"
  /** Equal texts gave equal bytes in two sessions. */
  | "equal messages"
  /** Two messages share a keystream. */
  | "keystream reused"
  /** Small or otherwise weak public-key numbers were solved. */
  | "weak key"
  /** The public key alone opens the text, or confirms a guess at it. */
  | "public key suffices"
  /** A hash or signature of nothing but the text, which confirms a guess at it. */
  | "guess confirmed"
  /** The secret key itself was sent in plaintext, or in a file that both programs can read. */
  | "key on the wire"
  /** The key is a constant in the source. */
  | "key in the source";

export interface Proof {
  kind: ProofKind;
  /** `XOR with a repeating key`. */
  cipher: string;
  /** The key as the cipher takes it, printable. */
  key?: string;
  /** The symbols after which the key of a toy cipher repeats, as the bytes that spell it. */
  repeating?: Bytes;
  /** The part of the text that was recovered. */
  recovered: string;
  /** The index of the known text; undefined if an authenticated decryption gave something else. */
  text?: number;
  /** The captured bytes that were decrypted. */
  where: Place[];
  /** One or two sentences that tell how to repeat it. */
  how: string;
  /** The RSA key that the proof reveals. */
  rsa?: { bits: number; exponent: bigint };
  /** Minus log2 of the probability of a coincidence, before the cost of the search. */
  bits: number;
  /**
   * Puts another text into the stream in which the text was, as someone does who has the key;
   * undefined if the proof does not show how. It may be called once.
   */
  rewrite?: () => Rewritten | undefined;
}

/** A stream as captured, but with a text that its sender never sent. */
export interface Rewritten {
  stream: Stream;
  bytes: Bytes;
  text: string;
}

export const MIN_BITS = 104;
export const MIN_MATCH = 16;

/**
 * Says whether `matched` is varied enough that padding, headers and other repetition cannot contain
 * it.
 */
export function isTelling(matched: Uint8Array | Int32Array): boolean {
  if (matched.length < MIN_MATCH) return false;
  const length = Math.min(matched.length, 48);
  let values = 0;
  let pairs = 0;
  for (let at = 0; at < length; at++) {
    let isNew = true;
    let isNewPair = at > 0;
    for (let before = 0; before < at && (isNew || isNewPair); before++) {
      if (matched[before] !== matched[at]) continue;
      isNew = false;
      if (before > 0 && matched[before - 1] === matched[at - 1]) isNewPair = false;
    }
    if (isNew) values++;
    if (isNewPair) pairs++;
  }
  return values >= 6 && pairs >= 12;
}

/** Returns `bytes` as text for a report: decoded as UTF-8 if valid, else as Latin-1. */
export function readable(bytes: Uint8Array, limit = 1000): string {
  const text = Buffer.from(bytes).toString("utf8");
  return (text.includes("\ufffd") ? Buffer.from(bytes).toString("latin1") : text).slice(0, limit);
}

/** Returns a key for a report: quoted if printable, else in hexadecimal. */
export function showKey(key: Uint8Array): string {
  const text = Buffer.from(key).toString("latin1");
  return /^[\x20-\x7e]+$/.test(text) ? JSON.stringify(text) : `0x${Buffer.from(key).toString("hex")}`;
}

/** Returns the first offset of `needle` from `start` on that is a multiple of `width`, or -1. */
export function indexOf(haystack: Uint8Array, needle: Uint8Array, start = 0, width = 1): number {
  const buffer = asBuffer(haystack);
  let at = buffer.indexOf(needle, start);
  while (at !== -1 && at % width !== 0) at = buffer.indexOf(needle, at + 1);
  return at;
}

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function asBytes(buffer: Uint8Array): Bytes {
  return new Uint8Array(buffer);
}
