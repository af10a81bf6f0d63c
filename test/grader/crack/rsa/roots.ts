/**
 * Unpadded RSA with a small exponent: a power below the modulus is inverted by a root, without a
 * key.
 */
import { type Bytes, concat } from "../../../../lib/bytes/bytes.ts";
import { bitLength, fromBytes, power, root, toBytes } from "../arithmetic/modular.ts";
import type { Budget } from "../capture/budget.ts";
import type { Known } from "../capture/known.ts";
import type { Proof } from "../capture/proof.ts";
import { placesIn, type View } from "../capture/view.ts";
import { recoveredText } from "../decode/clear.ts";
import { units } from "../decode/frames.ts";
import { numbersIn } from "../decode/numbers.ts";
import { Recogniser } from "../decode/opened.ts";

/**
 * Each with primes modulo which few numbers are such powers, so that most are ruled out cheaply.
 */
const EXPONENTS: [exponent: bigint, primes: bigint[]][] = [
  [3n, [7n, 13n, 19n, 31n, 37n]],
  [5n, [11n, 31n, 41n, 61n]],
  [7n, [29n, 43n, 71n]],
  [17n, [103n, 137n]],
];
const FIELDS = [64, 128, 256, 512];
/** Smaller numbers may have a root by chance. */
const MIN_BITS = 96;
const MAX_BITS = 4096;
const MAX_NUMBERS = 500;

/** Finds texts that are roots of captured numbers. */
export function findRoots(views: readonly View[], knowns: readonly Known[], budget: Budget): Proof[] {
  const recogniser = new Recogniser(knowns);
  const proofs: Proof[] = [];
  for (const view of views) {
    if (view.rare) continue;
    const numbers = numbersOf(view);
    for (const [exponent, primes] of EXPONENTS) {
      const found: { bytes: Bytes; offset: number; length: number }[] = [];
      for (const { value, offset, length } of numbers) {
        if (!budget.spend(2000) || !mayBePower(value, exponent, primes)) continue;
        const base = root(value, exponent);
        if (base ** exponent === value) found.push({ bytes: toBytes(base), offset, length });
      }
      const match = found.length > 0 && recogniser.recognise(concat(found.map(({ bytes }) => bytes)));
      if (!match) continue;
      proofs.push({
        kind: "public key suffices",
        cipher: `textbook RSA with the exponent ${exponent}`,
        recovered: recoveredText(match.known, match.from, match.length),
        text: match.known.text,
        where: found.flatMap(({ offset, length }) => placesIn(view, offset, length)),
        how: `The power ${exponent} of the text is below the modulus, so its root is the text: no key is needed.`,
        bits: 8 * match.length,
      });
    }
  }
  return proofs;
}

function mayBePower(value: bigint, exponent: bigint, primes: readonly bigint[]): boolean {
  return primes.every((prime) => power(value % prime, (prime - 1n) / exponent, prime) <= 1n);
}

/** Returns spelled numbers, and messages and their blocks in both byte orders. */
function numbersOf(view: View): { value: bigint; offset: number; length: number }[] {
  const found: { value: bigint; offset: number; length: number }[] = [];
  for (const { value, offset, length } of numbersIn(view, MAX_NUMBERS)) found.push({ value, offset, length });
  for (const { at, bytes } of units(view.bytes, view.starts.slice(0, 100)).slice(0, MAX_NUMBERS)) {
    for (const width of [bytes.length, ...FIELDS.filter((field) => field < bytes.length)]) {
      if (width > MAX_BITS / 8 || bytes.length % width !== 0 || found.length >= 2 * MAX_NUMBERS) continue;
      for (let from = 0; from < bytes.length; from += width) {
        const block = bytes.subarray(from, from + width);
        for (const value of [fromBytes(block), fromBytes(block.toReversed())])
          found.push({ value, offset: at + from, length: width });
      }
    }
  }
  const seen = new Set<bigint>();
  return found.filter(({ value }) => {
    const bits = bitLength(value);
    const isNew = !seen.has(value);
    seen.add(value);
    return isNew && bits >= MIN_BITS && bits <= MAX_BITS;
  });
}
