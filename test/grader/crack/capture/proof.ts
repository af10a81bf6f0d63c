/**
 * What a proof is, and when a match is one.
 *
 * A program is accused only when captured bytes, decrypted by a rule that is stated, spell a text that the harness chose at
 * random after the program was written. The text serves as a check alone. What could speak for coincidence is counted against it:
 *
 * - Each matching symbol counts log2(size of its alphabet) bits; those that determine the key do not count at all.
 * - `MIN_BITS` of them are asked. Of these, 40 pay for the search itself (2^20 places x 2^20 keys, periods, alphabets and
 *   decodings), so that random bytes are accused with a probability of at most 2^-64 for each capture.
 * - Captured bytes are not always random (zeros, padding, a banner in English). So a match must also be *telling*: at least 16 symbols
 *   that do not repeat themselves. The text is random whatever was sent, so what was sent cannot fit it but by coming from it.
 *
 * A decryption that is authenticated (GCM, Fernet, Poly1305, OAEP) is its own proof: tags of 128 bits and more do not match by chance.
 */
import { Buffer } from "node:buffer";
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import type { Place } from "./capture.ts";

export type ProofKind =
  /** The text stands in the capture, in some encoding. */
  | "clear"
  /** A toy cipher, undone with nothing but the capture and the text as a check. */
  | "toy cipher"
  /** Equal blocks of the text gave equal blocks. */
  | "equal blocks"
  /** Equal texts gave equal bytes, in two sessions. */
  | "equal messages"
  /** Two messages under the same keystream. */
  | "keystream reused"
  /** Small or otherwise weak public-key numbers, solved. */
  | "weak key"
  /** The public key alone tells which text was sent, or opens it. */
  | "public key suffices"
  /** A hash or signature of nothing but the text: nobody can read it, but whoever guesses it sees that the guess is right. */
  | "guess confirmed"
  /** The secret key itself passed in clear, or in a file that both see. */
  | "key on the wire"
  /** The key is a constant of the source. */
  | "key in the source";

export interface Proof {
  kind: ProofKind;
  /** `XOR with a repeating key`. */
  cipher: string;
  /** The key as the cipher takes it, printable; undefined where there is none. */
  key?: string;
  /** What the eavesdropper reads: the text, or as much as was recovered of it. */
  recovered: string;
  /** Which of the known texts it is, counted from 0; undefined when an authenticated decryption gave something else. */
  text?: number;
  /** The captured bytes that were read. */
  where: Place[];
  /** One or two sentences by which anyone can repeat it. */
  how: string;
  /** The RSA key that the proof shows to be one. */
  rsa?: { bits: number; exponent: bigint };
  /** Minus log2 of a bound on the probability that it is a coincidence, before the cost of the search. */
  bits: number;
}

export const MIN_BITS = 104;
export const MIN_MATCH = 16;

/** Says whether `matched` has enough of its own not to be found in padding, headers or whatever else repeats itself. */
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

/** Returns `bytes` as text, for people: UTF-8 where they are, else Latin-1. */
export function readable(bytes: Uint8Array, limit = 1000): string {
  const text = Buffer.from(bytes).toString("utf8");
  return (text.includes("\ufffd") ? Buffer.from(bytes).toString("latin1") : text).slice(0, limit);
}

/** Returns a key as it is best read: quoted when printable, else in hexadecimal. */
export function showKey(key: Uint8Array): string {
  const text = Buffer.from(key).toString("latin1");
  return /^[\x20-\x7e]+$/.test(text) ? JSON.stringify(text) : `0x${Buffer.from(key).toString("hex")}`;
}

/** Returns the first range, from `start` on, where `needle` stands in `haystack` at a multiple of `width`; -1 when nowhere. */
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
