/**
 * Discrete logarithms modulo a small prime: Pohlig–Hellman, with baby and giant steps for each
 * prime factor of the order.
 */
import type { Budget } from "../capture/budget.ts";
import { factor } from "./factor.ts";
import { inverse, power, root } from "./modular.ts";

const MAX_STEPS = 1n << 19n;

/** Returns an x with `generator`^x = `value` modulo the prime `modulus`, or undefined. */
export function discreteLog(
  generator: bigint,
  value: bigint,
  modulus: bigint,
  budget: Budget,
): bigint | undefined {
  const factors = factor(modulus - 1n, budget);
  if (!factors) return undefined;
  // the order of the generator, which need not generate the whole group
  let order = modulus - 1n;
  for (const prime of factors.primes) {
    if (power(generator, order / prime, modulus) === 1n) order /= prime;
  }
  let [result, known] = [0n, 1n];
  for (const prime of new Set(factors.primes)) {
    if (order % prime !== 0n) continue;
    let whole = 1n;
    while (order % (whole * prime) === 0n) whole *= prime;
    const digit = inPrimePower(
      power(generator, order / whole, modulus),
      power(value, order / whole, modulus),
      prime,
      whole,
      modulus,
      budget,
    );
    if (digit === undefined) return undefined;
    // the Chinese remainder theorem, one prime at a time
    const inverted = inverse(known % whole, whole) ?? 0n;
    const step = whole === 1n ? 0n : (((digit - result) % whole) * inverted) % whole;
    result += known * (step < 0n ? step + whole : step);
    known *= whole;
  }
  return power(generator, result, modulus) === value ? result : undefined;
}

/** The logarithm in the subgroup whose order is a power of `prime`, digit by digit. */
function inPrimePower(
  base: bigint,
  value: bigint,
  prime: bigint,
  whole: bigint,
  modulus: bigint,
  budget: Budget,
): bigint | undefined {
  const step = power(base, whole / prime, modulus);
  const inverted = inverse(base, modulus);
  if (inverted === undefined) return undefined;
  let result = 0n;
  for (let place = 1n; place < whole; place *= prime) {
    const rest = (value * power(inverted, result, modulus)) % modulus;
    const digit = babyAndGiant(step, power(rest, whole / (place * prime), modulus), prime, modulus, budget);
    if (digit === undefined) return undefined;
    result += digit * place;
  }
  return result;
}

function babyAndGiant(
  base: bigint,
  value: bigint,
  order: bigint,
  modulus: bigint,
  budget: Budget,
): bigint | undefined {
  const width = root(order, 2n) + 1n;
  if (width > MAX_STEPS || !budget.spend(Number(width) * 1000)) return undefined;
  const baby = new Map<bigint, bigint>();
  for (let step = 0n, at = 1n; step < width; step++, at = (at * base) % modulus) {
    if (baby.has(at)) break;
    baby.set(at, step);
  }
  const giant = inverse(power(base, width, modulus), modulus);
  if (giant === undefined) return undefined;
  for (let step = 0n, at = value; step <= width; step++, at = (at * giant) % modulus) {
    const found = baby.get(at);
    if (found !== undefined) return step * width + found;
  }
  return undefined;
}
