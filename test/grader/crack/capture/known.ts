/** The texts that the grader chose, in the forms in which a program may have sent them. */
import { Buffer } from "node:buffer";
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import { asBytes, isTelling, MIN_MATCH } from "./proof.ts";

/** A known text in one form. */
export interface Known {
  /** The index of the text. */
  text: number;
  /** `UTF-8`, `UTF-16LE`, `upper case, UTF-8`... */
  form: string;
  bytes: Bytes;
}

// the beginning identifies a longer text
const MAX_LENGTH = 4096;
const MAX_PROBES = 6;

/** Returns each text in each distinct form, the plain ones first. */
export function knownForms(texts: readonly string[]): Known[] {
  return texts.flatMap((whole, text) => {
    const plain = whole.slice(0, MAX_LENGTH);
    const backwards = [...plain].reverse().join("");
    const forms: [string, Buffer][] = [
      ["UTF-8", Buffer.from(plain)],
      ["UTF-16LE", Buffer.from(plain, "utf16le")],
      ["UTF-16BE", Buffer.from(plain, "utf16le").swap16()],
      ["Latin-1", Buffer.from(plain, "latin1")],
      ["backwards, UTF-8", Buffer.from(backwards)],
      ["upper case, UTF-8", Buffer.from(plain.toUpperCase())],
      ["lower case, UTF-8", Buffer.from(plain.toLowerCase())],
      ["upper case backwards, UTF-8", Buffer.from(backwards.toUpperCase())],
    ];
    const seen = new Set<string>();
    return forms.flatMap(([form, buffer]) => {
      const key = buffer.toString("latin1");
      if (buffer.length < 8 || seen.has(key)) return [];
      seen.add(key);
      return [{ text, form, bytes: asBytes(buffer) }];
    });
  });
}

/**
 * Returns the offsets of telling stretches of `needle`, by which any part of it can be searched
 * for.
 */
export function probes(needle: Uint8Array | Int32Array, length = MIN_MATCH): number[] {
  const last = needle.length - length;
  if (last < 0) return [];
  const step = Math.max(length, Math.ceil((last + 1) / MAX_PROBES));
  const offsets = new Set([last]);
  for (let at = 0; at <= last; at += step) offsets.add(at);
  return [...offsets].sort((a, b) => a - b).filter((at) => isTelling(needle.subarray(at, at + length)));
}
