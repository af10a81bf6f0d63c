/**
 * Factors by the self-initializing quadratic sieve (Contini, 1997): for moduli too large for
 * elliptic curves, yet far too small for RSA.
 */
import type { Budget } from "../capture/budget.ts";
import { bestMultiplier, factorBase, type Prime } from "./factor-base.ts";
import { bitLength, gcd, power, remainder } from "./modular.ts";
import { dependencies } from "./null-space.ts";
import { HALF, type Polynomial, polynomials } from "./polynomials.ts";

/**
 * A smooth value: modulo the number, `x`^2 is the product of `factors` (indices into the base plus
 * one, 0 for the sign) times `large`^2.
 */
interface Relation {
  x: bigint;
  factors: number[];
  large: bigint;
}

/** Smaller primes are not sieved with: they cost most and contribute least. */
const MIN_SIEVED = 20;
const SPARE = 12;
const LARGE = 40;
const MAX_POLYNOMIALS = 200_000;

/**
 * Returns a proper factor of `n`, or undefined if the budget ends first.
 *
 * @param n odd, without small factors, and not a power
 */
export function quadraticSieve(n: bigint, budget: Budget): bigint | undefined {
  const multiplier = bestMultiplier(n);
  const kn = n * multiplier;
  const base = factorBase(kn, bitLength(n));
  for (const relations of collect(kn, base, budget)) {
    for (const combination of dependencies(relations.map(({ factors }) => factors))) {
      const chosen = relations.filter((_, index) => combination.includes(index));
      const common = commonFactor(n, base, chosen);
      if (common > 1n && common < n) return common;
    }
  }
  return undefined;
}

/** Returns a factor of `n`, which may be 1 or `n`, from relations whose product is a square. */
function commonFactor(n: bigint, base: readonly Prime[], relations: readonly Relation[]): bigint {
  let [x, y] = [1n, 1n];
  const exponents = new Map<number, number>();
  for (const relation of relations) {
    x = (x * relation.x) % n;
    y = (y * relation.large) % n;
    for (const factor of relation.factors) exponents.set(factor, (exponents.get(factor) ?? 0) + 1);
  }
  for (const [factor, exponent] of exponents)
    if (factor > 0) y = (y * power(BigInt(base[factor - 1]?.p ?? 1), BigInt(exponent / 2), n)) % n;
  return gcd(remainder(x - y, n), n);
}

/**
 * Sieves polynomials, and yields the relations once there are more than primes in the base; again
 * with more of them, in case none of their dependencies revealed a factor.
 */
function* collect(kn: bigint, base: readonly Prime[], budget: Budget): Generator<Relation[]> {
  const relations: Relation[] = [];
  const partial = new Map<number, Relation>();
  const largest = base.at(-1)?.p ?? 2;
  const limit = largest * LARGE;
  const sieve = new Uint8Array(2 * HALF);
  const size = bitLength(kn) / 2 - 0.5 + Math.log2(HALF);
  const threshold = Math.round(size - Math.log2(limit) - 4);
  const seen = new Set<bigint>();
  let count = 0;
  let enough = base.length + SPARE;
  for (const polynomial of polynomials(kn, base)) {
    if (count++ > MAX_POLYNOMIALS || !budget.spend(HALF * 12 + base.length * 200)) return;
    addLogarithms(sieve, base, polynomial);
    for (let at = 0; at < 2 * HALF; at++) {
      if ((sieve[at] ?? 0) < threshold) continue;
      const found = smooth(at, polynomial, base, limit);
      // x and -x say the same: together they would make a dependency that reveals nothing
      const size = found && (found.x < 0n ? -found.x : found.x);
      if (!found || size === undefined || seen.has(size)) continue;
      seen.add(size);
      const { rest, ...relation } = found;
      if (rest === 1) relations.push(relation);
      else {
        const other = partial.get(rest);
        if (!other) partial.set(rest, relation);
        else
          relations.push({
            x: (relation.x * other.x) % kn,
            factors: [...relation.factors, ...other.factors],
            large: BigInt(rest),
          });
      }
    }
    if (relations.length <= enough) continue;
    yield relations;
    enough = relations.length + SPARE;
  }
}

/**
 * Fills `sieve` with the sum of the logarithms of the primes that divide the value at each place.
 */
function addLogarithms(sieve: Uint8Array, base: readonly Prime[], { roots }: Polynomial): void {
  sieve.fill(0);
  for (const [index, { p, log }] of base.entries()) {
    const first = roots[2 * index] ?? -1;
    if (p < MIN_SIEVED || first < 0) continue;
    for (let at = first; at < 2 * HALF; at += p) sieve[at] = (sieve[at] ?? 0) + log;
    const second = roots[2 * index + 1] ?? -1;
    if (second === first) continue;
    for (let at = second; at < 2 * HALF; at += p) sieve[at] = (sieve[at] ?? 0) + log;
  }
}

/** Factors the value at `at` over the base; `rest` is 1 or one more prime below `limit`. */
function smooth(
  at: number,
  { a, b, c, inA, roots }: Polynomial,
  base: readonly Prime[],
  limit: number,
): (Relation & { rest: number }) | undefined {
  const x = BigInt(at - HALF);
  let value = (a * x + 2n * b) * x + c;
  const factors = [...inA];
  if (value < 0n) {
    value = -value;
    factors.push(0);
  }
  for (const [index, { p }] of base.entries()) {
    const first = roots[2 * index] ?? -1;
    const place = at % p;
    if (first >= 0 && place !== first && place !== roots[2 * index + 1]) continue;
    for (const prime = BigInt(p); value % prime === 0n; value /= prime) factors.push(index + 1);
  }
  if (value >= BigInt(limit)) return undefined;
  return { x: a * x + b, factors, large: 1n, rest: Number(value) };
}
