/** The attacker's own RSA keys, which look like those that they replace. */
import { generatePrimeSync } from "node:crypto";
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import { bitLength, fromBytes, gcd, inverse, power, toBytes } from "../arithmetic/modular.ts";
import { PADDINGS, type Padding, pad, unpad } from "./padding.ts";

export interface PublicNumbers {
  modulus: bigint;
  exponent: bigint;
}

export interface PrivateNumbers extends PublicNumbers {
  privateExponent: bigint;
}

export interface Opened {
  padding: Padding | "none";
  plaintext: Bytes;
}

const MAX_TRIES = 1000;

/**
 * Makes a key with the same exponent as `theirs` and a modulus of as many bits and decimal digits.
 *
 * @throws Error if there is hardly any, as for a modulus of a few bits or an even exponent
 */
export function keyLike(theirs: PublicNumbers): PrivateNumbers {
  const bits = bitLength(theirs.modulus);
  const digits = String(theirs.modulus).length;
  const half = bits >> 1;
  for (let tries = 0; tries < MAX_TRIES && half >= 3; tries++) {
    const p = generatePrimeSync(bits - half, { bigint: true });
    const q = generatePrimeSync(half, { bigint: true });
    const modulus = p * q;
    const order = (p - 1n) * (q - 1n);
    if (p === q || bitLength(modulus) !== bits || String(modulus).length !== digits) continue;
    const privateExponent = gcd(theirs.exponent, order) === 1n ? inverse(theirs.exponent, order) : undefined;
    if (privateExponent !== undefined && modulus !== theirs.modulus)
      return { modulus, exponent: theirs.exponent, privateExponent };
  }
  throw new Error(`there is no other RSA key of ${bits} bits with the exponent ${theirs.exponent}`);
}

/**
 * Decrypts a block and removes its padding; without a valid padding, returns the shortest encoding
 * of the number. Returns undefined if the block is not below the modulus.
 */
export function openBlock(key: PrivateNumbers, block: Bytes): Opened | undefined {
  const value = fromBytes(block);
  if (value >= key.modulus) return undefined;
  const opened = power(value, key.privateExponent, key.modulus);
  const padded = toBytes(opened, Math.ceil(bitLength(key.modulus) / 8));
  for (const padding of PADDINGS) {
    const plaintext = unpad(padded, padding);
    if (plaintext) return { padding, plaintext };
  }
  return { padding: "none", plaintext: toBytes(opened) };
}

/**
 * Encrypts a message into a block as long as the modulus.
 *
 * @throws RangeError if the message is too long
 */
export function sealBlock(key: PublicNumbers, { padding, plaintext }: Opened): Bytes {
  const length = Math.ceil(bitLength(key.modulus) / 8);
  const value = fromBytes(padding === "none" ? plaintext : pad(plaintext, length, padding));
  if (value >= key.modulus) throw new RangeError("the message is too long for this key");
  return toBytes(power(value, key.exponent, key.modulus), length);
}
