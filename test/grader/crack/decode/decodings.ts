/** The encodings in which programs send bytes, decoded for every attack. */
import { Buffer } from "node:buffer";
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import type { Budget } from "../capture/budget.ts";
import type { Stream } from "../capture/capture.ts";
import { asBytes } from "../capture/proof.ts";
import { decodedView, latin1, rawView, type Segment, strideView, type View } from "../capture/view.ts";
import { BASE85 } from "./base85.ts";
import { codePoints, escapes, percent } from "./escapes.ts";
import { framings } from "./frames.ts";
import { inflated } from "./inflated.ts";
import { binaryDigits, largeNumbers, lastBytes, smallNumbers, threeDigits } from "./number-lists.ts";
import { pickledIntegers, pickledStrings } from "./pickle.ts";
import { base32, base64, base85, hexadecimal } from "./radix.ts";

const MAX_STRIDE = 8;
const MAX_DEPTH = 2;

interface Decoding {
  name: string;
  /** An unlikely decoding, whose result is worth only cheap attacks. */
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
  { name: "the last byte of each number", decode: (_, text) => lastBytes(text) },
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
  { name: "the last byte of each code point in UTF-8", decode: (_, text) => codePoints(text) },
  { name: "escapes", decode: (_, text) => escapes(text) },
  { name: "percent-encoding", decode: (_, text) => percent(text) },
  { name: "inflated", decode: ({ bytes, starts }) => inflated(bytes, starts) },
  { name: "one character a line", decode: (_, text) => singleCharacters(text) },
  { name: "the last byte of each piece", decode: (view) => endsOfPieces(view) },
  { name: "base32", decode: (_, text) => base32(text) },
  ...Object.entries(BASE85).map(
    ([name, alphabet]): Decoding => ({ name, rare: true, decode: (_, text) => base85(text, alphabet) }),
  ),
];

/** Returns the captured bytes and their decodings, up to two deep, the likeliest first. */
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
    // a result that makes sense is no longer unlikely
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

/**
 * Says whether `bytes` are printable or begin like DER; decoding at a wrong offset gives neither.
 */
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

function singleCharacters(text: string): Segment[] {
  const segments: Segment[] = [];
  for (const match of text.matchAll(/(?<=^|[\r\n\0\t,;|])[^\r\n\0\t,;|](?=[\r\n\0\t,;|]|$)/g)) {
    segments.push({ bytes: asBytes(Buffer.from(match[0], "latin1")), from: match.index, span: 1 });
  }
  return segments.length >= 16 ? segments : [];
}

function endsOfPieces(view: View): Segment[] {
  if (view.decoded || view.starts.length < 16) return [];
  const ends = [...view.starts.slice(1), view.bytes.length];
  return ends.map((end) => ({ bytes: view.bytes.slice(end - 1, end), from: end - 1, span: 1 }));
}
