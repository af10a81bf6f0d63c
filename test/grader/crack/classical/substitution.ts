/**
 * Ciphers that replace each letter by a symbol of its own: a substitution, "RSA" letter by letter,
 * or a hash of each letter.
 *
 * The symbols are never guessed. Where a letter repeats in the text, its symbol must repeat in the
 * capture: each repetition counts log2(different symbols) bits, the first occurrence none.
 */

import { type Bytes, decodeUtf8 } from "../../../../lib/bytes/bytes.ts";
import type { Budget } from "../capture/budget.ts";
import { MIN_BITS, MIN_MATCH, type Proof, type Rewritten } from "../capture/proof.ts";
import { patchChanges, placesIn, undo, type View } from "../capture/view.ts";
import { recoveredText } from "../decode/clear.ts";
import { replaceHashes } from "../decode/replace-text.ts";
import { type Symbols, symbolsOf } from "../decode/symbols.ts";
import { ruleOf } from "./letter-rules.ts";
import { type Letters, MIN_WINDOW, WINDOW } from "./letters.ts";

interface Substitution {
  symbols: Symbols;
  letters: Letters;
  /** The first symbol, the first letter, and the number that match. */
  at: number;
  from: number;
  length: number;
  bits: number;
}

const MIN_DIFFERENT = 8;
// how many of `MIN_WINDOW` symbols must be repetitions; in English, half are
const MIN_RETURNS = 7;

/** Finds texts in which each letter was replaced by a symbol of its own. */
export function findSubstitution(view: View, texts: readonly Letters[], budget: Budget): Proof[] {
  return symbolsOf(view, budget).flatMap((symbols) => {
    const places = lively(symbols.ids);
    if (places.length === 0) return [];
    return texts.flatMap((letters) => {
      const found = search(symbols, letters, places, budget);
      return (found && describe(view, found)) ?? [];
    });
  });
}

/**
 * Returns the ranges of offsets, each [first, past the last], where symbols repeat as often as in a
 * text.
 */
function lively(ids: Int32Array): [number, number][] {
  if (ids.length < MIN_WINDOW) return [];
  const bits = Math.min(16, 35 - Math.clz32(ids.length));
  const lastId = new Int32Array(1 << bits);
  const lastAt = new Int32Array(1 << bits).fill(-WINDOW - 1);
  const returns = new Uint8Array(ids.length);
  const ranges: [number, number][] = [];
  let count = 0;
  for (let at = 0; at < ids.length; at++) {
    const id = ids[at] ?? 0;
    const slot = Math.imul(id, 0x9e3779b1) >>> (32 - bits);
    if (lastId[slot] === id && at - (lastAt[slot] ?? 0) <= WINDOW) returns[at] = 1;
    lastId[slot] = id;
    lastAt[slot] = at;
    count += (returns[at] ?? 0) - (at >= MIN_WINDOW ? (returns[at - MIN_WINDOW] ?? 0) : 0);
    const start = at - MIN_WINDOW + 1;
    if (start < 0 || count < MIN_RETURNS) continue;
    const last = ranges.at(-1);
    if (last && last[1] >= start) last[1] = start + 1;
    else ranges.push([start, start + 1]);
  }
  return ranges;
}

function search(
  symbols: Symbols,
  letters: Letters,
  places: readonly [number, number][],
  budget: Budget,
): Substitution | undefined {
  const { ids } = symbols;
  for (const { from, window, previous } of letters.windows) {
    // the first repeated letter rules out most places
    const returning = previous.findIndex((distance) => distance > 0);
    const back = previous[returning] ?? 0;
    if (returning === -1) continue;
    for (const [first, end] of places) {
      if (!budget.spend(8 * (end - first) + 10)) return undefined;
      for (let at = first; at < end; at++) {
        if (ids[at + returning] !== ids[at + returning - back]) continue;
        const length = agreement(ids, at, window, previous);
        if (length < MIN_WINDOW) continue;
        budget.spend(200);
        const match = weigh(symbols, letters, at, from, length, previous);
        if (match) return match;
      }
    }
  }
  return undefined;
}

/**
 * Returns how many symbols from `at` on repeat where the letters repeat, and differ where they
 * differ.
 */
function agreement(ids: Int32Array, at: number, window: Int32Array, previous: Int32Array): number {
  const most = Math.min(window.length, ids.length - at);
  for (let index = 0; index < most; index++) {
    const back = previous[index] ?? 0;
    if (back > 0 && ids[at + index] !== ids[at + index - back]) return index;
    if (back !== 1 && index > 0 && ids[at + index] === ids[at + index - 1]) return index;
  }
  return most;
}

function weigh(
  symbols: Symbols,
  letters: Letters,
  at: number,
  from: number,
  length: number,
  previous: Int32Array,
): Substitution | undefined {
  const different = new Set(letters.ids.subarray(from, from + length)).size;
  const values = new Map<bigint, number>();
  let returns = 0;
  for (let index = 0; index < length; index++) {
    // compare the values, because ids may be hashes
    const value = symbols.valueAt(at + index);
    const letter = letters.ids[from + index] ?? 0;
    const back = previous[index] ?? 0;
    if (back > 0 && symbols.valueAt(at + index - back) !== value) return undefined;
    if (back > 0) returns++;
    if (!values.has(value)) values.set(value, letter);
  }
  // a few letters may share a symbol: a modulus below 256, upper and lower case
  const effective = values.size;
  if (effective < MIN_DIFFERENT || effective < 0.75 * different || returns < MIN_MATCH) return undefined;
  const bits = Math.floor(returns * Math.log2(effective) * (effective === different ? 1 : 0.8));
  return bits >= MIN_BITS ? { symbols, letters, at, from, length, bits } : undefined;
}

function describe(view: View, { symbols, letters, at, from, length, bits }: Substitution): Proof | undefined {
  const pairs = new Map<number, bigint>();
  for (let index = 0; index < length; index++) {
    pairs.set(letters.ids[from + index] ?? 0, symbols.valueAt(at + index));
  }
  const rule = ruleOf(pairs);
  if (rule === "the letter itself") return undefined;
  const first = symbols.offsetAt(at);
  const last = symbols.offsetAt(at + length - 1) + symbols.lengthAt(at + length - 1);
  const begin = letters.offsets[from] ?? 0;
  const table = [...pairs]
    .slice(0, 6)
    .map(
      ([letter, value]) => `${JSON.stringify(String.fromCodePoint(Math.max(0, letter)))} = ${shorten(value)}`,
    );
  return {
    kind: "toy cipher",
    cipher: rule ? `each letter by itself: ${rule}` : "substitution: each letter has a symbol of its own",
    key: `${table.join(", ")}, ...`,
    recovered: recoveredText(
      letters.known,
      begin,
      (letters.offsets[from + length] ?? letters.known.bytes.length) - begin,
    ),
    text: letters.known.text,
    where: placesIn(view, first, last - first),
    how: `Take the captured bytes, ${undo(view.steps)}read them as ${symbols.name}: equal letters of the text are equal symbols, ${length} in a row with ${pairs.size} different letters. Counting the symbols, or a table, recovers it.`,
    bits,
    rewrite: () => rearranged(view, { symbols, letters, at, from, length, bits }),
  };
}

/** Reverses the order of the symbols of equal length within the text, which takes no key. */
function rearranged(
  view: View,
  { symbols, letters: { known, offsets }, at, from, length }: Substitution,
): Rewritten | undefined {
  const classes = new Map<string, { offset: number; symbol: Bytes; place: number; letter: Bytes }[]>();
  for (let index = 0; index < length; index++) {
    const offset = symbols.offsetAt(at + index);
    const symbol = view.bytes.slice(offset, offset + symbols.lengthAt(at + index));
    const place = offsets[from + index] ?? 0;
    const letter = known.bytes.slice(place, offsets[from + index + 1]);
    const key = `${symbol.length} ${letter.length}`;
    classes.set(key, [...(classes.get(key) ?? []), { offset, symbol, place, letter }]);
  }
  const text = known.bytes.slice();
  const bytes = view.bytes.slice();
  for (const members of classes.values()) {
    for (const [index, { offset, place }] of members.entries()) {
      const other = members[members.length - 1 - index];
      if (!other) continue;
      bytes.set(other.symbol, offset);
      text.set(other.letter, place);
    }
  }
  const [before, after] = [known.bytes, text].map((each) => decodeUtf8(each));
  const stream = patchChanges(view, bytes);
  return stream && before !== undefined && after !== undefined
    ? { stream: view.stream, bytes: replaceHashes(stream, before, after), text: after }
    : undefined;
}

function shorten(value: bigint): string {
  const text = String(value);
  return text.length <= 12 ? text : `${text.slice(0, 6)}...(${text.length} digits)`;
}
