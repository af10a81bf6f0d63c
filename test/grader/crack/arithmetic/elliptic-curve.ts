/** Lenstra's elliptic-curve factoring in Montgomery form: one call tries one curve. */
import { gcd, inverse, primesBelow, remainder } from "./modular.ts";

interface Point {
  x: bigint;
  z: bigint;
}

const FIRST_BOUND = 2000;
const SECOND_BOUND = 60_000;
const WHEEL = 210;
const PRIMES = primesBelow(SECOND_BOUND);
const RESIDUES = Array.from({ length: WHEEL / 2 }, (_, index) => index + 1).filter(
  (value) => value % 2 !== 0 && value % 3 !== 0 && value % 5 !== 0 && value % 7 !== 0,
);

/** Returns a proper factor of `n` if the curve given by `sigma` (6 or more) reveals one. */
export function ellipticCurve(n: bigint, sigma: bigint): bigint | undefined {
  // Suyama's parametrization makes the order of the curve a multiple of 12
  const u = sigma * sigma - 5n;
  const v = 4n * sigma;
  const denominator = remainder(16n * u ** 3n * v, n);
  const inverted = inverse(denominator, n);
  if (inverted === undefined) return proper(gcd(denominator, n), n);
  const a24 = remainder((v - u) ** 3n * (3n * u + v) * inverted, n);

  let point: Point = { x: remainder(u ** 3n, n), z: remainder(v ** 3n, n) };
  for (const prime of PRIMES) {
    if (prime > FIRST_BOUND) break;
    for (let reached = prime; reached <= FIRST_BOUND; reached *= prime)
      point = multiply(prime, point, a24, n);
  }
  return proper(gcd(point.z, n), n) ?? secondStage(point, a24, n);
}

/** Allows for one more prime in the order of the curve, up to the second bound. */
function secondStage(point: Point, a24: bigint, n: bigint): bigint | undefined {
  const small = new Map(RESIDUES.map((residue) => [residue, multiply(residue, point, a24, n)]));
  const step = multiply(WHEEL, point, a24, n);
  let center = Math.floor(FIRST_BOUND / WHEEL) * WHEEL;
  let previous = multiply(center - WHEEL, point, a24, n);
  let current = multiply(center, point, a24, n);
  let product = 1n;
  for (; center < SECOND_BOUND; center += WHEEL) {
    for (const { x, z } of small.values()) {
      const cross = (current.x * z - x * current.z) % n;
      if (cross !== 0n) product = (product * cross) % n;
    }
    [previous, current] = [current, add(current, step, previous, n)];
  }
  return proper(gcd(product, n), n);
}

function multiply(factor: number, point: Point, a24: bigint, n: bigint): Point {
  if (factor === 0) return { x: 1n, z: 0n };
  let low = point;
  let high = double(point, a24, n);
  for (const bit of factor.toString(2).slice(1)) {
    const sum = add(low, high, point, n);
    if (bit === "1") [low, high] = [sum, double(high, a24, n)];
    else [low, high] = [double(low, a24, n), sum];
  }
  return low;
}

function double({ x, z }: Point, a24: bigint, n: bigint): Point {
  const sum = (x + z) ** 2n % n;
  const difference = (x - z) ** 2n % n;
  const both = sum - difference;
  return { x: (sum * difference) % n, z: (both * (difference + a24 * both)) % n };
}

/** Adds two points whose difference is known. */
function add(a: Point, b: Point, difference: Point, n: bigint): Point {
  const u = ((a.x - a.z) * (b.x + b.z)) % n;
  const v = ((a.x + a.z) * (b.x - b.z)) % n;
  const sum = u + v;
  const rest = u - v;
  return { x: (difference.z * ((sum * sum) % n)) % n, z: (difference.x * ((rest * rest) % n)) % n };
}

function proper(common: bigint, n: bigint): bigint | undefined {
  return common > 1n && common < n ? common : undefined;
}
