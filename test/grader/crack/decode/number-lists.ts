/** Bytes written as numbers: in lists, in rows of digits, or all in one large number. */
import { Buffer } from "node:buffer";
import { asBytes } from "../capture/proof.ts";
import type { Segment } from "../capture/view.ts";

export function smallNumbers(text: string): Segment[] {
  const segments: Segment[] = [];
  for (const match of text.matchAll(/(?<![0-9a-zA-Z.])(?:0x[0-9a-fA-F]{1,2}|-?\d{1,3})(?![0-9a-zA-Z])/g)) {
    const number = Number(match[0]);
    // Java's bytes range from -128 to 127
    if (number >= -128 && number < 256)
      segments.push({ bytes: Uint8Array.of(number & 255), from: match.index, span: match[0].length });
  }
  return segments.length >= 16 ? segments : [];
}

/** Returns the last byte of each number in a list of larger ones, such as shifted code points. */
export function lastBytes(text: string): Segment[] {
  const matches = [...text.matchAll(/(?<![0-9a-zA-Z.])\d{1,7}(?![0-9a-zA-Z.])/g)];
  if (matches.length < 16 || !matches.some(([digits]) => Number(digits) > 255)) return [];
  return matches.map(({ 0: digits, index }) => ({
    bytes: Uint8Array.of(Number(digits) & 255),
    from: index,
    span: digits.length,
  }));
}

export function threeDigits(text: string): Segment[] {
  return runs(text, /(?:[01]\d\d|2[0-4]\d|25[0-5]){16,}/g, 3, (digits) => Number(digits));
}

export function binaryDigits(text: string): Segment[] {
  return runs(text, /(?:[01]{8}){16,}|(?:[01]{8}[ ,\r\n]{1,2}){16,}/g, 8, (digits) =>
    Number.parseInt(digits, 2),
  );
}

function runs(text: string, pattern: RegExp, width: number, parse: (digits: string) => number): Segment[] {
  return [...text.matchAll(pattern)].map((match) => {
    const digits = match[0].replace(/\D/g, "").match(new RegExp(`\\d{${width}}`, "g")) ?? [];
    return { bytes: Uint8Array.from(digits, parse), from: match.index, span: match[0].length };
  });
}

export function largeNumbers(text: string, little: boolean): Segment[] {
  return [...text.matchAll(/(?<![0-9a-zA-Z])\d{10,5000}(?![0-9a-zA-Z])/g)].map((match) => {
    const hex = BigInt(match[0]).toString(16);
    const bytes = asBytes(Buffer.from(hex.length % 2 === 1 ? `0${hex}` : hex, "hex"));
    return { bytes: little ? bytes.reverse() : bytes, from: match.index, span: match[0].length };
  });
}
