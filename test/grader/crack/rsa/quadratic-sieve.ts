/** Factoring by the quadratic sieve with many polynomials (Contini, 1997): for moduli too large for elliptic curves, and still toys. */
import type { Budget } from "../capture/budget.ts";
import { bitLength, gcd, inverse, power, remainder, root } from "../capture/modular.ts";
import { dependencies } from "./null-space.ts";

interface Prime {
  p: number;
  /** A square root of the number modulo `p`. */
  root: number;
  log: number;
}

/** What was found smooth: `x`^2 is the product of `factors` (indices into the base, 0 for the sign), times `large`^2, modulo the number. */
interface Relation {
  x: bigint;
  factors: number[];
  large: bigint;
}

const HALF = 32_768;
const MULTIPLIERS = [1n, 3n, 5n, 7n, 11n, 13n, 17n, 19n, 21n, 23n, 29n, 31n, 33n, 35n, 37n, 39n, 41n, 43n];
/** Primes below it are not sieved with: they cost most and say least. */
const MIN_SIEVED = 20;
const SPARE = 12;
const LARGE = 40;
const MAX_POLYNOMIALS = 200_000;

/** Returns a proper factor of `n`, an odd number without small factors that is no power; undefined when the budget ends before. */
export function quadraticSieve(n: bigint, budget: Budget): bigint | undefined {
  const multiplier = bestMultiplier(n);
  const kn = n * multiplier;
  const base = factorBase(kn, baseSize(bitLength(n)));
  const relations = collect(kn, base, budget);
  if (!relations) return undefined;
  for (const combination of dependencies(relations.map(({ factors }) => factors))) {
    let [x, y] = [1n, 1n];
    const exponents = new Map<number, number>();
    for (const index of combination) {
      const relation = relations[index];
      if (!relation) continue;
      x = (x * relation.x) % n;
      y = (y * relation.large) % n;
      for (const factor of relation.factors) exponents.set(factor, (exponents.get(factor) ?? 0) + 1);
    }
    for (const [factor, exponent] of exponents)
      if (factor > 0) y = (y * power(BigInt(base[factor - 1]?.p ?? 1), BigInt(exponent / 2), n)) % n;
    const common = gcd(remainder(x - y, n), n);
    if (common > 1n && common < n) return common;
  }
  return undefined;
}

function baseSize(bits: number): number {
  return Math.round(Math.max(120, 160 * 2 ** ((bits - 90) / 22)));
}

/** The one by which most small primes divide what is sieved (Knuth and Schroeppel). */
function bestMultiplier(n: bigint): bigint {
  let [best, highest] = [1n, Number.NEGATIVE_INFINITY];
  for (const multiplier of MULTIPLIERS) {
    const kn = n * multiplier;
    let score = -0.5 * Math.log(Number(multiplier));
    score += { 1: 2, 5: 1, 3: 0.5, 7: 0.5 }[Number(kn % 8n)] ?? 0;
    for (const prime of primesBelow(300).slice(1)) {
      const rest = Number(kn % BigInt(prime));
      const divides = rest === 0 ? 1 : modular(rest, (prime - 1) / 2, prime) === 1 ? 2 : 0;
      score += (divides * Math.log(prime)) / (prime - 1);
    }
    if (score > highest) [best, highest] = [multiplier, score];
  }
  return best;
}

function factorBase(kn: bigint, size: number): Prime[] {
  const base: Prime[] = [];
  for (const p of primesBelow(60 * size + 1000)) {
    if (base.length >= size) break;
    const rest = Number(kn % BigInt(p));
    if (p > 2 && rest !== 0 && modular(rest, (p - 1) / 2, p) !== 1) continue;
    base.push({ p, root: squareRoot(rest, p), log: Math.round(Math.log2(p)) });
  }
  return base;
}

/** Sieves polynomials until there are more relations than primes. */
function collect(kn: bigint, base: readonly Prime[], budget: Budget): Relation[] | undefined {
  const relations: Relation[] = [];
  const partial = new Map<number, Relation>();
  const largest = base.at(-1)?.p ?? 2;
  const limit = largest * LARGE;
  const sieve = new Uint8Array(2 * HALF);
  const size = bitLength(kn) / 2 - 0.5 + Math.log2(HALF);
  const threshold = Math.round(size - Math.log2(limit) - 4);
  const seen = new Set<bigint>();
  let count = 0;
  for (const polynomial of polynomials(kn, base)) {
    if (count++ > MAX_POLYNOMIALS || !budget.spend(HALF * 12 + base.length * 200)) return undefined;
    sieve.fill(0);
    const { roots } = polynomial;
    for (const [index, { p, log }] of base.entries()) {
      const first = roots[2 * index] ?? -1;
      if (p < MIN_SIEVED || first < 0) continue;
      for (let at = first; at < 2 * HALF; at += p) sieve[at] = (sieve[at] ?? 0) + log;
      const second = roots[2 * index + 1] ?? -1;
      if (second === first) continue;
      for (let at = second; at < 2 * HALF; at += p) sieve[at] = (sieve[at] ?? 0) + log;
    }
    for (let at = 0; at < 2 * HALF; at++) {
      if ((sieve[at] ?? 0) < threshold) continue;
      const found = smooth(at, polynomial, base, limit);
      if (!found || seen.has(found.x)) continue;
      seen.add(found.x);
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
    if (relations.length > base.length + SPARE) return relations;
  }
  return undefined;
}

interface Polynomial {
  a: bigint;
  b: bigint;
  c: bigint;
  /** Indices into the base of the primes in `a`. */
  inA: number[];
  /** Two for each prime, counted from -HALF; -1 where there is none. */
  roots: Int32Array;
}

/** Says whether a x^2 + 2 b x + c falls into primes of the base, and perhaps one more below `limit`. */
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

/** (a x + b)^2 - kn is a multiple of a: for each a there are many b, each from the one before by one addition (Gray's code). */
function* polynomials(kn: bigint, base: readonly Prime[]): Generator<Polynomial> {
  for (const { a, inA } of leading(kn, base)) {
    const parts = inA.map((index) => {
      const { p, root: square } = base[index - 1] ?? { p: 1, root: 0 };
      const prime = BigInt(p);
      const others = a / prime;
      const gamma = (BigInt(square) * (inverse(others, prime) ?? 0n)) % prime;
      return others * (2n * gamma > prime ? prime - gamma : gamma);
    });
    const inverses = base.map(({ p }) => Number(inverse(a, BigInt(p)) ?? -1n));
    const steps = parts.map((part) =>
      base.map(({ p }, index) => (2 * Number(part % BigInt(p)) * Math.max(0, inverses[index] ?? 0)) % p),
    );
    let b = parts.reduce((sum, part) => sum + part, 0n);
    const roots = new Int32Array(2 * base.length).fill(-1);
    for (const [index, { p, root: square }] of base.entries()) {
      const inverted = inverses[index] ?? -1;
      if (inverted < 0 || p === 2) continue;
      const shift = Number(remainder(b, BigInt(p)));
      for (const [sign, offset] of [
        [square, 0],
        [p - square, 1],
      ] as const)
        roots[2 * index + offset] = (((inverted * ((sign - shift + p) % p)) % p) + HALF) % p;
    }
    for (let count = 1; ; count++) {
      yield { a, b, c: (b * b - kn) / a, inA, roots };
      if (count === 1 << (parts.length - 1)) break;
      const which = Math.log2(count & -count);
      const isDown = ((count >> (which + 1)) & 1) === 0;
      b += (isDown ? -2n : 2n) * (parts[which] ?? 0n);
      for (const [index, { p }] of base.entries()) {
        const step = steps[which]?.[index] ?? 0;
        for (const at of [2 * index, 2 * index + 1]) {
          const before = roots[at] ?? -1;
          if (before >= 0) roots[at] = (before + (isDown ? step : p - step)) % p;
        }
      }
    }
  }
}

/** Products of primes of the base near sqrt(2 kn) / HALF, where the values of a polynomial are smallest; always the same ones. */
function* leading(kn: bigint, base: readonly Prime[]): Generator<{ a: bigint; inA: number[] }> {
  const target = Number(root(2n * kn, 2n)) / HALF;
  const usable = base.flatMap(({ p }, index) => (p > 10 ? [index + 1] : []));
  // so many that each is about as large as those in the middle of the base, where there are many to choose from
  const middle = base[Math.floor(base.length / 2)]?.p ?? 2;
  const count = Math.max(2, Math.round(Math.log(target) / Math.log(middle)));
  const center = nearest(usable, base, target ** (1 / count), new Set());
  const reach = Math.max(10, Math.floor(base.length / 4));
  const pool = usable.filter((index) => Math.abs(index - center) <= reach);
  const seen = new Set<string>();
  let state = 1;
  for (let tries = 0; tries < 1_000_000; tries++) {
    const chosen = new Set<number>();
    while (chosen.size < count - 1) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      chosen.add(pool[(state >>> 8) % pool.length] ?? 1);
    }
    const product = [...chosen].reduce((value, index) => value * (base[index - 1]?.p ?? 1), 1);
    const last = nearest(usable, base, target / product, chosen);
    const inA = [...chosen, last].sort((x, y) => x - y);
    const ratio = (product * (base[last - 1]?.p ?? 1)) / target;
    const key = inA.join(" ");
    if (ratio < 0.2 || ratio > 5 || seen.has(key)) continue;
    seen.add(key);
    yield { a: inA.reduce((value, index) => value * BigInt(base[index - 1]?.p ?? 1), 1n), inA };
  }
}

function nearest(
  usable: readonly number[],
  base: readonly Prime[],
  wanted: number,
  taken: ReadonlySet<number>,
): number {
  let best = usable.at(-1) ?? 1;
  let distance = Number.POSITIVE_INFINITY;
  for (const index of usable) {
    const off = Math.abs(Math.log((base[index - 1]?.p ?? 1) / wanted));
    if (off < distance && !taken.has(index)) [best, distance] = [index, off];
  }
  return best;
}

function primesBelow(limit: number): number[] {
  const isComposite = new Uint8Array(limit);
  const primes: number[] = [];
  for (let number = 2; number < limit; number++) {
    if (isComposite[number]) continue;
    primes.push(number);
    for (let multiple = number * number; multiple < limit; multiple += number) isComposite[multiple] = 1;
  }
  return primes;
}

function modular(base: number, exponent: number, modulus: number): number {
  let result = 1;
  let square = base % modulus;
  for (let rest = exponent; rest > 0; rest >>= 1) {
    if (rest & 1) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

/** Tonelli and Shanks. */
function squareRoot(value: number, p: number): number {
  if (p === 2 || value === 0) return value;
  let odd = p - 1;
  let twos = 0;
  for (; odd % 2 === 0; odd /= 2) twos++;
  let nonResidue = 2;
  while (modular(nonResidue, (p - 1) / 2, p) === 1) nonResidue++;
  let generator = modular(nonResidue, odd, p);
  let result = modular(value, (odd + 1) / 2, p);
  let left = modular(value, odd, p);
  while (left !== 1) {
    let order = 0;
    for (let square = left; square !== 1; square = (square * square) % p) order++;
    const step = modular(generator, 2 ** (twos - order - 1), p);
    result = (result * step) % p;
    generator = (step * step) % p;
    left = (left * generator) % p;
    twos = order;
  }
  return result;
}
