/** The text in plaintext: whole or in long parts, in any encoding that needs no key. */
import { Buffer } from "node:buffer";
import type { Budget } from "../capture/budget.ts";
import { type Known, probes } from "../capture/known.ts";
import { indexOf, isTelling, MIN_MATCH, type Proof, readable } from "../capture/proof.ts";
import { placesIn, undo, type View } from "../capture/view.ts";

/**
 * Shortest text that counts although it is not telling, if it is whole and the decoding is likely.
 */
const MIN_SHORT = 8;

/** Shortest part that counts: another sentence may contain three common words in a row. */
const MIN_PART = 24;

export interface Match {
  known: Known;
  /** The offset in the searched bytes, and the offset in the text. */
  at: number;
  from: number;
  length: number;
}

/** Finds the texts, or parts of at least 24 bytes of them, in captured bytes. */
export function findClear(views: readonly View[], knowns: readonly Known[], budget: Budget): Proof[] {
  return views.flatMap((view) =>
    knowns.flatMap((known) => {
      if (!budget.spend(view.bytes.length)) return [];
      const part = longestPart(view.bytes, known);
      const isEnough = part && (part.length >= MIN_PART || part.length === known.bytes.length);
      const match = isEnough ? part : view.rare ? undefined : wholeShort(view.bytes, known);
      return match ? [describe(view, match)] : [];
    }),
  );
}

/** Returns the longest part of a text that `bytes` contain. */
export function longestPart(bytes: Uint8Array, known: Known): Match | undefined {
  let best: Match | undefined;
  const needle = known.bytes;
  for (const probe of probesOf(known)) {
    if (best && probe >= best.from && probe < best.from + best.length) continue;
    const at = indexOf(bytes, needle.subarray(probe, probe + MIN_MATCH));
    if (at === -1) continue;
    let [from, start] = [probe, at];
    while (from > 0 && start > 0 && needle[from - 1] === bytes[start - 1]) {
      from--;
      start--;
    }
    let length = probe - from + MIN_MATCH;
    while (
      from + length < needle.length &&
      start + length < bytes.length &&
      needle[from + length] === bytes[start + length]
    ) {
      length++;
    }
    if (!best || length > best.length) best = { known, at: start, from, length };
  }
  return best;
}

const probesByText = new WeakMap<Known, number[]>();

function probesOf(known: Known): number[] {
  const ready = probesByText.get(known) ?? probes(known.bytes);
  probesByText.set(known, ready);
  return ready;
}

function wholeShort(bytes: Uint8Array, known: Known): Match | undefined {
  const { length } = known.bytes;
  if (known.form !== "UTF-8" || length < MIN_SHORT || isTelling(known.bytes) || new Set(known.bytes).size < 4)
    return undefined;
  const at = indexOf(bytes, known.bytes);
  return at === -1 ? undefined : { known, at, from: 0, length };
}

function describe(view: View, { known, at, from, length }: Match): Proof {
  const isWhole = length === known.bytes.length;
  const encodings = [...view.steps, ...(known.form === "UTF-8" ? [] : [known.form])];
  const part = isWhole ? "the whole text" : `bytes ${from} to ${from + length - 1} of the text`;
  return {
    kind: "clear",
    cipher: encodings.length > 0 ? `none, only ${encodings.join(" and ")}` : "none",
    recovered: recoveredText(known, from, length),
    text: known.text,
    where: placesIn(view, at, length),
    how: `Take the captured bytes, ${undo(encodings)}${part} can be read as it is.`,
    bits: 8 * length,
  };
}

/** Returns a part of a text as it reads. */
export function recoveredText(known: Known, from: number, length: number): string {
  const part = known.bytes.subarray(from, from + length);
  if (known.form === "UTF-16LE") return Buffer.from(part).toString("utf16le");
  if (known.form === "UTF-16BE" && part.length % 2 === 0)
    return Buffer.from(part).swap16().toString("utf16le");
  return readable(part);
}
