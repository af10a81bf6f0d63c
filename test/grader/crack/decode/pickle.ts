/** Integers and strings in Python's pickles, read from the opcodes without running them. */
import { Buffer } from "node:buffer";
import type { Bytes } from "../../../../lib/bytes/bytes.ts";

export interface PickledInteger {
  value: bigint;
  /** The offset of its opcode, and the length including the argument. */
  at: number;
  length: number;
  /** The offset of its little-endian bytes. */
  digits: number;
}

/** The bytes of a `str` or a `bytes` object. */
export interface PickledString {
  at: number;
  length: number;
}

// the length of the argument of each opcode, by pickletools.py of CPython; the others have none
const FIXED: Record<number, number> = {
  75: 1,
  77: 2,
  74: 4,
  71: 8,
  113: 1,
  114: 4,
  104: 1,
  106: 4,
  128: 1,
  149: 8,
  130: 1,
  131: 2,
  132: 4,
};
// the length of the length field of an opcode whose argument begins with one
const COUNTED: Record<number, number> = {
  138: 1,
  139: 4,
  67: 1,
  66: 4,
  142: 8,
  88: 4,
  140: 1,
  141: 8,
  85: 1,
  84: 4,
  150: 8,
};
const INTEGERS = new Set([0x4b, 0x4d, 0x4a, 0x8a, 0x8b]);
const STRINGS = new Set([67, 66, 142, 88, 140, 141, 85, 84, 150]);
// the number of lines that an opcode takes: c and i two; I, L, S, F, V, P, g and p one
const LINES: Record<number, number> = {
  99: 2,
  105: 2,
  73: 1,
  76: 1,
  83: 1,
  70: 1,
  86: 1,
  80: 1,
  103: 1,
  112: 1,
};
const STOP = 0x2e;

export interface Pickle {
  at: number;
  integers: PickledInteger[];
  strings: PickledString[];
  end: number;
}

/** Returns the integers of all pickles in `bytes`, in order. */
export function pickledIntegers(bytes: Bytes): PickledInteger[] {
  return pickles(bytes).flatMap(({ integers }) => integers);
}

/** Returns the places of the strings of all pickles in `bytes`, in order. */
export function pickledStrings(bytes: Bytes): PickledString[] {
  return pickles(bytes).flatMap(({ strings }) => strings);
}

/** Returns all pickles of protocol 2 or later in `bytes`, in order. */
export function pickles(bytes: Bytes): Pickle[] {
  const found: Pickle[] = [];
  for (let at = bytes.indexOf(0x80); at !== -1; at = bytes.indexOf(0x80, at)) {
    const version = bytes[at + 1] ?? 0;
    const pickle = version >= 2 && version <= 5 ? walk(bytes, at) : undefined;
    if (pickle) found.push(pickle);
    at = pickle?.end ?? at + 1;
  }
  return found;
}

function walk(bytes: Bytes, start: number): Pickle | undefined {
  const integers: PickledInteger[] = [];
  const strings: PickledString[] = [];
  let at = start;
  while (at < bytes.length) {
    const opcode = bytes[at] ?? 0;
    if (opcode === STOP) return { at: start, integers, strings, end: at + 1 };
    const counted = COUNTED[opcode] ?? 0;
    let next = at + 1 + counted + (FIXED[opcode] ?? 0);
    if (counted > 0) next += little(bytes, at + 1, counted);
    for (let line = LINES[opcode] ?? 0; line > 0; line--) {
      const end = bytes.indexOf(0x0a, next);
      if (end === -1) return undefined;
      next = end + 1;
    }
    if (next > bytes.length) return undefined;
    const argument = at + 1 + counted;
    if (INTEGERS.has(opcode)) {
      const value = signed(bytes.subarray(argument, next), opcode);
      integers.push({ value, at, length: next - at, digits: argument });
    }
    if (STRINGS.has(opcode)) strings.push({ at: argument, length: next - argument });
    at = next;
  }
  return undefined;
}

function little(bytes: Bytes, at: number, length: number): number {
  let value = 0;
  for (let index = length - 1; index >= 0; index--) value = value * 256 + (bytes[at + index] ?? 0);
  return value;
}

function signed(digits: Bytes, opcode: number): bigint {
  if (digits.length === 0) return 0n;
  const value = BigInt(`0x${Buffer.from(digits).reverse().toString("hex")}`);
  const isNegative = opcode !== 0x4b && opcode !== 0x4d && (digits.at(-1) ?? 0) >= 0x80;
  return isNegative ? value - (1n << BigInt(8 * digits.length)) : value;
}
