/**
 * One symbol for each letter, the same for the same letter: a substitution, or "RSA" letter by letter, or a hash of each letter.
 *
 * Nothing about the symbols is guessed. Wherever a letter comes again in the text, the same symbol must come again in the capture: each such
 * return is worth log2(different symbols) bits. The first time that a letter comes counts nothing.
 */
import type { Budget } from "./budget.ts";
import { recoveredText } from "./clear.ts";
import type { Known } from "./known.ts";
import { MIN_BITS, MIN_MATCH, type Proof } from "./proof.ts";
import { type Symbols, symbolsOf } from "./symbols.ts";
import { placesIn, type View } from "./view.ts";

/** Symbols of a text: its bytes, or its code points. */
interface Letters {
  known: Known;
  ids: Int32Array;
  /** Where each begins in the bytes of the text, and past the last. */
  offsets: number[];
}

export interface Substitution {
  symbols: Symbols;
  letters: Letters;
  /** The first symbol, and the first letter, and how many of them match. */
  at: number;
  from: number;
  length: number;
  bits: number;
}

const MIN_DIFFERENT = 8;
const WINDOW = 160;
const MIN_WINDOW = 32;

/** Finds texts of which each letter was replaced by a symbol of its own. */
export function findSubstitution(view: View, knowns: readonly Known[], budget: Budget): Proof[] {
  return substitutions(view, knowns, budget).flatMap((found) => describe(view, found) ?? []);
}

export function substitutions(view: View, knowns: readonly Known[], budget: Budget): Substitution[] {
  const texts = knowns.filter(({ form }) => !form.startsWith("UTF-16")).flatMap(lettersOf);
  const all = symbolsOf(view, budget);
  const found: Substitution[] = [];
  const solved = new Set<number>();
  for (const letters of texts) {
    if (solved.has(letters.known.text)) continue;
    for (const symbols of all) {
      const match = search(symbols, letters, budget);
      if (!match) continue;
      found.push(match);
      solved.add(letters.known.text);
      break;
    }
  }
  return found;
}

function lettersOf(known: Known): Letters[] {
  const bytes = { known, ids: Int32Array.from(known.bytes), offsets: Array.from(known.bytes, (_, at) => at) };
  bytes.offsets.push(known.bytes.length);
  const all =
    known.bytes.every((byte) => byte < 0x80) || known.form === "Latin-1" ? [bytes] : [bytes, pointsOf(known)];
  const only = onlyLetters(bytes);
  return only.ids.length >= MIN_WINDOW && only.ids.length < bytes.ids.length ? [...all, only] : all;
}

function pointsOf(known: Known): Letters {
  const ids: number[] = [];
  const offsets = [0];
  for (const character of new TextDecoder().decode(known.bytes)) {
    ids.push(character.codePointAt(0) ?? 0);
    offsets.push((offsets.at(-1) ?? 0) + new TextEncoder().encode(character).length);
  }
  return { known, ids: Int32Array.from(ids), offsets };
}

/** Without spaces and the like, which some programs drop. */
function onlyLetters({ known, ids }: Letters): Letters {
  const kept = Array.from(ids.keys()).filter((at) => /[A-Za-z]/.test(String.fromCharCode(ids[at] ?? 0)));
  return { known, ids: Int32Array.from(kept, (at) => ids[at] ?? 0), offsets: [...kept, known.bytes.length] };
}

function search(symbols: Symbols, letters: Letters, budget: Budget): Substitution | undefined {
  const total = letters.ids.length;
  // the beginning may be in another piece, and what is not ASCII may have been spoiled
  const windows = [...new Set([0, Math.floor(total / 3), Math.floor((2 * total) / 3)])];
  for (const from of windows) {
    const window = letters.ids.subarray(from, from + WINDOW);
    if (window.length < MIN_WINDOW) continue;
    const previous = previousOf(window);
    if (!budget.spend(10 * symbols.ids.length)) return undefined;
    for (let at = 0; at + MIN_WINDOW <= symbols.ids.length; at++) {
      const length = agreement(symbols.ids, at, window, previous);
      if (length < MIN_WINDOW) continue;
      budget.spend(200);
      const match = weigh(symbols, letters, at, from, length, previous);
      if (match) return match;
    }
  }
  return undefined;
}

/** For each symbol, how far back the same one was, or 0. */
function previousOf(ids: Int32Array): Int32Array {
  const last = new Map<number, number>();
  return ids.map((id, at) => {
    const before = last.get(id);
    last.set(id, at);
    return before === undefined ? 0 : at - before;
  });
}

/** How many symbols from `at` on return wherever the letters do, and differ from the one before wherever those do. */
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
    // the values themselves: ids may be hashes
    const value = symbols.valueAt(at + index);
    const letter = letters.ids[from + index] ?? 0;
    const back = previous[index] ?? 0;
    if (back > 0 && symbols.valueAt(at + index - back) !== value) return undefined;
    if (back > 0) returns++;
    if (!values.has(value)) values.set(value, letter);
  }
  // two letters may share a symbol (a modulus below 256, upper and lower case), but not many
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
  const undone = view.steps.length > 0 ? `undo ${view.steps.join(", then ")}; then ` : "";
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
    how: `Take the captured bytes, ${undone}read them as ${symbols.name}: equal letters of the text are equal symbols, ${length} in a row with ${pairs.size} different letters. Counting symbols, or a table, reads it.`,
    bits,
  };
}

/** Says by which formula letters became symbols, if it is a simple one. */
function ruleOf(pairs: Map<number, bigint>): string | undefined {
  const list = [...pairs].map(([letter, symbol]): [bigint, bigint] => [BigInt(letter), symbol]);
  const [first, second] = list;
  if (!first || !second) return undefined;
  const [m, c] = first;
  if (list.every(([letter, symbol]) => letter === symbol)) return "the letter itself";
  if (list.every(([letter, symbol]) => symbol - letter === c - m)) return `a shift by ${c - m}`;
  if (list.every(([letter, symbol]) => (letter ^ symbol) === (m ^ c))) return `XOR with ${m ^ c}`;
  if (m !== 0n && list.every(([letter, symbol]) => symbol * m === c * letter))
    return `multiplied by ${c}/${m}`;
  const [m2, c2] = second;
  const slope = m2 === m ? 0n : (c2 - c) / (m2 - m);
  if (slope !== 0n && list.every(([letter, symbol]) => symbol - c === slope * (letter - m)))
    return `${slope} times the letter, ${c - slope * m < 0n ? "minus" : "plus"} ${c - slope * m < 0n ? slope * m - c : c - slope * m}`;
  for (let factor = 1n; factor < 256n; factor += 2n) {
    const shift = (((c - factor * m) % 256n) + 256n) % 256n;
    if (list.every(([letter, symbol]) => (factor * letter + shift) % 256n === symbol))
      return `affine, ${factor} times the byte plus ${shift} modulo 256`;
  }
  for (let exponent = 2n; exponent <= 17n; exponent++) {
    if (list.every(([letter, symbol]) => letter ** exponent === symbol))
      return `its power ${exponent}, a root of which anyone can take`;
  }
  return undefined;
}

function shorten(value: bigint): string {
  const text = String(value);
  return text.length <= 12 ? text : `${text.slice(0, 6)}...(${text.length} digits)`;
}
