/** Arithmetic on large integers for attackers: not constant in time. */
import { Buffer } from "node:buffer";
import { checkPrimeSync, createDiffieHellman } from "node:crypto";
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import { asBytes } from "../capture/proof.ts";

export const SMALL_PRIMES: readonly bigint[] = primesBelow(1000).map(BigInt);
// these decide every number below 3.3 x 10^24 (OEIS A014233); above, an error is very unlikely
const WITNESSES = [2n, 3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n, 29n, 31n, 37n, 41n];

// the sizes that OpenSSL accepts for a Diffie–Hellman modulus
const MIN_FAST_BITS = 512;
const MAX_FAST_BITS = 8192;

export function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = remainder(base, modulus);
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result % modulus;
}

/**
 * Returns a function that raises its argument to `exponent`, for many calls.
 *
 * A Diffie–Hellman secret is such a power, whatever the modulus. For large numbers OpenSSL computes
 * it ten times as fast as `power`.
 */
export function powers(exponent: bigint, modulus: bigint): (base: bigint) => bigint {
  const bits = bitLength(modulus);
  if (
    bits < MIN_FAST_BITS ||
    bits > MAX_FAST_BITS ||
    bitLength(exponent) < MIN_FAST_BITS ||
    exponent >= modulus
  )
    return (base) => power(base, exponent, modulus);
  const group = createDiffieHellman(Buffer.from(toBytes(modulus)), Buffer.of(2));
  group.setPrivateKey(Buffer.from(toBytes(exponent)));
  return (base) => {
    const value = remainder(base, modulus);
    if (value < 2n || value > modulus - 2n) return power(value, exponent, modulus);
    return fromBytes(group.computeSecret(Buffer.from(toBytes(value))));
  };
}

/** Returns the remainder that is not negative. */
export function remainder(value: bigint, modulus: bigint): bigint {
  const rest = value % modulus;
  return rest < 0n ? rest + modulus : rest;
}

export function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b];
  while (y > 0n) [x, y] = [y, x % y];
  return x;
}

/** Returns the inverse of `value` modulo `modulus`, or undefined if there is none. */
export function inverse(value: bigint, modulus: bigint): bigint | undefined {
  let [a, b] = [remainder(value, modulus), modulus];
  let [x, y] = [1n, 0n];
  while (b > 0n) {
    const quotient = a / b;
    [a, b] = [b, a - quotient * b];
    [x, y] = [y, x - quotient * y];
  }
  return a === 1n ? remainder(x, modulus) : undefined;
}

/** Returns the largest integer whose `degree`-th power is at most `value`. */
export function root(value: bigint, degree: bigint): bigint {
  if (value < 2n) return value;
  let guess = 1n << (BigInt(bitLength(value)) / degree + 1n);
  for (;;) {
    const next = ((degree - 1n) * guess + value / guess ** (degree - 1n)) / degree;
    if (next >= guess) return guess;
    guess = next;
  }
}

export function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length;
}

export function isPrime(value: bigint): boolean {
  if (value < 2n) return false;
  for (const prime of SMALL_PRIMES) {
    if (value === prime) return true;
    if (value % prime === 0n) return false;
  }
  // OpenSSL is faster; two rounds do, because no attack relies on a number that passes by chance
  if (value >> 128n) return checkPrimeSync(value, { checks: 2 });
  let odd = value - 1n;
  let twos = 0;
  while ((odd & 1n) === 0n) {
    odd >>= 1n;
    twos++;
  }
  return WITNESSES.every((witness) => {
    let x = power(witness, odd, value);
    if (x === 1n || x === value - 1n) return true;
    for (let step = 1; step < twos; step++) {
      x = (x * x) % value;
      if (x === value - 1n) return true;
    }
    return false;
  });
}

export function fromBytes(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
}

/** Returns `value` in big-endian, padded with leading zeros to `length` bytes. */
export function toBytes(value: bigint, length = 0): Bytes {
  const hex = value.toString(16);
  return asBytes(Buffer.from(hex.padStart(Math.max(2 * length, hex.length + (hex.length % 2)), "0"), "hex"));
}

export function primesBelow(limit: number): number[] {
  const isComposite = new Uint8Array(limit);
  const primes: number[] = [];
  for (let number = 2; number < limit; number++) {
    if (isComposite[number]) continue;
    primes.push(number);
    for (let multiple = number * number; multiple < limit; multiple += number) isComposite[multiple] = 1;
  }
  return primes;
}
