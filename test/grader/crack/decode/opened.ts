/** Recognizes the known texts in decrypted bytes, which prove nothing otherwise. */
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import { Budget } from "../capture/budget.ts";
import type { Stream } from "../capture/capture.ts";
import type { Known } from "../capture/known.ts";
import { type Needles, needlesAt, nextCandidate, prepareNeedles } from "../capture/needles.ts";
import { longestPart, type Match } from "./clear.ts";
import { viewsOf } from "./decodings.ts";

const STEPS = 20_000_000;

export interface Recognised extends Match {
  /** The decodings that the plaintext needed, such as base64. */
  steps: string[];
}

/** Recognizes a set of texts; made once, for thousands of attempts. */
export class Recogniser {
  readonly #knowns: readonly Known[];
  readonly #needles: Needles;

  constructor(knowns: readonly Known[]) {
    this.#knowns = knowns;
    this.#needles = prepareNeedles(knowns.map(({ bytes }) => bytes));
  }

  /** Returns the longest part of a known text in `plaintext`, as it is or encoded. */
  recognise(plaintext: Bytes): Recognised | undefined {
    const plain = this.plain(plaintext);
    if (plain) return plain;
    if (!isText(plaintext)) return undefined;
    const stream: Stream = { bytes: plaintext, starts: [0], parts: [] };
    for (const view of viewsOf(stream, new Budget(STEPS))) {
      const match = view.rare || view.steps.length === 0 ? undefined : this.plain(view.bytes);
      if (match) return { ...match, steps: view.steps };
    }
    return undefined;
  }

  /** Returns the longest part of a known text in `bytes`, not encoded. */
  plain(bytes: Bytes): Recognised | undefined {
    const needles = this.#needles;
    let best: Recognised | undefined;
    for (let at = nextCandidate(needles, bytes, 0); at !== -1; at = nextCandidate(needles, bytes, at + 1)) {
      for (const { index } of needlesAt(needles, bytes, at)) {
        const known = this.#knowns[index];
        const match = known && longestPart(bytes, known);
        if (match && (!best || match.length > best.length)) best = { ...match, steps: [] };
      }
      if (best) break;
    }
    return best;
  }
}

/** Says whether `bytes` are mostly printable, and so worth decoding. */
export function isText(bytes: Bytes): boolean {
  if (bytes.length < 16) return false;
  let printable = 0;
  const sample = bytes.subarray(0, 256);
  for (const byte of sample) if ((byte >= 0x20 && byte < 0x7f) || byte === 0x0a) printable++;
  return printable > 0.9 * sample.length;
}
