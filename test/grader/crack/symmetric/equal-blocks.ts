/**
 * ECB, and other ciphers that encrypt equal blocks to equal blocks.
 *
 * A check sends `repeatedText`: sixteen random letters, many times. Blocks of any length then
 * repeat after a few, on the wire too, in whatever encoding. The blocks of a sound cipher all
 * differ. What else repeats (padding, a banner) does not depend on the text, so other sessions
 * contain it too.
 */
import type { Budget } from "../capture/budget.ts";
import type { Proof } from "../capture/proof.ts";
import { placesIn, undo, type View } from "../capture/view.ts";

const PERIOD = 16;
const REPEATS = 24;
/** Bytes that repeat, the first ones included: most of the text. */
const MIN_LENGTH = 18 * PERIOD;
/** The whole stretch consists of so many equal parts: a key may be sent twice in a row. */
const MIN_PARTS = 3;
const MIN_DIFFERENT = 10;
/** Consecutive bytes by which a stretch is looked up. */
const WINDOW = 8;
/** Digits that repeat are a number whose bytes repeat in a way of their own. */
const NUMBER = /^large decimal/;

/** Returns a text whose blocks repeat, whatever their length. */
export function repeatedText(random: Uint8Array): string {
  const letters = Array.from(random.subarray(0, PERIOD), (byte) => String.fromCharCode(0x61 + (byte % 26)));
  if (letters.length < PERIOD) throw new RangeError(`expected ${PERIOD} random bytes, got ${random.length}`);
  return letters.join("").repeat(REPEATS);
}

/**
 * Finds equal blocks in bytes that were captured while `repeatedText` was sent.
 *
 * @param others views of sessions with other texts
 */
export function findEqualBlocks(views: readonly View[], others: readonly View[], budget: Budget): Proof[] {
  const likely = ({ rare, steps, bytes }: View) =>
    !rare && !steps.some((step) => NUMBER.test(step)) && budget.spend(200 * bytes.length);
  const found = views
    .filter(likely)
    .flatMap((view) => stretches(view.bytes).map((found) => ({ view, ...found })));
  if (found.length === 0) return [];
  const foreign = new Set(others.filter(likely).flatMap((view) => windowsOf(view.bytes)));
  return found
    .filter(({ view, start, period }) =>
      windowsOf(view.bytes.subarray(start, start + period + WINDOW)).every((window) => !foreign.has(window)),
    )
    .map(({ view, start, length, period }) => describe(view, start, length, period));
}

/** Returns the stretches that consist of at least `MIN_PARTS` equal parts. */
function stretches(bytes: Uint8Array): { start: number; length: number; period: number }[] {
  const found: { start: number; length: number; period: number }[] = [];
  const last = new Map<number, number>();
  let [period, run] = [0, 0];
  const close = (end: number) => {
    const start = end - run - period;
    const block = new Set(bytes.subarray(start, start + period));
    // padding repeats within a few bytes, ciphertext does not
    const isEnough = run + period >= Math.max(MIN_LENGTH, MIN_PARTS * period);
    if (run > 0 && isEnough && block.size >= MIN_DIFFERENT)
      found.push({ start, length: run + period, period });
    run = 0;
  };
  for (let at = 0; at < bytes.length; at++) {
    if (run > 0 && bytes[at] === bytes[at - period]) run++;
    else if (run > 0) close(at);
    if (at + 1 < WINDOW) continue;
    const hash = hashOf(bytes, at + 1 - WINDOW);
    const before = last.get(hash);
    last.set(hash, at);
    if (run > 0 || before === undefined) continue;
    [period, run] = [at - before, WINDOW];
    for (let back = 0; back < WINDOW; back++) if (bytes[at - back] !== bytes[at - back - period]) run = 0;
  }
  close(bytes.length);
  return found;
}

function windowsOf(bytes: Uint8Array): number[] {
  return Array.from({ length: Math.max(0, bytes.length - WINDOW + 1) }, (_, at) => hashOf(bytes, at));
}

/** Returns a hash of 53 bits, which equal windows share and others do not. */
function hashOf(bytes: Uint8Array, at: number): number {
  let [high, low] = [0, 0];
  for (let index = at; index < at + WINDOW; index++) {
    const byte = bytes[index] ?? 0;
    high = (Math.imul(high ^ byte, 0x01000193) + (high >>> 15)) | 0;
    low = (Math.imul(low ^ byte, 0x5bd1e995) + (low >>> 13)) | 0;
  }
  return (high >>> 11) * 2 ** 32 + (low >>> 0);
}

function describe(view: View, start: number, length: number, period: number): Proof {
  const block = view.bytes.subarray(start, start + period);
  const hex = Array.from(block, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const count = Math.floor(length / period);
  return {
    kind: "equal blocks",
    cipher: "equal blocks of the text are equal blocks on the wire (ECB, or a repeating key)",
    recovered: `the block ${hex}, ${count} times`,
    where: placesIn(view, start, length),
    how: `Send a text that repeats the same ${PERIOD} letters. Take the captured bytes, ${undo(view.steps)}and cut them every ${period} bytes: ${count} parts in a row are equal.`,
    bits: 8 * (length - period),
  };
}
