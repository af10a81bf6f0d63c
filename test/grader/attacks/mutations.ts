/** Ways to change the bytes of a turn; each returns what goes on, and says what it did. */
import { Buffer } from "node:buffer";
import { type Bytes, concat } from "../../../lib/bytes/bytes.ts";
import type { Mutation } from "./modify-turn.ts";

const MIN_RUN = 12;
const ALPHABETS = [
  { name: "decimal", characters: "0123456789" },
  { name: "hexadecimal", characters: "0123456789abcdef" },
  { name: "hexadecimal", characters: "0123456789ABCDEF" },
  { name: "base64", characters: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/" },
  { name: "base64url", characters: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" },
];

/** Returns the alphabet of the run of text in which the byte at `offset` stands; undefined among other bytes. */
export function alphabetAt(turn: Bytes, offset: number): string | undefined {
  const near = Buffer.from(turn.subarray(Math.max(0, offset - 64), offset + 64)).toString("latin1");
  const place = Math.min(offset, 64);
  return ALPHABETS.find(({ characters }) => {
    const isOurs = (at: number) => near[at] !== undefined && characters.includes(near[at] ?? "");
    if (!isOurs(place)) return false;
    let from = place;
    let to = place;
    while (isOurs(from - 1)) from -= 1;
    while (isOurs(to + 1)) to += 1;
    return to - from + 1 >= MIN_RUN;
  })?.characters;
}

/** Returns another byte for `turn[offset]`: one low bit of it differs, or of the digit that it stands for. */
export function otherByte(turn: Bytes, offset: number, bit = 0): number {
  const byte = turn[offset] ?? 0;
  const alphabet = alphabetAt(turn, offset);
  if (alphabet === undefined) return byte ^ (1 << bit);
  const digit = alphabet.indexOf(String.fromCharCode(byte));
  // a bit higher within base64: the lowest ones of the last character stand for nothing
  const other = (digit ^ (alphabet.length === 64 ? 1 << (bit % 6) : 1)) % alphabet.length;
  return alphabet.charCodeAt(other === digit ? (digit + 1) % alphabet.length : other);
}

/** Flips one bit of the byte at `offset`. */
export function flip(turn: Bytes, offset: number, bit = 0): Mutation {
  const at = Math.min(offset, turn.length - 1);
  const changed = turn.slice();
  changed[at] = otherByte(turn, at, bit);
  const detail = `byte ${at} is ${hex(changed[at] ?? 0)} in place of ${hex(turn[at] ?? 0)}`;
  return { kind: "flip", offset: at, detail, pieces: [changed] };
}

/** Writes other bytes over `length` of them from `offset` on, of the same alphabet. */
export function overwrite(turn: Bytes, offset: number, length: number): Mutation {
  const changed = turn.slice();
  for (let at = offset; at < Math.min(offset + length, turn.length); at += 1) {
    const alphabet = alphabetAt(turn, at);
    const digit = alphabet?.indexOf(String.fromCharCode(turn[at] ?? 0)) ?? 0;
    changed[at] =
      alphabet === undefined
        ? (turn[at] ?? 0) ^ (0x15 + ((7 * at) % 200))
        : alphabet.charCodeAt((digit + 1 + ((5 * at) % (alphabet.length - 1))) % alphabet.length);
  }
  const detail = `${length} bytes from ${offset} on are others`;
  return { kind: "flip", offset, detail, pieces: [changed] };
}

/** Ends the stream after `length` bytes of the turn. */
export function cut(turn: Bytes, length: number): Mutation {
  const detail = `the stream ends after ${length} of ${turn.length} bytes`;
  return { kind: "cut", offset: length, detail, pieces: [turn.slice(0, length)], cut: true };
}

/** Takes `length` bytes from `offset` on out of the turn. */
export function drop(turn: Bytes, offset: number, length: number): Mutation {
  const pieces = [concat([turn.slice(0, offset), turn.slice(offset + length)])];
  return { kind: "drop", offset, detail: `${length} bytes from ${offset} on are missing`, pieces };
}

/** Sends `length` bytes from `offset` on twice. */
export function duplicate(turn: Bytes, offset: number, length: number): Mutation {
  const pieces = [turn.slice(0, offset + length), turn.slice(offset)];
  return { kind: "duplicate", offset, detail: `${length} bytes from ${offset} on come twice`, pieces };
}

/** Swaps the two stretches of `length` bytes from `offset` on. */
export function swap(turn: Bytes, offset: number, length: number): Mutation {
  const middle = offset + length;
  const end = middle + length;
  const pieces = [
    concat([turn.slice(0, offset), turn.slice(middle, end), turn.slice(offset, middle), turn.slice(end)]),
  ];
  return {
    kind: "reorder",
    offset,
    detail: `${length} bytes from ${offset} on come after the next ${length}`,
    pieces,
  };
}

/** Sends other bytes in the place of the whole turn. */
export function replace(_turn: Bytes, bytes: Bytes, detail: string): Mutation {
  return { kind: "replace", offset: 0, detail, pieces: [bytes] };
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}
