/**
 * Exponents that decrypt: of private keys that were sent, and of public keys that can be broken.
 */
import { type Factors, factor, privateExponentOf, smallPrivateExponent } from "../arithmetic/factor.ts";
import { bitLength, gcd, power } from "../arithmetic/modular.ts";
import type { Budget } from "../capture/budget.ts";
import type { ProofKind } from "../capture/proof.ts";
import type { View } from "../capture/view.ts";
import { numbersIn } from "../decode/numbers.ts";
import { findPrivateKeys } from "../keys/private-keys.ts";
import { type RsaNumbers, short } from "./public-keys.ts";

/** An exponent that turns captured numbers into plaintexts. */
export interface Solution {
  key: RsaNumbers;
  exponent: bigint;
  kind: ProofKind;
  /** One sentence: how the exponent is found. */
  how: string;
}

const ON_THE_WIRE = "one of its primes was itself sent";

/**
 * Yields every exponent that may decrypt something, the cheapest first for each key.
 *
 * @param moduli those of all sessions, which may share a prime
 */
export function* solutionsFor(
  keys: readonly RsaNumbers[],
  moduli: readonly bigint[],
  views: readonly View[],
  budget: Budget,
): Generator<Solution> {
  const numbers = views.flatMap((view) => (view.rare ? [] : numbersIn(view, 2000))).slice(0, 4000);
  yield* sentPrivateKeys(views);
  const factored = new Map<bigint, Factors | undefined>();
  for (const key of keys) {
    const { modulus, exponent } = key;
    yield {
      key,
      exponent,
      kind: "public key suffices",
      how: `Raise the captured numbers to the public exponent ${exponent}: anyone can read what a private key encrypts.`,
    };
    if (!factored.has(modulus)) factored.set(modulus, factorsOf(modulus, moduli, numbers, budget));
    const factors = factored.get(modulus);
    yield* broken(key, factors, budget);
    const sent = factors ? undefined : privateOnTheWire(key, numbers, budget);
    if (sent !== undefined)
      yield {
        key,
        exponent: sent,
        kind: "key on the wire",
        how: `The private exponent ${short(sent)} was itself sent.`,
      };
  }
}

function sentPrivateKeys(views: readonly View[]): Solution[] {
  return findPrivateKeys(views).flatMap(({ numbers, form }) => {
    if (!numbers) return [];
    const { modulus, exponent, privateExponent } = numbers;
    return [
      {
        key: { modulus, exponent, bits: bitLength(modulus) },
        exponent: privateExponent,
        kind: "key on the wire",
        how: `The private key itself was sent (${form}).`,
      },
    ];
  });
}

/**
 * Factors `modulus` by a prime that it shares with another one, by its weakness, or by a prime that
 * was sent.
 */
function factorsOf(
  modulus: bigint,
  moduli: readonly bigint[],
  numbers: readonly { value: bigint }[],
  budget: Budget,
): Factors | undefined {
  const product = moduli.reduce(
    (result, other) => (other === modulus ? result : (result * other) % modulus),
    1n,
  );
  const shared = gcd(product, modulus);
  const factors =
    shared > 1n && shared < modulus
      ? { primes: [shared, modulus / shared], method: "it shares a prime with another key" }
      : (factor(modulus, budget.part(0.6)) ?? primeOnTheWire(modulus, numbers, budget));
  budget.spend(bitLength(modulus) ** 2 * 20);
  return factors;
}

function* broken(key: RsaNumbers, factors: Factors | undefined, budget: Budget): Generator<Solution> {
  const { modulus, exponent, bits } = key;
  const inverted = factors && privateExponentOf(factors.primes, exponent);
  if (factors && inverted !== undefined) {
    const product = factors.primes.join(" x ");
    const shown = product.length < 200 ? `${modulus} = ${product}` : `the modulus of ${bits} bits`;
    yield {
      key,
      exponent: inverted,
      kind: factors.method === ON_THE_WIRE ? "key on the wire" : "weak key",
      how: `Factor ${shown} (${factors.method}); the private exponent is ${short(inverted)}.`,
    };
  }
  const small = smallPrivateExponent(modulus, exponent, budget);
  if (small !== undefined)
    yield {
      key,
      exponent: small,
      kind: "weak key",
      how: `The private exponent is so small (${short(small)}) that a continued fraction of e / n reveals it (Wiener).`,
    };
}

function primeOnTheWire(
  modulus: bigint,
  numbers: readonly { value: bigint }[],
  budget: Budget,
): Factors | undefined {
  if (!budget.spend(numbers.length * bitLength(modulus))) return undefined;
  const prime = numbers.find(({ value }) => value > 1n && value < modulus && modulus % value === 0n)?.value;
  return prime === undefined ? undefined : { primes: [prime, modulus / prime], method: ON_THE_WIRE };
}

/**
 * Returns a captured number that inverts the public exponent, which proves that it is the private
 * one.
 */
function privateOnTheWire(
  { modulus, exponent, bits }: RsaNumbers,
  numbers: readonly { value: bigint }[],
  budget: Budget,
): bigint | undefined {
  if (bits < 64) return undefined;
  const base = power(2n, exponent, modulus);
  for (const { value } of numbers) {
    const isLikely = bitLength(value) > bits / 4 && bitLength(value) <= bits;
    if (!isLikely || value === modulus || !budget.spend(bits ** 3 / 400)) continue;
    if (power(base, value, modulus) === 2n) return value;
  }
  return undefined;
}
