/** Captured bytes as numbers that may be RSA ciphertexts. */
import { bitLength, fromBytes } from "../arithmetic/modular.ts";
import type { View } from "../capture/view.ts";
import { blockOffsets, units } from "../decode/frames.ts";
import { type Field, integerAt, numbersIn } from "../decode/numbers.ts";

/** A captured number and its place. */
export type Ciphertext = Field;

export const MAX_CIPHERTEXTS = 3000;
const WIDTHS = [2, 4, 8];
const FIELDS = [4, 8, 16, 32, 64, 128];
const MIN_RUN = 8;
/** From this many bytes on, single blocks are searched for. */
const MIN_LARGE = 32;
const MAX_BLOCK_BYTES = 16_384;
const MAX_BLOCKS = 200;
const MAX_ROWS = 60;
/** Bits by which a ciphertext may be shorter than the modulus. */
const SLACK = 40;

/** Yields rows of numbers that may be ciphertexts: spelled numbers, or blocks of some width. */
export function* rowsOf(
  views: readonly View[],
  modulus: bigint,
): Generator<{ name: string; list: Ciphertext[] }> {
  const bits = bitLength(modulus);
  const lowest = bits > 4 * SLACK ? 1n << BigInt(bits - SLACK) : 2n;
  const isCiphertext = ({ value }: { value: bigint }) => value >= lowest && value < modulus;
  const length = Math.ceil(bits / 8);
  for (const view of views) {
    if (view.rare) continue;
    const numbers = numbersIn(view, MAX_CIPHERTEXTS).filter(({ value }) => value > 1n && value < modulus);
    for (const coding of ["decimal", "hexadecimal", "little-endian"] as const) {
      const list = numbers.filter((number) => number.coding === coding);
      if (list.length > 0)
        yield { name: `the ${coding === "little-endian" ? "pickled" : coding} numbers`, list };
    }
    if (length >= MIN_LARGE) {
      const list = atStarts(view, length).filter(isCiphertext);
      if (list.length > 0) yield { name: `the blocks of ${length} bytes`, list };
      yield* unitRows(view, length, isCiphertext);
      continue;
    }
    yield* unitRows(view, length, isCiphertext);
    const tokens = units(view.bytes, view.starts.slice(0, 2000)).filter(
      ({ bytes }) => bytes.length <= length + 1,
    );
    const list = tokens
      .map(({ at, bytes }) => integerAt(view, at, bytes.length, "big-endian"))
      .filter(isCiphertext);
    if (list.length > 15) yield { name: "the pieces", list };
    if (view.bytes.length > MAX_BLOCK_BYTES) continue;
    for (const width of new Set([length, ...WIDTHS.filter((width) => width > length)])) {
      for (let phase = 0; phase < width; phase++) {
        for (const isLittle of [false, true]) {
          const run = longestRun(blocks(view, width, phase, isLittle, modulus), isCiphertext);
          const order = isLittle ? "little-endian" : "big-endian";
          if (run.length >= MIN_RUN) yield { name: `the blocks of ${width} bytes, ${order}`, list: run };
        }
      }
    }
  }
}

/** Yields messages that consist of blocks, each as long as the modulus or in a larger field. */
function* unitRows(
  view: View,
  length: number,
  isCiphertext: (block: Ciphertext) => boolean,
): Generator<{ name: string; list: Ciphertext[] }> {
  const all = units(view.bytes, view.starts.slice(0, 200)).slice(0, MAX_ROWS);
  for (const { at, bytes } of all) {
    for (const width of FIELDS.filter((width) => width >= length && width <= 8 * length).concat(length)) {
      if (bytes.length % width !== 0 || bytes.length > MAX_BLOCK_BYTES) continue;
      for (const order of ["big-endian", "little-endian"] as const) {
        const list = Array.from({ length: bytes.length / width }, (_, index) => {
          const block = bytes.subarray(index * width, (index + 1) * width);
          const value = fromBytes(order === "big-endian" ? block : block.toReversed());
          return { view, offset: at + index * width, length: width, coding: order, value };
        });
        if (list.every(isCiphertext)) yield { name: `the blocks of ${width} bytes, ${order}`, list };
      }
    }
  }
}

/**
 * Returns the blocks of `width` bytes; none if their first bytes rule out a row below the modulus.
 */
function blocks(view: View, width: number, phase: number, isLittle: boolean, modulus: bigint): Ciphertext[] {
  const highest = Number(modulus >> BigInt(8 * (width - 1)));
  const first = phase + (isLittle ? width - 1 : 0);
  let [run, longest] = [0, 0];
  for (let at = first; at < view.bytes.length; at += width) {
    run = (view.bytes[at] ?? 0) <= highest ? run + 1 : 0;
    if (run > longest) longest = run;
  }
  const list: Ciphertext[] = [];
  for (let offset = phase; longest >= MIN_RUN && offset + width <= view.bytes.length; offset += width) {
    const coding = isLittle ? "little-endian" : "big-endian";
    list.push(integerAt(view, offset, width, coding));
  }
  return list;
}

/** Returns the longest run of ciphertexts; random blocks rarely stay below the modulus for long. */
function longestRun(list: Ciphertext[], isCiphertext: (block: Ciphertext) => boolean): Ciphertext[] {
  let [start, end] = [0, 0];
  for (let from = 0, at = 0; at < list.length; at++) {
    const block = list[at];
    if (!block || !isCiphertext(block)) from = at + 1;
    else if (at + 1 - from > end - start) [start, end] = [from, at + 1];
  }
  return list.slice(start, end);
}

/** Returns the blocks of `length` bytes at either end of messages. */
function atStarts(view: View, length: number): Ciphertext[] {
  return blockOffsets(view, length, MAX_BLOCKS).map((offset) =>
    integerAt(view, offset, length, "big-endian"),
  );
}
