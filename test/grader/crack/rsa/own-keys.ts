/** The attacker's own RSA keys, made to look like the ones that they replace. */
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
 * Makes a key whose numbers take as many bits and decimal digits as those of `theirs`, with the same exponent.
 *
 * @throws Error when there is hardly any, such as for a modulus of a few bits or an even exponent
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
 * Decrypts a block; undefined when it is no number below the modulus.
 *
 * Where a padding is right, it is taken off; else the plaintext is as short as the number it was.
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
 * Encrypts a block, as long as the modulus.
 *
 * @throws RangeError when the message is too long
 */
export function sealBlock(key: PublicNumbers, { padding, plaintext }: Opened): Bytes {
  const length = Math.ceil(bitLength(key.modulus) / 8);
  const value = fromBytes(padding === "none" ? plaintext : pad(plaintext, length, padding));
  if (value >= key.modulus) throw new RangeError("the message is too long for this key");
  return toBytes(power(value, key.exponent, key.modulus), length);
}
