/** Factors a modulus that is too small, or that has a structural weakness at any size. */
import type { Budget } from "../capture/budget.ts";
import { ellipticCurve } from "./elliptic-curve.ts";
import { bitLength, gcd, inverse, isPrime, power, powers, root, SMALL_PRIMES } from "./modular.ts";
import { quadraticSieve } from "./quadratic-sieve.ts";

export interface Factors {
  primes: bigint[];
  /** `trial division`, `Fermat: the primes are close`... */
  method: string;
}

const MAX_BITS_BY_CURVES = 90;
/** The sieve takes about a second for 150 bits, and twice as long for every 8 bits more. */
const MAX_BITS_BY_SIEVE = 160;
const FERMAT_STEPS = 500;
const MINUS_ONE_BOUND = 1500;

/** Returns the prime factors of `modulus`, smallest first, or undefined if none are found. */
export function factor(modulus: bigint, budget: Budget): Factors | undefined {
  if (modulus < 2n) return undefined;
  const bits = bitLength(modulus);
  if (!budget.spend(bits * 20_000 + bits ** 3 / 200)) return undefined;
  if (isPrime(modulus)) return { primes: [modulus], method: "the modulus itself is prime" };
  const methods: [name: string, divide: (value: bigint) => bigint | undefined][] = [
    ["trial division", trialDivision],
    ["it is a square", (value) => (root(value, 2n) ** 2n === value ? root(value, 2n) : undefined)],
    ["Fermat: the primes are close", (value) => fermat(value, budget)],
    ["Pollard's p - 1: p - 1 has only small factors", (value) => minusOne(value, budget)],
    ["elliptic curves: the modulus is small", (value) => ellipticCurves(value, budget)],
    ["the quadratic sieve: the modulus is small", (value) => sieved(value, budget)],
  ];
  for (const [method, divide] of methods) {
    const primes = split(modulus, divide);
    if (primes) return { primes: primes.sort((a, b) => (a < b ? -1 : 1)), method };
  }
  return undefined;
}

/** Returns the inverse of `exponent` in the group of the modulus, or undefined if there is none. */
export function privateExponentOf(primes: readonly bigint[], exponent: bigint): bigint | undefined {
  const powers = new Map<bigint, bigint>();
  for (const prime of primes) powers.set(prime, (powers.get(prime) ?? 1n) * prime);
  let order = 1n;
  for (const [prime, whole] of powers) order *= (whole / prime) * (prime - 1n);
  return inverse(exponent, order);
}

/** Wiener's attack: a small private exponent is the denominator of a convergent of e / n. */
export function smallPrivateExponent(modulus: bigint, exponent: bigint, budget: Budget): bigint | undefined {
  let [a, b] = [exponent, modulus];
  let [before, denominator] = [1n, 0n];
  if (bitLength(exponent) < bitLength(modulus) / 2 || !budget.spend(bitLength(modulus) ** 2 * 200))
    return undefined;
  const limit = root(root(modulus, 2n), 2n);
  const base = power(2n, exponent, modulus);
  while (b > 0n) {
    const quotient = a / b;
    [a, b] = [b, a - quotient * b];
    [before, denominator] = [denominator, quotient * denominator + before];
    if (denominator > limit) return undefined;
    if (denominator > 1n && power(base, denominator, modulus) === 2n) return denominator;
  }
  return undefined;
}

/** Returns all prime factors, if `divide` alone finds them. */
function split(value: bigint, divide: (value: bigint) => bigint | undefined): bigint[] | undefined {
  if (isPrime(value)) return [value];
  const found = divide(value);
  if (found === undefined || found <= 1n || found >= value) return undefined;
  const left = split(found, divide);
  const right = left && split(value / found, divide);
  return left && right ? [...left, ...right] : undefined;
}

function trialDivision(value: bigint): bigint | undefined {
  const small = SMALL_PRIMES.find((prime) => value % prime === 0n);
  if (small !== undefined || value >> 40n) return small;
  for (let divisor = 1001n; divisor * divisor <= value; divisor += 2n)
    if (value % divisor === 0n) return divisor;
  return undefined;
}

function fermat(value: bigint, budget: Budget): bigint | undefined {
  let a = root(value, 2n);
  if (a * a < value) a++;
  for (let step = 0; step < FERMAT_STEPS; step++) {
    const rest = a * a - value;
    // the last hexadecimal digit rules out three of four numbers as squares
    if (0x0213n & (1n << (rest & 15n))) {
      if (!budget.spend(bitLength(value) ** 2 / 40)) return undefined;
      const b = root(rest, 2n);
      if (b * b === rest) return a - b;
    }
    a++;
  }
  return undefined;
}

function minusOne(value: bigint, budget: Budget): bigint | undefined {
  const bits = bitLength(value);
  if (!budget.spend((MINUS_ONE_BOUND * bits ** 2) / (bits < 512 ? 250 : 2500))) return undefined;
  let base = 3n;
  let exponent = 1n;
  for (let next = 2; next < MINUS_ONE_BOUND; next++) {
    exponent *= BigInt(next);
    // one large exponent costs less than many small ones
    if (bitLength(exponent) < bits - 16 && next + 1 < MINUS_ONE_BOUND) continue;
    base = powers(exponent, value)(base);
    exponent = 1n;
    const common = gcd(base - 1n, value);
    if (common > 1n && common < value) return common;
    if (common === value) return undefined;
  }
  return undefined;
}

function ellipticCurves(value: bigint, budget: Budget): bigint | undefined {
  if (bitLength(value) > MAX_BITS_BY_CURVES) return undefined;
  for (let sigma = 6n; sigma < 200n; sigma++) {
    if (!budget.spend(25_000_000)) return undefined;
    const found = ellipticCurve(value, sigma);
    if (found !== undefined) return found;
  }
  return undefined;
}

function sieved(value: bigint, budget: Budget): bigint | undefined {
  const bits = bitLength(value);
  if (bits <= MAX_BITS_BY_CURVES || bits > MAX_BITS_BY_SIEVE) return undefined;
  return quadraticSieve(value, budget);
}
