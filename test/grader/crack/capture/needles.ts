/** Searches for many needles of 16 symbols at once. */
import { probes } from "./known.ts";
import { MIN_MATCH } from "./proof.ts";

const BITS = 12;

export interface Needle {
  /** The text that it is part of, and its offset in it. */
  whole: Uint8Array;
  from: number;
  /** The index of the text. */
  index: number;
}

export interface Needles {
  /** 1 for each hash of the first four symbols of a needle. */
  first: Uint8Array;
  byHash: Map<number, Needle[]>;
}

/** Prepares a search for the telling stretches of all `wholes`. */
export function prepareNeedles(wholes: readonly (Uint8Array | undefined)[]): Needles {
  const needles: Needles = { first: new Uint8Array(1 << BITS), byHash: new Map() };
  wholes.forEach((whole, index) => {
    if (!whole) return;
    for (const from of probes(whole)) {
      const hash = hashOf(whole, from);
      needles.first[hash] = 1;
      const list = needles.byHash.get(hash);
      if (list) list.push({ whole, from, index });
      else needles.byHash.set(hash, [{ whole, from, index }]);
    }
  });
  return needles;
}

/** Returns the needles that `haystack` contains at `at`. */
export function needlesAt(needles: Needles, haystack: Uint8Array, at: number): Needle[] {
  return (needles.byHash.get(hashOf(haystack, at)) ?? []).filter(({ whole, from }) => {
    for (let index = 0; index < MIN_MATCH; index++) {
      if (whole[from + index] !== haystack[at + index]) return false;
    }
    return true;
  });
}

/** Returns the first offset from `start` on where a needle may begin, or -1. */
export function nextCandidate({ first }: Needles, haystack: Uint8Array, start: number): number {
  const end = haystack.length - MIN_MATCH;
  if (start > end) return -1;
  let word = ((haystack[start] ?? 0) << 16) | ((haystack[start + 1] ?? 0) << 8) | (haystack[start + 2] ?? 0);
  for (let at = start; at <= end; at++) {
    word = (word << 8) | (haystack[at + 3] ?? 0);
    if (first[Math.imul(word, 0x9e3779b1) >>> (32 - BITS)] === 1) return at;
  }
  return -1;
}

function hashOf(bytes: Uint8Array, at: number): number {
  const word =
    ((bytes[at] ?? 0) << 24) |
    ((bytes[at + 1] ?? 0) << 16) |
    ((bytes[at + 2] ?? 0) << 8) |
    (bytes[at + 3] ?? 0);
  return Math.imul(word, 0x9e3779b1) >>> (32 - BITS);
}
