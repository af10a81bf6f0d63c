/**
 * A keystream from a linear congruential generator, state = a · state + c: a byte of each state.
 *
 * With a modulus that is a power of two, the low byte follows a generator of its own, modulo 256.
 * It shows in the known text, whatever the seed, the multiplier and the modulus are. Higher bytes
 * hide the bits below them, so these are tried, for the multipliers of well-known generators.
 */
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import type { Budget } from "../capture/budget.ts";
import type { Known } from "../capture/known.ts";
import type { Proof } from "../capture/proof.ts";
import { placesIn, undo, type View } from "../capture/view.ts";
import { recoveredText } from "../decode/clear.ts";
import { units } from "../decode/frames.ts";

const MIN_LENGTH = 24;
/** Fewer different bytes are a repeated key. */
const MIN_DIFFERENT = 12;
/** Steps for each offset and text, and for each state that is tried. */
const STEPS = 10;
const STATE_STEPS = 2;
const MAX_STARTS = 300;

interface Generator {
  multiplier: number;
  increment: number;
}

/** The multipliers and increments of C libraries and textbooks. */
const WELL_KNOWN: Generator[] = [
  [1103515245, 12345],
  [1664525, 1013904223],
  [214013, 2531011],
  [22695477, 1],
  [69069, 1],
  [134775813, 1],
  [0x4c957f2d, 0xf767814f], // MMIX, modulo 2^32
  [0xdeece66d, 11], // Java
].map(([multiplier = 0, increment = 0]) => ({ multiplier, increment }));
/** The bits below the byte that is used. */
const SHIFTS = [8, 16];

export function findLinearKeystream(
  views: readonly View[],
  knowns: readonly Known[],
  budget: Budget,
): Proof[] {
  const texts = knowns.filter(({ form, bytes }) => form === "UTF-8" && bytes.length >= MIN_LENGTH);
  const proofs: Proof[] = [];
  for (const view of views) {
    if (view.rare) continue;
    for (const known of texts) {
      if (proofs.some(({ text }) => text === known.text)) continue;
      const proof = lowBytes(view, known, budget) ?? highBytes(view, known, budget);
      if (proof) proofs.push(proof);
    }
  }
  return proofs;
}

function lowBytes(view: View, known: Known, budget: Budget): Proof | undefined {
  const last = view.bytes.length - known.bytes.length;
  if (last < 0 || !budget.spend(STEPS * last)) return undefined;
  for (let at = 0; at <= last; at += 1) {
    // the differences of such a keystream are a geometric series
    const [a = 0, b = 0, c = 0, d = 0, e = 0] = streamOf(view.bytes, known.bytes, at, 5);
    if (((c - b) * (c - b) - (b - a) * (d - c)) & 255 || ((d - c) * (d - c) - (c - b) * (e - d)) & 255)
      continue;
    const stream = streamOf(view.bytes, known.bytes, at, known.bytes.length);
    const generator = generatorOf(stream);
    if (generator) return describe(view, known, at, "the low byte", generator);
  }
  return undefined;
}

/** Returns the generator modulo 256 that gives all of `stream`. */
function generatorOf(stream: Bytes): Generator | undefined {
  if (new Set(stream).size < MIN_DIFFERENT) return undefined;
  const [first = 0, second = 0] = stream;
  for (let multiplier = 1; multiplier < 256; multiplier += 1) {
    const increment = (second - multiplier * first) & 255;
    const next = (byte: number) => (multiplier * byte + increment) & 255;
    if (stream.every((byte, at) => at === 0 || byte === next(stream[at - 1] ?? 0)))
      return { multiplier, increment };
  }
  return undefined;
}

function highBytes(view: View, known: Known, budget: Budget): Proof | undefined {
  const { length } = known.bytes;
  for (const { at, bytes } of units(view.bytes, view.starts.slice(0, MAX_STARTS))) {
    if (bytes.length < length) continue;
    const stream = streamOf(view.bytes, known.bytes, at, length);
    if (new Set(stream).size < MIN_DIFFERENT) continue;
    for (const shift of SHIFTS)
      for (const generator of WELL_KNOWN) {
        if (!budget.spend(STATE_STEPS << shift)) return undefined;
        if (gives(stream, generator, shift))
          return describe(view, known, at, `bits ${shift} and up`, generator);
      }
  }
  return undefined;
}

/** Says whether a state of `generator` gives `stream`: the byte above the lowest `shift` bits. */
function gives(stream: Bytes, { multiplier, increment }: Generator, shift: number): boolean {
  const mask = 2 ** (shift + 8) - 1;
  const first = (stream[0] ?? 0) << shift;
  for (let low = 0; low < 2 ** shift; low += 1) {
    let state = first | low;
    let at = 1;
    for (; at < stream.length; at += 1) {
      state = (Math.imul(multiplier, state) + increment) & mask;
      if (state >>> shift !== stream[at]) break;
    }
    if (at === stream.length) return true;
  }
  return false;
}

function streamOf(bytes: Bytes, text: Bytes, at: number, length: number): Bytes {
  return text.slice(0, length).map((byte, index) => byte ^ (bytes[at + index] ?? 0));
}

function describe(view: View, known: Known, at: number, which: string, generator: Generator): Proof {
  const { length } = known.bytes;
  const { multiplier, increment } = generator;
  return {
    kind: "toy cipher",
    cipher: "XOR with the states of a linear congruential generator",
    key: `multiplier ${multiplier}, increment ${increment}, ${which} of each state`,
    recovered: recoveredText(known, 0, length),
    text: known.text,
    where: placesIn(view, at, length),
    how: `Take the captured bytes, ${undo(view.steps)}and XOR them with ${which} of the states ${multiplier} · state + ${increment}: ${length} bytes spell the text. A few known bytes determine all others.`,
    bits: 8 * (length - 3),
  };
}
