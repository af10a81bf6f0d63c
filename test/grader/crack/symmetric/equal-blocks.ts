/**
 * ECB, and whatever else turns equal blocks into equal blocks.
 *
 * A check sends `repeatedText`: sixteen random letters, many times. Any cipher that is worth the name gives blocks that all differ; two equal
 * ones of 8 bytes that have nothing of padding are a matter of 2^-64, and here at least `MIN_RUN` come in a row.
 */
import type { Budget } from "../capture/budget.ts";
import type { Proof } from "../capture/proof.ts";
import { placesIn, type View } from "../capture/view.ts";

const PERIOD = 16;
const REPEATS = 24;
/** Bytes that are equal to those one period before, in a row. */
const MIN_RUN = 8 * PERIOD;
const MIN_DIFFERENT = 10;

/** Returns a text whose blocks of 8 or 16 bytes come again and again, wherever in it they begin. */
export function repeatedText(random: Uint8Array): string {
  const letters = Array.from(random.subarray(0, PERIOD), (byte) => String.fromCharCode(0x61 + (byte % 26)));
  if (letters.length < PERIOD) throw new RangeError(`expected ${PERIOD} random bytes, got ${random.length}`);
  return letters.join("").repeat(REPEATS);
}

/** Finds equal blocks in what was captured while `repeatedText` was sent. */
export function findEqualBlocks(view: View, budget: Budget): Proof[] {
  const { bytes } = view;
  // digits in a row, read as base85, repeat themselves too
  if (view.rare || !budget.spend(2 * bytes.length)) return [];
  let run = 0;
  for (let at = PERIOD; at <= bytes.length; at++) {
    if (at < bytes.length && bytes[at] === bytes[at - PERIOD]) {
      run++;
      continue;
    }
    const start = at - run - PERIOD;
    const block = bytes.subarray(start, start + PERIOD);
    // padding, and what repeats itself within eight bytes, is no cipher's
    if (run >= MIN_RUN && new Set(block).size >= MIN_DIFFERENT)
      return [describe(view, start, run + PERIOD, block)];
    run = 0;
  }
  return [];
}

function describe(view: View, start: number, length: number, block: Uint8Array): Proof {
  const hex = Array.from(block, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const undone = view.steps.length > 0 ? `undo ${view.steps.join(", then ")}; then ` : "";
  const count = Math.floor(length / PERIOD);
  return {
    kind: "equal blocks",
    cipher: "equal blocks of the text are equal blocks on the wire (ECB, or a repeating key)",
    recovered: `${count} times the block ${hex}`,
    where: placesIn(view, start, length),
    how: `Send a text that repeats the same ${PERIOD} letters. Take the captured bytes, ${undone}cut them every ${PERIOD} bytes: ${count} blocks in a row are the same.`,
    bits: 8 * (length - PERIOD),
  };
}
