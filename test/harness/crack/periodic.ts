/**
 * Ciphers that add something to each symbol and repeat it: Caesar, Vigenère, Beaufort, XOR, with keys of one to 64 symbols.
 *
 * Symbols that lie one period apart were met by the same part of the key, so their difference is that of the text: it is searched for
 * without any guess at the key. At least two thirds of the matching stretch are not needed to determine the key.
 */

import { ALPHABETS, type Alphabet, type Sequence, toSequence } from "./alphabets.ts";
import type { Budget } from "./budget.ts";
import { recoveredText } from "./clear.ts";
import { type Known, probes } from "./known.ts";
import { indexOf, isTelling, MIN_BITS, MIN_MATCH, type Proof } from "./proof.ts";
import { placesIn, type View } from "./view.ts";

const MAX_PERIOD = 64;
// how many times a needle that turned up by chance is looked for again
const MAX_HITS = 4;

type Operation = "add" | "beaufort" | "xor" | "progressive";

interface Hit {
  /** In symbols, of the sequence and of the text. */
  at: number;
  from: number;
  length: number;
  period: number;
}

/** Finds texts under a shift, XOR or Vigenère in `view`. */
export function findPeriodic(view: View, knowns: readonly Known[], budget: Budget): Proof[] {
  const proofs: Proof[] = [];
  for (const alphabet of ALPHABETS) {
    if (view.rare && alphabet.size !== 256) continue;
    const captured = toSequence(view.bytes, alphabet);
    if (!captured) continue;
    for (const known of knowns) {
      const text = toSequence(known.bytes, alphabet);
      if (!text || text.values.length < MIN_MATCH + 1) continue;
      for (const operation of operationsOf(alphabet)) {
        const longest =
          operation === "progressive" || view.rare ? 1 : Math.min(MAX_PERIOD, text.values.length / 3);
        const hit = search(captured.values, text.values, alphabet.size, operation, longest, budget);
        const proof = hit && describe(view, captured, known, text, alphabet, operation, hit);
        if (!proof) continue;
        proofs.push(proof);
        // other alphabets would only tell the same less exactly
        if (alphabet.size === 256) return proofs;
        break;
      }
    }
  }
  return proofs;
}

function operationsOf({ size }: Alphabet): Operation[] {
  return size === 256 ? ["xor", "add", "beaufort", "progressive"] : ["add", "beaufort", "progressive"];
}

function search(
  captured: Uint8Array,
  text: Uint8Array,
  size: number,
  operation: Operation,
  longest: number,
  budget: Budget,
): Hit | undefined {
  const needed = Math.max(MIN_MATCH, Math.ceil(MIN_BITS / Math.log2(size)));
  for (let period = 1; period <= longest; period++) {
    if (captured.length < period + needed || !budget.spend(4 * captured.length)) return undefined;
    const haystack = differences(captured, period, size, operation === "beaufort" ? "add" : operation);
    const needle = differences(text, period, size, operation);
    for (const probe of probes(needle)) {
      let at = indexOf(haystack, needle.subarray(probe, probe + MIN_MATCH));
      for (let hits = 0; at !== -1 && hits < MAX_HITS; hits++) {
        const hit = extend(haystack, needle, at, probe, period);
        const matched = needle.subarray(hit.from, hit.from + hit.length - period);
        if (matched.length >= Math.max(needed, 2 * period) && isTelling(matched)) return hit;
        at = indexOf(haystack, needle.subarray(probe, probe + MIN_MATCH), at + 1);
      }
    }
  }
  return undefined;
}

function extend(haystack: Uint8Array, needle: Uint8Array, at: number, probe: number, period: number): Hit {
  let before = 0;
  while (before < probe && before < at && haystack[at - before - 1] === needle[probe - before - 1]) before++;
  let after = MIN_MATCH;
  const most = Math.min(needle.length - probe, haystack.length - at);
  while (after < most && haystack[at + after] === needle[probe + after]) after++;
  return { at: at - before, from: probe - before, length: before + after + period, period };
}

/** What is left of a sequence when a repeating key is taken out. */
function differences(values: Uint8Array, period: number, size: number, operation: Operation): Uint8Array {
  const length = values.length - period;
  const result = new Uint8Array(Math.max(0, length));
  if (operation === "xor") {
    for (let at = 0; at < length; at++) result[at] = (values[at] ?? 0) ^ (values[at + period] ?? 0);
    return result;
  }
  const sign = operation === "beaufort" ? -1 : 1;
  for (let at = 0; at < length; at++) {
    const difference = sign * ((values[at + period] ?? 0) - (values[at] ?? 0));
    result[at] = difference < 0 ? difference + size : difference;
  }
  // a shift that itself grows with the place leaves a constant, which a second difference takes out
  return operation === "progressive" ? differences(result, 1, size, "add") : result;
}

function describe(
  view: View,
  captured: Sequence,
  known: Known,
  text: Sequence,
  alphabet: Alphabet,
  operation: Operation,
  { at, from, length, period }: Hit,
): Proof | undefined {
  const key = new Uint8Array(period);
  for (let index = 0; index < period; index++) {
    const cipher = captured.values[at + index] ?? 0;
    const plain = text.values[from + index] ?? 0;
    const sum = operation === "beaufort" ? cipher + plain : cipher - plain + alphabet.size;
    key[index] = operation === "xor" ? cipher ^ plain : sum % alphabet.size;
  }
  const isIdentity =
    operation !== "beaufort" && operation !== "progressive" && key.every((symbol) => symbol === 0);
  if (isIdentity && alphabet.size === 256) return undefined;
  const first = captured.positions?.[at] ?? at;
  const last = captured.positions?.[at + length - 1] ?? at + length - 1;
  const textFirst = text.positions?.[from] ?? from;
  const textLast = text.positions?.[from + length - 1] ?? from + length - 1;
  const shown = alphabet.show(key);
  const cipher = isIdentity
    ? `only ${alphabet.name} kept`
    : `${nameOf(operation, period)} over ${alphabet.name}`;
  const undone = view.steps.length > 0 ? `undo ${view.steps.join(", then ")}; then ` : "";
  const over = isIdentity
    ? `read ${alphabet.name} alone`
    : `take ${alphabet.name}, and undo ${nameOf(operation, period)} with the key ${shown}`;
  return {
    kind: "toy cipher",
    cipher,
    key: shown,
    recovered: recoveredText(known, textFirst, textLast - textFirst + 1),
    text: known.text,
    where: placesIn(view, first, last - first + 1),
    how: `Take the captured bytes, ${undone}${over}: ${length} symbols spell the text${known.form === "UTF-8" ? "" : ` (${known.form})`}, and ${period === 1 ? "one of them determines" : `${period} of them determine`} the key.`,
    bits: Math.floor((length - period) * Math.log2(alphabet.size)),
  };
}

function nameOf(operation: Operation, period: number): string {
  if (operation === "progressive") return "a shift that grows by a constant from symbol to symbol";
  if (operation === "xor")
    return period === 1 ? "XOR with one byte" : `XOR with a key repeated every ${period} bytes`;
  if (operation === "beaufort")
    return period === 1 ? "subtraction from a constant" : `Beaufort with a key of ${period}`;
  return period === 1 ? "a constant shift (Caesar)" : `Vigenère with a key of ${period}`;
}
