/**
 * The polynomials of the quadratic sieve, and the places where each prime of the base divides them.
 */
import type { Prime } from "./factor-base.ts";
import { inverse, remainder, root } from "./modular.ts";

/** Half the length of the sieve: a polynomial is evaluated from -HALF to HALF - 1. */
export const HALF = 32_768;

export interface Polynomial {
  a: bigint;
  b: bigint;
  c: bigint;
  /** The primes that divide `a`, as indices into the base plus one. */
  inA: number[];
  /** Two for each prime of the base, counted from -HALF; -1 for none. */
  roots: Int32Array;
}

/**
 * Yields polynomials a x^2 + 2 b x + c for which (a x + b)^2 - kn is a times their value.
 *
 * Each a has many b; one addition makes the next from the one before (Gray code).
 */
export function* polynomials(kn: bigint, base: readonly Prime[]): Generator<Polynomial> {
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

/**
 * Yields products of primes of the base near sqrt(2 kn) / HALF, where the values of a polynomial
 * are smallest. The sequence is the same in every run.
 */
function* leading(kn: bigint, base: readonly Prime[]): Generator<{ a: bigint; inA: number[] }> {
  const target = Number(root(2n * kn, 2n)) / HALF;
  const usable = base.flatMap(({ p }, index) => (p > 10 ? [index + 1] : []));
  // as many factors as make each about as large as the primes in the middle of the base, and none
  // larger than its last
  const [middle = 2, last = 2] = [base[Math.floor(base.length / 2)]?.p, base.at(-1)?.p];
  const needed = (prime: number) => Math.log(target) / Math.log(prime);
  const count = Math.max(2, Math.round(needed(middle)), Math.ceil(needed(last)));
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
    const fitting = nearest(usable, base, target / product, chosen);
    const inA = [...chosen, fitting].sort((x, y) => x - y);
    const ratio = (product * (base[fitting - 1]?.p ?? 1)) / target;
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
