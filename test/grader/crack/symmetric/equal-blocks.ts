/**
 * ECB, and other ciphers that encrypt equal blocks to equal blocks.
 *
 * A check sends `repeatedText`: sixteen random letters, many times. The blocks of a sound cipher
 * all differ: two random blocks of 8 bytes are equal with a probability of 2^-64, and here a run of
 * `MIN_RUN` bytes must be.
 */
import type { Budget } from "../capture/budget.ts";
import type { Proof } from "../capture/proof.ts";
import { placesIn, undo, type View } from "../capture/view.ts";

const PERIOD = 16;
const REPEATS = 24;
/** Consecutive bytes that equal those one period before. */
const MIN_RUN = 8 * PERIOD;
const MIN_DIFFERENT = 10;

/** Returns a text whose blocks of 8 or 16 bytes repeat, at every offset. */
export function repeatedText(random: Uint8Array): string {
  const letters = Array.from(random.subarray(0, PERIOD), (byte) => String.fromCharCode(0x61 + (byte % 26)));
  if (letters.length < PERIOD) throw new RangeError(`expected ${PERIOD} random bytes, got ${random.length}`);
  return letters.join("").repeat(REPEATS);
}

/** Finds equal blocks in bytes that were captured while `repeatedText` was sent. */
export function findEqualBlocks(view: View, budget: Budget): Proof[] {
  const { bytes } = view;
  // an unlikely decoding may repeat: digits in a row, read as base85
  if (view.rare || !budget.spend(2 * bytes.length)) return [];
  let run = 0;
  for (let at = PERIOD; at <= bytes.length; at++) {
    if (at < bytes.length && bytes[at] === bytes[at - PERIOD]) {
      run++;
      continue;
    }
    const start = at - run - PERIOD;
    const block = bytes.subarray(start, start + PERIOD);
    // padding repeats within a few bytes, ciphertext does not
    if (run >= MIN_RUN && new Set(block).size >= MIN_DIFFERENT)
      return [describe(view, start, run + PERIOD, block)];
    run = 0;
  }
  return [];
}

function describe(view: View, start: number, length: number, block: Uint8Array): Proof {
  const hex = Array.from(block, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const count = Math.floor(length / PERIOD);
  return {
    kind: "equal blocks",
    cipher: "equal blocks of the text are equal blocks on the wire (ECB, or a repeating key)",
    recovered: `the block ${hex}, ${count} times`,
    where: placesIn(view, start, length),
    how: `Send a text that repeats the same ${PERIOD} letters. Take the captured bytes, ${undo(view.steps)}and cut them every ${PERIOD} bytes: ${count} blocks in a row are equal.`,
    bits: 8 * (length - PERIOD),
  };
}
