/**
 * Captured bytes as symbols that may stand for letters: numbers, tokens, lines, pieces or blocks.
 */
import { Buffer } from "node:buffer";
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import type { Budget } from "../capture/budget.ts";
import { latin1, type View } from "../capture/view.ts";
import { framings } from "./frames.ts";
import { pickledIntegers } from "./pickle.ts";

export interface Symbols {
  /** `decimal numbers`, `blocks of 4 bytes`. */
  name: string;
  /** Equal symbols have equal ids. */
  ids: Int32Array;
  /** The symbol at an index as a number. */
  valueAt(index: number): bigint;
  /** The offset of the symbol in the view. */
  offsetAt(index: number): number;
  lengthAt(index: number): number;
}

const BLOCK_WIDTHS = [2, 3, 4, 5, 6, 8, 9, 16, 20, 24, 32, 44, 48, 64, 128, 256, 384, 512];
const MIN_SYMBOLS = 24;
const MAX_TOKENS = 100_000;

interface Token {
  key: string;
  value: bigint;
  at: number;
  length: number;
}

/** Returns all readings of `view` with enough symbols to hold a text. */
export function symbolsOf(view: View, budget: Budget): Symbols[] {
  const { bytes } = view;
  const all: Symbols[] = [bytesAsSymbols(bytes)];
  if (view.rare) return all;
  if (!budget.spend(300 * bytes.length)) return all;
  const text = latin1(bytes);
  all.push(...tokens("decimal numbers", numbers(text, /-?\d+(?:\.0+)?/g, 10)));
  all.push(...tokens("hexadecimal numbers", numbers(text, /(?:0x)?[0-9a-fA-F]+/g, 16)));
  all.push(...tokens("tokens", words(text)));
  all.push(...tokens("code points", points(bytes)));
  all.push(
    ...tokens(
      "pickled numbers",
      pickledIntegers(bytes).map(({ value, at, length }) => ({ key: String(value), value, at, length })),
    ),
  );
  if (!view.decoded) all.push(...tokens("pieces", pieces(bytes, view.starts)));
  for (const { name, frames } of framings(bytes)) {
    const list = frames.map(({ bytes, from, span }) => blockToken(bytes, from, span));
    all.push(...tokens(`frames by ${name}`, list));
  }
  for (const width of BLOCK_WIDTHS) {
    if (bytes.length < width * MIN_SYMBOLS) break;
    if (!budget.spend(20 * bytes.length)) break;
    all.push(...blocks(bytes, width));
  }
  return all.filter(({ ids }) => ids.length >= MIN_SYMBOLS);
}

function bytesAsSymbols(bytes: Bytes): Symbols {
  return {
    name: "bytes",
    ids: Int32Array.from(bytes),
    valueAt: (index) => BigInt(bytes[index] ?? 0),
    offsetAt: (index) => index,
    lengthAt: () => 1,
  };
}

function tokens(name: string, list: Token[]): Symbols[] {
  if (list.length < MIN_SYMBOLS) return [];
  const known = new Map<string, number>();
  const ids = Int32Array.from(list, ({ key }) => {
    const id = known.get(key) ?? known.size;
    known.set(key, id);
    return id;
  });
  return [
    {
      name,
      ids,
      valueAt: (index) => list[index]?.value ?? 0n,
      offsetAt: (index) => list[index]?.at ?? 0,
      lengthAt: (index) => list[index]?.length ?? 0,
    },
  ];
}

function numbers(text: string, pattern: RegExp, radix: 10 | 16): Token[] {
  const list: Token[] = [];
  for (const match of text.matchAll(pattern)) {
    const digits = match[0].replace(/^-|^0x|\.0+$/g, "");
    if (digits.length > 5000 || list.length >= MAX_TOKENS) continue;
    const value = BigInt(radix === 16 ? `0x${digits}` : digits) * (match[0].startsWith("-") ? -1n : 1n);
    list.push({ key: String(value), value, at: match.index, length: match[0].length });
  }
  return list;
}

/** Returns the words between separators: letters encoded one by one in base64, for example. */
function words(text: string): Token[] {
  return [...text.matchAll(/[^\s,;|"'[\](){}\0]+/g)]
    .slice(0, MAX_TOKENS)
    .map((match) => ({ ...blockToken(Buffer.from(match[0], "latin1"), match.index, match[0].length) }));
}

/** Returns the code points of UTF-8, and other bytes as they are. */
function points(bytes: Bytes): Token[] {
  if (!bytes.some((byte) => byte >= 0xc4)) return [];
  const list: Token[] = [];
  for (let at = 0; at < bytes.length && list.length < MAX_TOKENS; ) {
    const first = bytes[at] ?? 0;
    const wanted = first < 0xc2 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    let value = wanted === 1 ? first : first & (0x7f >> wanted);
    let length = 1;
    while (length < wanted && ((bytes[at + length] ?? 0) & 0xc0) === 0x80) {
      value = (value << 6) | ((bytes[at + length] ?? 0) & 0x3f);
      length++;
    }
    if (length < wanted) [value, length] = [first, 1];
    list.push({ key: String(value), value: BigInt(value), at, length });
    at += length;
  }
  return list;
}

function pieces(bytes: Bytes, starts: readonly number[]): Token[] {
  return starts.map((at, index) => {
    const end = starts[index + 1] ?? bytes.length;
    return blockToken(bytes.subarray(at, end), at, end - at);
  });
}

function blockToken(bytes: Uint8Array, at: number, length: number): Token {
  const hex = Buffer.from(bytes).toString("hex");
  return { key: hex, value: hex.length > 0 && hex.length < 3000 ? BigInt(`0x${hex}`) : 0n, at, length };
}

/** Returns the blocks of `width` bytes for each offset at which the first can begin. */
function blocks(bytes: Bytes, width: number): Symbols[] {
  const hashes = rollingHashes(bytes, width);
  return Array.from({ length: width }, (_, phase) => {
    const count = Math.floor((bytes.length - phase) / width);
    const ids = new Int32Array(count);
    for (let index = 0; index < count; index++) ids[index] = hashes[phase + index * width] ?? 0;
    const offsetAt = (index: number) => phase + index * width;
    return {
      name: `blocks of ${width} bytes`,
      ids,
      valueAt: (index: number) => {
        const block = bytes.subarray(offsetAt(index), offsetAt(index) + width);
        return BigInt(`0x${Buffer.from(block).toString("hex")}`);
      },
      offsetAt,
      lengthAt: () => width,
    };
  });
}

/** Returns a hash of the `width` bytes at each offset. A proof compares the blocks themselves. */
function rollingHashes(bytes: Bytes, width: number): Int32Array {
  const factor = 0x01000193;
  let leading = 1;
  for (let step = 1; step < width; step++) leading = Math.imul(leading, factor);
  const hashes = new Int32Array(Math.max(0, bytes.length - width + 1));
  let hash = 0;
  for (let at = 0; at < bytes.length; at++) {
    if (at >= width) hash = (hash - Math.imul(leading, (bytes[at - width] ?? 0) + 1)) | 0;
    hash = (Math.imul(hash, factor) + (bytes[at] ?? 0) + 1) | 0;
    if (at >= width - 1) hashes[at - width + 1] = hash;
  }
  return hashes;
}
