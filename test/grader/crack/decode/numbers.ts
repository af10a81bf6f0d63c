/** Integers in captured bytes, and how each is written, so that it can be replaced. */
import { Buffer } from "node:buffer";
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import { fromBytes, toBytes } from "../arithmetic/modular.ts";
import { asBytes } from "../capture/proof.ts";
import { latin1, patch, type View } from "../capture/view.ts";
import { pickledIntegers } from "./pickle.ts";

export type Coding = "big-endian" | "little-endian" | "decimal" | "hexadecimal" | "base64" | "base64url";

/** A range of a view that spells an integer. */
export interface Field {
  view: View;
  offset: number;
  length: number;
  coding: Coding;
  value: bigint;
}

// 16384 bits in decimal
const MAX_DIGITS = 4940;
const MAX_NUMBERS = 20_000;

const found = new WeakMap<View, Field[]>();

/** Returns the integers in `view` in decimal, hexadecimal and pickles, in order. */
export function numbersIn(view: View, limit = MAX_NUMBERS): Field[] {
  const all = found.get(view) ?? readNumbers(view);
  found.set(view, all);
  return all.slice(0, limit);
}

function readNumbers(view: View): Field[] {
  const text = latin1(view.bytes);
  const fields: Field[] = [];
  const pattern = /0x[0-9a-fA-F]+|(?<![0-9a-zA-Z])(?:\d+|[0-9a-fA-F]{8,})(?![0-9a-zA-Z_])/g;
  for (const match of text.matchAll(pattern)) {
    if (match[0].length > MAX_DIGITS || fields.length >= MAX_NUMBERS) continue;
    const isDecimal = /^\d+$/.test(match[0]);
    const digits = match[0].startsWith("0x") ? match[0].slice(2) : match[0];
    const offset = match.index + match[0].length - digits.length;
    const field = { view, offset, length: digits.length };
    if (isDecimal) fields.push({ ...field, coding: "decimal", value: BigInt(digits) });
    // a short number in hexadecimal may have no letters
    if (!isDecimal || digits.length === 8 || digits.length === 16)
      fields.push({ ...field, coding: "hexadecimal", value: BigInt(`0x${digits}`) });
  }
  for (const { value, digits, at, length } of pickledIntegers(view.bytes)) {
    if (value < 0n) continue;
    fields.push({ view, offset: digits, length: at + length - digits, coding: "little-endian", value });
  }
  return fields.sort((a, b) => a.offset - b.offset);
}

/** Returns `bytes` of `view` as an integer. */
export function integerAt(view: View, offset: number, length: number, coding: Coding): Field {
  const bytes = view.bytes.subarray(offset, offset + length);
  return { view, offset, length, coding, value: decode(bytes, coding) };
}

/**
 * Replaces the integer in `field` by `value`, in the same coding. Other views of the stream are
 * then out of date.
 *
 * @returns the changed stream, or undefined if `value` takes more or fewer bytes
 */
export function replaceNumber(field: Field, value: bigint): Bytes | undefined {
  const encoded = encode(value, field.length, field.coding);
  return encoded.length === field.length ? patch(field.view, field.offset, encoded) : undefined;
}

function decode(bytes: Bytes, coding: Coding): bigint {
  if (coding === "big-endian") return fromBytes(bytes);
  if (coding === "little-endian") return fromBytes(bytes.toReversed());
  if (coding === "decimal") return BigInt(latin1(bytes));
  if (coding === "hexadecimal") return BigInt(`0x${latin1(bytes)}`);
  return fromBytes(Buffer.from(latin1(bytes), "base64"));
}

function encode(value: bigint, length: number, coding: Coding): Bytes {
  if (coding === "big-endian") return toBytes(value, length);
  if (coding === "little-endian") return toBytes(value, length).reverse();
  if (coding === "decimal") return ascii(String(value).padStart(length, "0"));
  if (coding === "hexadecimal") return ascii(value.toString(16).padStart(length, "0"));
  const padded = Buffer.from(toBytes(value, Math.floor((length * 3) / 4))).toString(coding);
  return ascii(padded.length > length ? padded.replace(/=+$/, "") : padded);
}

function ascii(text: string): Bytes {
  return asBytes(Buffer.from(text, "latin1"));
}
