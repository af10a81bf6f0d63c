/**
 * Alterations of a turn. Each function returns the bytes to send instead, and describes the change.
 */
import { Buffer } from "node:buffer";
import { type Bytes, concat } from "../../../lib/bytes/bytes.ts";
import type { AttackKind } from "../model/attack.ts";

/** What is sent instead of a turn. */
export interface Alteration {
  kind: AttackKind;
  /** The byte of the turn at which the change begins. */
  offset: number;
  detail: string;
  /** One write each; cut again where the turn itself was cut. */
  pieces: Bytes[];
  /** End the stream then, and forward nothing else from its sender. */
  endsStream?: boolean;
}

/** Characters in a row that count as text in an alphabet. */
const MIN_RUN = 12;
const ALPHABETS = [
  { name: "decimal", characters: "0123456789" },
  { name: "hexadecimal", characters: "0123456789abcdef" },
  { name: "hexadecimal", characters: "0123456789ABCDEF" },
  { name: "base64", characters: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/" },
  { name: "base64url", characters: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" },
];

/**
 * Returns the alphabet of the text around `offset`; undefined if the byte is not part of such text.
 */
export function alphabetAt(turn: Bytes, offset: number): string | undefined {
  const near = Buffer.from(turn.subarray(Math.max(0, offset - 64), offset + 64)).toString("latin1");
  const place = Math.min(offset, 64);
  return ALPHABETS.find(({ characters }) => {
    const belongs = (at: number) => near[at] !== undefined && characters.includes(near[at] ?? "");
    if (!belongs(place)) return false;
    let from = place;
    let to = place;
    while (belongs(from - 1)) from -= 1;
    while (belongs(to + 1)) to += 1;
    return to - from + 1 >= MIN_RUN;
  })?.characters;
}

/**
 * Returns `turn[offset]` with one low bit flipped, or one of the digit that the byte stands for.
 */
export function otherByte(turn: Bytes, offset: number, bit = 0): number {
  const byte = turn[offset] ?? 0;
  const alphabet = alphabetAt(turn, offset);
  if (alphabet === undefined) return byte ^ (1 << bit);
  const digit = alphabet.indexOf(String.fromCharCode(byte));
  // in base64 the lowest bits of the last character may carry no data, so take a higher one
  const other = (digit ^ (alphabet.length === 64 ? 1 << (bit % 6) : 1)) % alphabet.length;
  return alphabet.charCodeAt(other === digit ? (digit + 1) % alphabet.length : other);
}

/** Flips one bit of the byte at `offset`. */
export function flip(turn: Bytes, offset: number, bit = 0): Alteration {
  const at = Math.min(offset, turn.length - 1);
  const changed = turn.slice();
  changed[at] = otherByte(turn, at, bit);
  const detail = `byte ${at} is ${hex(changed[at] ?? 0)} instead of ${hex(turn[at] ?? 0)}`;
  return { kind: "flip", offset: at, detail, pieces: [changed] };
}

/** Overwrites `length` bytes at `offset` with others of the same alphabet. */
export function overwrite(turn: Bytes, offset: number, length: number): Alteration {
  const changed = turn.slice();
  for (let at = offset; at < Math.min(offset + length, turn.length); at += 1) {
    const alphabet = alphabetAt(turn, at);
    const digit = alphabet?.indexOf(String.fromCharCode(turn[at] ?? 0)) ?? 0;
    changed[at] =
      alphabet === undefined
        ? (turn[at] ?? 0) ^ (0x15 + ((7 * at) % 200))
        : alphabet.charCodeAt((digit + 1 + ((5 * at) % (alphabet.length - 1))) % alphabet.length);
  }
  const detail = `${length} bytes from byte ${offset} on are overwritten`;
  return { kind: "flip", offset, detail, pieces: [changed] };
}

/** Ends the stream after `length` bytes of the turn. */
export function cut(turn: Bytes, length: number): Alteration {
  const detail = `the stream ends after ${length} of ${turn.length} bytes`;
  return { kind: "cut", offset: length, detail, pieces: [turn.slice(0, length)], endsStream: true };
}

/** Removes `length` bytes at `offset`. */
export function drop(turn: Bytes, offset: number, length: number): Alteration {
  const pieces = [concat([turn.slice(0, offset), turn.slice(offset + length)])];
  return { kind: "drop", offset, detail: `${length} bytes from byte ${offset} on are missing`, pieces };
}

/** Sends `length` bytes at `offset` twice. */
export function duplicate(turn: Bytes, offset: number, length: number): Alteration {
  const pieces = [turn.slice(0, offset + length), turn.slice(offset)];
  return {
    kind: "duplicate",
    offset,
    detail: `${length} bytes from byte ${offset} on are sent twice`,
    pieces,
  };
}

/** Swaps two adjacent blocks of `length` bytes, the first of which begins at `offset`. */
export function swap(turn: Bytes, offset: number, length: number): Alteration {
  const middle = offset + length;
  const end = middle + length;
  const pieces = [
    concat([turn.slice(0, offset), turn.slice(middle, end), turn.slice(offset, middle), turn.slice(end)]),
  ];
  return {
    kind: "reorder",
    offset,
    detail: `${length} bytes from byte ${offset} on are swapped with the next ${length}`,
    pieces,
  };
}

/** Sends `bytes` instead of the turn. */
export function replace(bytes: Bytes, detail: string): Alteration {
  return { kind: "replace", offset: 0, detail, pieces: [bytes] };
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}
