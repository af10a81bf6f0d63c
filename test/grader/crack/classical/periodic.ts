/**
 * Ciphers with a repeated key: Caesar, Vigenère, Beaufort, XOR, with keys of one to 64 symbols.
 *
 * Symbols one period apart meet the same part of the key, so their difference is that of the text.
 * The search is for these differences, and never guesses a key. At least two thirds of a matching
 * stretch are not needed to determine the key.
 */
import { type Bytes, decodeUtf8, encodeUtf8 } from "../../../../lib/bytes/bytes.ts";
import type { Budget } from "../capture/budget.ts";
import type { Known } from "../capture/known.ts";
import { type Needles, needlesAt, nextCandidate, prepareNeedles } from "../capture/needles.ts";
import { isTelling, MIN_BITS, MIN_MATCH, type Proof, type Rewritten } from "../capture/proof.ts";
import { patchChanges, placesIn, undo, type View } from "../capture/view.ts";
import { recoveredText } from "../decode/clear.ts";
import { otherText, replaceHashes, replaceText } from "../decode/replace-text.ts";
import { ALPHABETS, type Alphabet, type Sequence, toSequence } from "./alphabets.ts";

const MAX_PERIOD = 64;
/** The share of the longest recovered text that is enough for a key that explains it better. */
const NEARLY = 0.8;

/** The bit in which a letter in lower case differs. */
const LOWER_CASE = 0x20;

const PASSES = ["xor", "add", "progressive"] as const;
type Pass = (typeof PASSES)[number];
type Operation = Pass | "beaufort";

interface Hit {
  /** The offset in the sequence and in the text, in symbols. */
  at: number;
  from: number;
  length: number;
  period: number;
}

/** Searches any number of views for texts that are prepared once. */
export class Periodic {
  readonly #knowns: readonly Known[];
  readonly #texts = new Map<Alphabet, (Sequence | undefined)[]>();
  readonly #needles = new Map<string, Needles>();

  constructor(knowns: readonly Known[]) {
    this.#knowns = knowns;
  }

  /** Finds the longest part of each text, except those in `lost`, under a repeated key. */
  find(view: View, lost: ReadonlySet<number | undefined>, budget: Budget): Proof[] {
    const best = new Map<number | undefined, Proof>();
    for (const alphabet of ALPHABETS) {
      if (view.rare && alphabet.size !== 256) break;
      const captured = toSequence(view.bytes, alphabet);
      if (!captured) continue;
      for (const pass of PASSES) {
        if (pass === "xor" && alphabet.size !== 256) continue;
        const longest = pass === "progressive" || view.rare ? 1 : MAX_PERIOD;
        for (let period = 1; period <= longest; period++) {
          if (!budget.spend(4 * captured.values.length)) return [...best.values()];
          for (const proof of this.#search(view, captured, alphabet, pass, period)) {
            if (!lost.has(proof.text) && isBetter(proof, best.get(proof.text))) best.set(proof.text, proof);
          }
        }
      }
    }
    return [...best.values()];
  }

  #search(view: View, captured: Sequence, alphabet: Alphabet, pass: Pass, period: number): Proof[] {
    const texts = this.#textsIn(alphabet);
    const needles = this.#needlesFor(texts, alphabet, pass, period);
    if (needles.byHash.size === 0) return [];
    const needed = Math.max(MIN_MATCH, Math.ceil(MIN_BITS / Math.log2(alphabet.size)), 2 * period);
    const haystack = differences(captured.values, period, alphabet.size, pass);
    const proofs: Proof[] = [];
    for (
      let at = nextCandidate(needles, haystack, 0);
      at !== -1;
      at = nextCandidate(needles, haystack, at + 1)
    ) {
      for (const { whole, from, index } of needlesAt(needles, haystack, at)) {
        const hit = extend(haystack, whole, at, from, period);
        const matched = whole.subarray(hit.from, hit.from + hit.length - period);
        const [known, text] = [this.#knowns[index % texts.length], texts[index % texts.length]];
        if (!known || !text || matched.length < needed || !isTelling(matched)) continue;
        const operation = index < texts.length ? pass : "beaufort";
        const proof = describe(view, captured, known, text, alphabet, operation, hit);
        if (proof) proofs.push(proof);
      }
      if (proofs.length > 0) break;
    }
    return proofs;
  }

  /**
   * Returns the differences of all texts; for a shift followed by their negatives, for Beaufort.
   */
  #needlesFor(
    texts: readonly (Sequence | undefined)[],
    alphabet: Alphabet,
    pass: Pass,
    period: number,
  ): Needles {
    const key = `${alphabet.name} ${pass} ${period}`;
    const ready = this.#needles.get(key);
    if (ready) return ready;
    const wholes = texts.map((text) =>
      text && text.values.length >= 3 * period
        ? differences(text.values, period, alphabet.size, pass)
        : undefined,
    );
    const negatives = wholes.map((whole) => whole?.map((value) => (alphabet.size - value) % alphabet.size));
    const needles = prepareNeedles(pass === "add" ? [...wholes, ...negatives] : wholes);
    this.#needles.set(key, needles);
    return needles;
  }

  #textsIn(alphabet: Alphabet): (Sequence | undefined)[] {
    const ready = this.#texts.get(alphabet);
    if (ready) return ready;
    const seen = new Set<string>();
    const texts = this.#knowns.map(({ text, bytes }) => {
      const sequence = toSequence(bytes, alphabet);
      const key = `${text} ${sequence?.values.join()}`;
      // over 26 letters, upper case makes no difference
      if (!sequence || sequence.values.length < MIN_MATCH + 1 || seen.has(key)) return undefined;
      seen.add(key);
      return sequence;
    });
    this.#texts.set(alphabet, texts);
    return texts;
  }
}

/**
 * Says whether a proof recovers more, or as much with a shorter key: a key of six letters looks
 * like one of seven bytes where all words have six letters and a space.
 */
function isBetter(proof: Proof, before: Proof | undefined): boolean {
  if (!before) return true;
  const [now, then] = [proof.recovered.length, before.recovered.length];
  const longer = (proof.repeating?.length ?? 0) - (before.repeating?.length ?? 0);
  return longer === 0 ? now > then : longer < 0 ? now > NEARLY * then : NEARLY * now > then;
}

function extend(haystack: Uint8Array, needle: Uint8Array, at: number, probe: number, period: number): Hit {
  let before = 0;
  while (before < probe && before < at && haystack[at - before - 1] === needle[probe - before - 1]) before++;
  let after = MIN_MATCH;
  const most = Math.min(needle.length - probe, haystack.length - at);
  while (after < most && haystack[at + after] === needle[probe + after]) after++;
  return { at: at - before, from: probe - before, length: before + after + period, period };
}

/** Returns the differences of a sequence, which do not depend on a repeated key. */
function differences(values: Uint8Array, period: number, size: number, pass: Pass): Uint8Array {
  const length = Math.max(0, values.length - period);
  const result = new Uint8Array(length);
  if (pass === "xor") {
    for (let at = 0; at < length; at++) result[at] = (values[at] ?? 0) ^ (values[at + period] ?? 0);
    return result;
  }
  for (let at = 0; at < length; at++) {
    const difference = (values[at + period] ?? 0) - (values[at] ?? 0);
    result[at] = difference < 0 ? difference + size : difference;
  }
  // a shift that grows with the offset leaves a constant, which a second difference removes
  return pass === "progressive" ? differences(result, 1, size, "add") : result;
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
  const over = isIdentity
    ? `read ${alphabet.name} alone`
    : `take ${alphabet.name}, and undo ${nameOf(operation, period)} with the key ${shown}`;
  return {
    kind: "toy cipher",
    cipher,
    key: shown,
    repeating: alphabet.spell(key),
    recovered: recoveredText(known, textFirst, textLast - textFirst + 1),
    text: known.text,
    where: placesIn(view, first, last - first + 1),
    how: `Take the captured bytes, ${undo(view.steps)}${over}: ${length} symbols spell the text${known.form === "UTF-8" ? "" : ` (${known.form})`}, and ${period === 1 ? "one of them determines" : `${period} of them determine`} the key.`,
    bits: Math.floor((length - period) * Math.log2(alphabet.size)),
    rewrite: () => rewrite(view, captured, known, alphabet, operation, { at, from, length, period }, key),
  };
}

/**
 * Replaces the text under the same key. Over bytes the key opens everything around the text, such
 * as its hash.
 */
function rewrite(
  view: View,
  captured: Sequence,
  known: Known,
  alphabet: Alphabet,
  operation: Operation,
  { at, from, length, period }: Hit,
  key: Uint8Array,
): Rewritten | undefined {
  const [text, other] = [decodeUtf8(known.bytes), otherText(decodeUtf8(known.bytes))];
  const { size } = alphabet;
  const bytes = view.bytes.slice();
  if (size === 256 && (operation === "xor" || operation === "add")) {
    const keyAt = (index: number) => key[(((index - at) % period) + period) % period] ?? 0;
    const combine = (data: Bytes, sign: number) =>
      data.map((byte, index) =>
        operation === "xor" ? byte ^ keyAt(index) : (byte + sign * keyAt(index)) & 255,
      );
    const changed = replaceText(combine(bytes, -1), text, other);
    if (!changed) return undefined;
    bytes.set(combine(changed, 1));
  } else {
    const [before, after] = [text, other].map((each) => toSequence(encodeUtf8(each), alphabet)?.values);
    for (let index = 0; index < length; index++) {
      const change = (after?.[from + index] ?? 0) - (before?.[from + index] ?? 0);
      const symbol = captured.values[at + index] ?? 0;
      const moved = (symbol + (operation === "beaufort" ? -change : change) + size) % size;
      const place = captured.positions?.[at + index] ?? at + index;
      const spelled = alphabet.spell(Uint8Array.of(moved))[0] ?? 0;
      bytes[place] = alphabet.ignoresCase ? spelled | ((bytes[place] ?? 0) & LOWER_CASE) : spelled;
    }
  }
  const stream = patchChanges(view, bytes);
  return stream && { stream: view.stream, bytes: replaceHashes(stream, text, other), text: other };
}

function nameOf(operation: Operation, period: number): string {
  if (operation === "progressive") return "a shift that grows by a constant from symbol to symbol";
  if (operation === "xor")
    return period === 1 ? "XOR with one byte" : `XOR with a key repeated every ${period} bytes`;
  if (operation === "beaufort")
    return period === 1 ? "subtraction from a constant" : `Beaufort with a key of ${period}`;
  return period === 1 ? "a constant shift (Caesar)" : `Vigenère with a key of ${period}`;
}
