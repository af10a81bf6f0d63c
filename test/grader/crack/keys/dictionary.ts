/** Keys that are constants in the source, which are known to everyone who has the program. */
import { Buffer } from "node:buffer";
import { type Bytes, encodeUtf8 } from "../../../../lib/bytes/bytes.ts";
import { asBytes } from "../capture/proof.ts";
import { latin1 } from "../capture/view.ts";
import type { KeyCandidate } from "./key-candidates.ts";

const MAX_LITERALS = 3000;
const MAX_LENGTH = 200;
const LITERAL =
  /("""|''')([\s\S]*?)\1|"((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'|`([^`]*)`|[[({]\s*((?:(?:0x[0-9a-fA-F]{1,2}|\d{1,3})\s*,\s*){7,}(?:0x[0-9a-fA-F]{1,2}|\d{1,3}))|\b(0x[0-9a-fA-F]{4,}|\d{4,80})\b/g;
/** A number, or a power less a small number. */
const NUMBER =
  /\(?\b(\d{1,2})[uUlLn]{0,3} *(?:\*\*|<<) *(\d{1,4})[uUlLn]{0,3}\)?(?: *- *(\d{1,9}))?|\b(?:0x[0-9a-fA-F]+|\d[\d_]{0,30})(?=[uUlLn]{0,3}\b)/g;
const MAX_NUMBERS = 2000;
const COMMENT = /\/\*[\s\S]*?\*\/|(?:\/\/|#).*/g;
const SIMPLE: Record<string, string> = { n: "\n", r: "\r", t: "\t", "0": "\0" };

/** Returns the strings, lists of bytes and large numbers in `files` as keys to try. */
export function keysInSource(files: readonly { name: string; bytes: Bytes }[]): KeyCandidate[] {
  const found = new Map<string, KeyCandidate>();
  for (const { name, bytes } of files) {
    for (const { bytes: value, line } of literalsIn(latin1(bytes))) {
      if (found.size >= MAX_LITERALS) break;
      const id = latin1(value);
      if (value.length === 0 || value.length > MAX_LENGTH || found.has(id)) continue;
      const how = `The key is a constant in the source: ${name}, line ${line}.`;
      found.set(id, { bytes: value, kind: "key in the source", where: [], how });
    }
  }
  return [...found.values()];
}

/**
 * Returns the integers in `files` that may be parameters, such as a prime, in their order:
 * `2147483647L`, `0x7fffffff`, `4_294_967_291`, `2**31 - 1`, `(1 << 31) - 1`.
 */
export function numbersInSource(files: readonly { bytes: Bytes }[]): bigint[] {
  const values = files.flatMap(({ bytes }) => Array.from(latin1(bytes).matchAll(NUMBER), integer));
  return [...new Set(values.slice(0, MAX_NUMBERS))].filter((value) => value > 1n && value < 1n << 64n);
}

function integer([digits, base, shift, less]: RegExpExecArray): bigint {
  if (base === undefined || shift === undefined) return BigInt(digits.replaceAll("_", ""));
  const exponent = BigInt(shift);
  if (exponent > 64n || base.length > 2) return 0n;
  const power = digits.includes("<<") ? BigInt(base) << exponent : BigInt(base) ** exponent;
  return power - BigInt(less ?? 0);
}

interface Literal {
  bytes: Bytes;
  line: number;
  /** The source before it on its line. */
  before: string;
}

/** Returns the strings, lists of bytes and large numbers in a source. */
export function literalsIn(source: string): Literal[] {
  // a list may contain comments, and a string may look like one
  return [source, withoutComments(source)].flatMap((text) => {
    let line = 1;
    let counted = 0;
    return Array.from(text.matchAll(LITERAL), (match) => {
      for (; counted < match.index; counted++) if (text[counted] === "\n") line++;
      const before = text.slice(text.lastIndexOf("\n", match.index - 1) + 1, match.index);
      return { bytes: bytesOf(match), line, before };
    });
  });
}

function bytesOf([, , long, double, single, template, list, number]: RegExpExecArray): Bytes {
  if (list !== undefined) return listed(list);
  if (number !== undefined) return encodeUtf8(number);
  return unescaped(long ?? double ?? single ?? template ?? "");
}

/** Blanks the comments, so that offsets and lines stay the same. */
function withoutComments(text: string): string {
  return text.replaceAll(COMMENT, (comment) => comment.replaceAll(/[^\n]/g, " "));
}

function listed(text: string): Bytes {
  return Uint8Array.from(text.split(","), (item) => Number(item) & 255);
}

function unescaped(text: string): Bytes {
  const plain = text.replace(
    /\\(?:x([0-9a-fA-F]{2})|([\s\S]))/g,
    (_, byte: string | undefined, letter: string | undefined) =>
      byte === undefined
        ? (SIMPLE[letter ?? ""] ?? letter ?? "")
        : String.fromCharCode(Number.parseInt(byte, 16)),
  );
  return asBytes(Buffer.from(plain, "latin1"));
}
