/** The encodings in which programs send bytes, and how an eavesdropper undoes them: one vocabulary for every attack. */
import { Buffer } from "node:buffer";
import { gunzipSync, inflateRawSync, inflateSync, constants as zlib } from "node:zlib";
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import type { Budget } from "../capture/budget.ts";
import type { Stream } from "../capture/capture.ts";
import { asBytes } from "../capture/proof.ts";
import { decodedView, latin1, rawView, type Segment, strideView, type View } from "../capture/view.ts";
import { BASE85, decodeBase85 } from "./base85.ts";
import { framings } from "./frames.ts";
import { pickledIntegers, pickledStrings } from "./pickle.ts";

const MAX_INFLATED = 4 * 1024 * 1024;
const MAX_STRIDE = 8;
const MAX_DEPTH = 2;
// so many characters from U+0080 to U+00FF in a row are no chance
const MIN_PAIRS = 4;

interface Decoding {
  name: string;
  /** Only cheap attacks are worth while on what it gives. */
  rare?: true;
  decode(view: View, text: string): Segment[];
}

const DECODINGS: Decoding[] = [
  { name: "base64", decode: (_, text) => base64(text, 0) },
  { name: "base64, one character later", rare: true, decode: (_, text) => base64(text, 1) },
  { name: "base64, two characters later", rare: true, decode: (_, text) => base64(text, 2) },
  { name: "base64, three characters later", rare: true, decode: (_, text) => base64(text, 3) },
  { name: "hexadecimal", decode: (_, text) => hexadecimal(text) },
  { name: "numbers below 256", decode: (_, text) => smallNumbers(text) },
  { name: "numbers of three digits", decode: (_, text) => threeDigits(text) },
  { name: "binary digits", decode: (_, text) => binaryDigits(text) },
  { name: "large decimal numbers", decode: (_, text) => largeNumbers(text, false) },
  {
    name: "large decimal numbers, little-endian",
    rare: true,
    decode: (_, text) => largeNumbers(text, true),
  },
  { name: "pickled numbers", decode: ({ bytes }) => pickled(bytes) },
  { name: "pickled strings", decode: ({ bytes }) => pickledTexts(bytes) },
  { name: "UTF-8 of code points below 256", decode: (_, text) => codePoints(text) },
  { name: "escapes", decode: (_, text) => escapes(text) },
  { name: "percent-encoding", decode: (_, text) => percent(text) },
  { name: "inflated", decode: ({ bytes, starts }) => inflated(bytes, starts) },
  { name: "one character a line", decode: (_, text) => singleCharacters(text) },
  { name: "the last byte of each piece", decode: (view) => lastBytes(view) },
  { name: "base32", decode: (_, text) => base32(text) },
  ...Object.entries(BASE85).map(
    ([name, alphabet]): Decoding => ({ name, rare: true, decode: (_, text) => base85(text, alphabet) }),
  ),
];

/** Returns the captured bytes, and what all decodings make of them, two deep; the likeliest first. */
export function viewsOf(stream: Stream, budget: Budget): View[] {
  const views = [rawView(stream)];
  const seen = new Set<string>();
  for (let index = 0, depth = 0, level = 1; index < views.length && depth < MAX_DEPTH; index++) {
    const view = views[index];
    if (!view) break;
    for (const child of children(view, depth, budget)) {
      const key = fingerprint(child);
      if (!seen.has(key)) views.push(child);
      seen.add(key);
    }
    if (index + 1 === level) {
      depth++;
      level = views.length;
    }
  }
  const strides = views
    .slice(0, 1)
    .flatMap((view) =>
      Array.from({ length: MAX_STRIDE - 1 }, (_, index) => index + 2).flatMap((step) =>
        Array.from({ length: step }, (_, phase) => strideView(view, step, phase)),
      ),
    )
    .filter((view) => view.bytes.length >= 16 && budget.spend(5 * view.bytes.length));
  return [...views.filter(({ rare }) => !rare), ...views.filter(({ rare }) => rare), ...strides];
}

function children(view: View, depth: number, budget: Budget): View[] {
  if (depth > 0 && view.rare) return [];
  if (!budget.spend(200 * view.bytes.length)) return [];
  const text = latin1(view.bytes);
  const decoded = DECODINGS.filter(({ rare }) => depth === 0 || !rare).flatMap(({ name, rare, decode }) => {
    const segments = decode(view, text);
    // what makes sense is no longer far-fetched
    const child = decodedView(
      view,
      name,
      segments,
      rare && !segments.some(({ bytes }) => isPlausible(bytes)),
    );
    return child && !sameBytes(child.bytes, view.bytes) ? [child] : [];
  });
  const framed = framings(view.bytes).flatMap(({ name, frames }) => decodedView(view, name, frames) ?? []);
  return [...framed, ...decoded];
}

/** Says whether `bytes` are printable, or begin like DER: a decoding at the wrong place gives neither. */
function isPlausible(bytes: Bytes): boolean {
  if (bytes.length < 24) return false;
  const isText = bytes.every((byte) => (byte >= 0x20 && byte < 0x7f) || byte === 0x0a || byte === 0x0d);
  return isText || (bytes[0] === 0x30 && (bytes[1] === 0x81 || bytes[1] === 0x82));
}

function fingerprint({ bytes }: View): string {
  return `${bytes.length} ${latin1(bytes.subarray(0, 64))} ${latin1(bytes.subarray(-64))}`;
}

function sameBytes(a: Bytes, b: Bytes): boolean {
  return a.length === b.length && Buffer.from(a).equals(b);
}

function base64(text: string, skip: number): Segment[] {
  const found = [...text.matchAll(/[A-Za-z0-9+/_-]{2,}={1,2}|[A-Za-z0-9+/_-]{4,}/g)];
  const isUrl = found.some(([token]) => token.length >= 20 && /[-_]/.test(token) && !/[+/]/.test(token));
  return found.flatMap((match) => {
    if (skip > 0 && match[0].length < 24) return [];
    const token = match[0].slice(skip);
    const alphabet = /[-_]/.test(token) || (isUrl && !/[+/]/.test(token)) ? "base64url" : "base64";
    const encode = (changed: Bytes) => {
      const encoded = Buffer.from(changed).toString(alphabet).replace(/=+$/, "");
      return asBytes(Buffer.from(encoded.padEnd(token.length, "=")));
    };
    return [
      { bytes: asBytes(Buffer.from(token, "base64")), from: match.index + skip, span: token.length, encode },
    ];
  });
}

function hexadecimal(text: string): Segment[] {
  const segments: Segment[] = [];
  const pattern =
    /(?<![g-zG-Z])[0-9a-fA-F]{16,}(?![g-zG-Z])|(?<![0-9a-zA-Z])[0-9a-fA-F]{8,}(?![0-9a-zA-Z])|(?:(?:0x|\\x)?[0-9a-fA-F]{2}[ :,\r\n-]{1,2}){3,}(?:0x|\\x)?[0-9a-fA-F]{2}/g;
  for (const match of text.matchAll(pattern)) {
    const digits = match[0].replace(/0x|\\x|[^0-9a-fA-F]/g, "");
    const isPlain = digits.length === match[0].length;
    const isUpper = /[A-F]/.test(digits);
    const encode = (changed: Bytes) => {
      const hex = Buffer.from(changed).toString("hex");
      const odd = digits.length % 2 === 1 ? digits.slice(-1) : "";
      return isPlain ? asBytes(Buffer.from((isUpper ? hex.toUpperCase() : hex) + odd)) : undefined;
    };
    const span = match[0].length;
    segments.push({ bytes: asBytes(Buffer.from(digits, "hex")), from: match.index, span, encode });
    if (digits.length % 2 === 1 && isPlain) {
      const bytes = asBytes(Buffer.from(digits.slice(1), "hex"));
      segments.push({ bytes, from: match.index + 1, span: span - 1 });
    }
  }
  return segments;
}

function smallNumbers(text: string): Segment[] {
  const segments: Segment[] = [];
  for (const match of text.matchAll(/(?<![0-9a-zA-Z.])(?:0x[0-9a-fA-F]{1,2}|-?\d{1,3})(?![0-9a-zA-Z])/g)) {
    const number = Number(match[0]);
    // Java's bytes go from -128 to 127
    if (number >= -128 && number < 256)
      segments.push({ bytes: Uint8Array.of(number & 255), from: match.index, span: match[0].length });
  }
  return segments.length >= 16 ? segments : [];
}

function threeDigits(text: string): Segment[] {
  return runs(text, /(?:[01]\d\d|2[0-4]\d|25[0-5]){16,}/g, 3, (digits) => Number(digits));
}

function binaryDigits(text: string): Segment[] {
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

function largeNumbers(text: string, little: boolean): Segment[] {
  return [...text.matchAll(/(?<![0-9a-zA-Z])\d{10,5000}(?![0-9a-zA-Z])/g)].map((match) => {
    const hex = BigInt(match[0]).toString(16);
    const bytes = asBytes(Buffer.from(hex.length % 2 === 1 ? `0${hex}` : hex, "hex"));
    return { bytes: little ? bytes.reverse() : bytes, from: match.index, span: match[0].length };
  });
}

function pickled(bytes: Bytes): Segment[] {
  return pickledIntegers(bytes)
    .filter(({ value }) => value >= 0n && value < 256n)
    .map(({ value, at, length }) => ({ bytes: Uint8Array.of(Number(value)), from: at, span: length }));
}

function pickledTexts(bytes: Bytes): Segment[] {
  return pickledStrings(bytes)
    .filter(({ length }) => length > 0)
    .map(({ at, length }) => ({
      bytes: bytes.slice(at, at + length),
      from: at,
      span: length,
      encode: (changed) => changed,
    }));
}

/** What `chr` and UTF-8 make of bytes: `é` for 0xe9. */
function codePoints(text: string): Segment[] {
  const segments: Segment[] = [];
  let pairs = 0;
  let run: Segment[] = [];
  const close = () => {
    if (pairs >= MIN_PAIRS) segments.push(...run);
    pairs = 0;
    run = [];
  };
  for (const match of text.matchAll(/[^\x80-\xff]+|[\xc2\xc3][\x80-\xbf]|[\x80-\xff]/g)) {
    const [whole] = match;
    const first = whole.charCodeAt(0);
    const bytes =
      first < 0x80
        ? asBytes(Buffer.from(whole, "latin1"))
        : Uint8Array.of(((first & 3) << 6) | (whole.charCodeAt(1) & 63));
    if (first >= 0x80 && whole.length === 1) close();
    else run.push({ bytes, from: match.index, span: whole.length });
    if (whole.length === 2 && first >= 0x80) pairs++;
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

/** Backslash escapes of JSON, Python, C and Java. */
function escapes(text: string): Segment[] {
  const escaped = text.match(/\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[nrtbf0av"'\\/])/g)?.length ?? 0;
  // a backslash among random bytes is mostly no escape
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

function percent(text: string): Segment[] {
  if ((text.match(/%[0-9a-fA-F]{2}/g)?.length ?? 0) < 2) return [];
  return [...text.matchAll(/[^%+]+|\+|%([0-9a-fA-F]{2})?/g)].map((match) => {
    const byte = match[1] === undefined ? undefined : Number.parseInt(match[1], 16);
    const plain = match[0] === "+" ? " " : match[0];
    const bytes = byte === undefined ? asBytes(Buffer.from(plain, "latin1")) : Uint8Array.of(byte);
    return { bytes, from: match.index, span: match[0].length };
  });
}

/** gzip and zlib anywhere, raw deflate where a piece begins; what is cut short counts as far as it goes. */
function inflated(bytes: Bytes, starts: readonly number[]): Segment[] {
  const options = { finishFlush: zlib.Z_SYNC_FLUSH, maxOutputLength: MAX_INFLATED };
  const segments: Segment[] = [];
  const attempt = (at: number, inflate: typeof inflateSync) => {
    try {
      const out = asBytes(inflate(bytes.subarray(at), options));
      if (out.length >= 8) segments.push({ bytes: out, from: at, span: bytes.length - at });
    } catch {
      // the first bytes looked like it, no more
    }
  };
  for (let at = 0; at + 2 < bytes.length && segments.length < 64; at++) {
    const first = bytes[at] ?? 0;
    const second = bytes[at + 1] ?? 0;
    if (first === 0x1f && second === 0x8b && bytes[at + 2] === 8) attempt(at, gunzipSync);
    if (first === 0x78 && [0x01, 0x5e, 0x9c, 0xda].includes(second)) attempt(at, inflateSync);
  }
  for (const start of starts.slice(0, 64)) {
    // every byte would do as the first of raw deflate; random ones give junk of a few bytes at most
    if ((bytes[start] ?? 0) % 8 === 3 || (bytes[start] ?? 0) % 8 === 5) attempt(start, inflateRawSync);
  }
  return segments;
}

function singleCharacters(text: string): Segment[] {
  const segments: Segment[] = [];
  for (const match of text.matchAll(/(?<=^|[\r\n\0\t,;|])[^\r\n\0\t,;|](?=[\r\n\0\t,;|]|$)/g)) {
    segments.push({ bytes: asBytes(Buffer.from(match[0], "latin1")), from: match.index, span: 1 });
  }
  return segments.length >= 16 ? segments : [];
}

function lastBytes(view: View): Segment[] {
  if (view.decoded || view.starts.length < 16) return [];
  const ends = [...view.starts.slice(1), view.bytes.length];
  return ends.map((end) => ({ bytes: view.bytes.slice(end - 1, end), from: end - 1, span: 1 }));
}

function base32(text: string): Segment[] {
  return [...text.matchAll(/[A-Z2-7]{16,}=*/g)].map((match) => {
    const bytes: number[] = [];
    let bits = 0;
    let value = 0;
    for (const character of match[0].replace(/=+$/, "")) {
      value = ((value << 5) | "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(character)) & 0xfff;
      bits += 5;
      if (bits >= 8) {
        bits -= 8;
        bytes.push((value >> bits) & 255);
      }
    }
    return { bytes: Uint8Array.from(bytes), from: match.index, span: match[0].length };
  });
}

function base85(text: string, alphabet: string): Segment[] {
  // the frames of Adobe's Ascii85 are none of it
  return [...text.matchAll(/[!-~]{20,}/g)].flatMap((match) => {
    const framed = match[0].startsWith("<~");
    const token = framed ? match[0].slice(2).replace(/~>$/, "") : match[0];
    const bytes = decodeBase85(token, alphabet);
    return bytes ? [{ bytes, from: match.index + (framed ? 2 : 0), span: token.length }] : [];
  });
}
