/** Bytes as characters or escapes of a text: UTF-8, backslashes, percent signs. */
import { Buffer } from "node:buffer";
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import { asBytes } from "../capture/proof.ts";
import type { Segment } from "../capture/view.ts";

// this many characters of several bytes in a row are no coincidence
const MIN_WIDE = 4;
const CHARACTER =
  /[^\x80-\xff]+|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}|[\x80-\xff]/g;

/**
 * Undoes `chr` and UTF-8, which turn 0xe9 into `é`. Of larger code points, the last byte remains:
 * after XOR or a shift of code points, it is the XOR or the shift of the last bytes.
 */
export function codePoints(text: string): Segment[] {
  const segments: Segment[] = [];
  let wide = 0;
  let run: Segment[] = [];
  const close = () => {
    if (wide >= MIN_WIDE) segments.push(...run);
    wide = 0;
    run = [];
  };
  for (const match of text.matchAll(CHARACTER)) {
    const [whole] = match;
    const isWide = whole.charCodeAt(0) >= 0x80;
    if (isWide && whole.length === 1) {
      close();
      continue;
    }
    const last = () =>
      ((whole.charCodeAt(whole.length - 2) & 3) << 6) | (whole.charCodeAt(whole.length - 1) & 63);
    const bytes = isWide ? Uint8Array.of(last()) : asBytes(Buffer.from(whole, "latin1"));
    run.push({ bytes, from: match.index, span: whole.length });
    if (isWide) wide++;
  }
  close();
  return segments;
}

const ESCAPED: Record<string, string> = {
  n: "\n",
  r: "\r",
  t: "\t",
  b: "\b",
  f: "\f",
  "0": "\0",
  a: "\x07",
  v: "\v",
};

/** Undoes the backslash escapes of JSON, Python, C and Java. */
export function escapes(text: string): Segment[] {
  const escaped = text.match(/\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[nrtbf0av"'\\/])/g)?.length ?? 0;
  // a backslash among random bytes rarely begins an escape
  if (escaped < 2 || escaped < 0.5 * text.split("\\").length - 1) return [];
  const pattern = /[^\\]+|\\x([0-9a-fA-F]{2})|((?:\\u[0-9a-fA-F]{4})+)|\\U([0-9a-fA-F]{8})|\\([\s\S])|\\$/g;
  return [...text.matchAll(pattern)].map((match) => {
    const [whole, byte, units, point, letter] = match;
    let bytes = asBytes(Buffer.from(whole, "latin1"));
    const isPlain = !whole.startsWith("\\");
    if (byte !== undefined) bytes = Uint8Array.of(Number.parseInt(byte, 16));
    else if (units !== undefined) {
      const codes = units.split("\\u").slice(1);
      const decoded = String.fromCharCode(...codes.slice(0, 1000).map((code) => Number.parseInt(code, 16)));
      bytes = asBytes(Buffer.from(decoded));
    } else if (point !== undefined) {
      bytes = asBytes(Buffer.from(String.fromCodePoint(Math.min(Number.parseInt(point, 16), 0x10ffff))));
    } else if (letter !== undefined) bytes = asBytes(Buffer.from(ESCAPED[letter] ?? letter, "latin1"));
    const encode = (changed: Bytes) => (isPlain ? changed : undefined);
    return { bytes, from: match.index, span: whole.length, encode };
  });
}

export function percent(text: string): Segment[] {
  if ((text.match(/%[0-9a-fA-F]{2}/g)?.length ?? 0) < 2) return [];
  return [...text.matchAll(/[^%+]+|\+|%([0-9a-fA-F]{2})?/g)].map((match) => {
    const byte = match[1] === undefined ? undefined : Number.parseInt(match[1], 16);
    const plain = match[0] === "+" ? " " : match[0];
    const bytes = byte === undefined ? asBytes(Buffer.from(plain, "latin1")) : Uint8Array.of(byte);
    return { bytes, from: match.index, span: match[0].length };
  });
}
