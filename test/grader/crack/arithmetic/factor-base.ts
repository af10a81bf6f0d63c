/** The factor base of the quadratic sieve: the small primes modulo which the number is a square. */
import { primesBelow } from "./modular.ts";

export interface Prime {
  p: number;
  /** A square root of the number modulo `p`. */
  root: number;
  log: number;
}

const MULTIPLIERS = [1n, 3n, 5n, 7n, 11n, 13n, 17n, 19n, 21n, 23n, 29n, 31n, 33n, 35n, 37n, 39n, 41n, 43n];

/**
 * Returns the multiplier that lets most small primes divide the sieved values (Knuth and
 * Schroeppel).
 */
export function bestMultiplier(n: bigint): bigint {
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

/** Returns the factor base of `kn`, sized for a number of `bits` bits. */
export function factorBase(kn: bigint, bits: number): Prime[] {
  const size = Math.round(Math.max(120, 160 * 2 ** ((bits - 90) / 22)));
  const base: Prime[] = [];
  for (const p of primesBelow(60 * size + 1000)) {
    if (base.length >= size) break;
    const rest = Number(kn % BigInt(p));
    if (p > 2 && rest !== 0 && modular(rest, (p - 1) / 2, p) !== 1) continue;
    base.push({ p, root: squareRoot(rest, p), log: Math.round(Math.log2(p)) });
  }
  return base;
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

/** Returns a square root modulo the prime `p` (Tonelli and Shanks). */
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
