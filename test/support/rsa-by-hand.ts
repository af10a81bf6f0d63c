/**
 * RSASSA-PSS and RSAES-OAEP of RFC 8017 with salt and seed given, SHA-256 throughout.
 *
 * WebCrypto draws both itself; a worked example has to fix them. Slow, not constant in time, for
 * public keys only.
 */
import { Buffer } from "node:buffer";
import { createHash, createPrivateKey } from "node:crypto";
import { type Bytes, concat, toHex } from "../../lib/bytes/bytes.ts";
import { encodeUint32 } from "../../lib/bytes/fields.ts";

const HASH_LENGTH = 32;

export interface RsaNumbers {
  modulus: bigint;
  publicExponent: bigint;
  privateExponent: bigint;
  /** Bytes of the modulus. */
  length: number;
}

/** Reads the numbers out of a private key in PEM. */
export function readNumbers(pem: string): RsaNumbers {
  const { n = "", e = "", d = "" } = createPrivateKey(pem).export({ format: "jwk" });
  const [modulus, publicExponent, privateExponent] = [n, e, d].map((text) => toNumber(fromJwk(text)));
  if (modulus === undefined || publicExponent === undefined || privateExponent === undefined)
    throw new Error("no RSA");
  return { modulus, publicExponent, privateExponent, length: fromJwk(n).length };
}

/** RSASSA-PSS-SIGN (RFC 8017 §8.1.1) with EMSA-PSS-ENCODE (§9.1.1). */
export function signByHand(key: RsaNumbers, message: Bytes, salt: Bytes): Bytes {
  const hash = sha256(concat([new Uint8Array(8), sha256(message), salt]));
  const block = new Uint8Array(key.length - HASH_LENGTH - 1);
  block[block.length - salt.length - 1] = 1;
  block.set(salt, block.length - salt.length);
  const masked = xor(block, mgf1(hash, block.length));
  masked[0] = (masked[0] ?? 0) & 0x7f; // emBits is one less than the bits of the modulus
  const encoded = concat([masked, hash, new Uint8Array([0xbc])]);
  return toBytes(power(toNumber(encoded), key.privateExponent, key.modulus), key.length);
}

/** RSAES-OAEP-ENCRYPT (RFC 8017 §7.1.1). */
export function encryptByHand(key: RsaNumbers, message: Bytes, seed: Bytes, label: Bytes): Bytes {
  const block = new Uint8Array(key.length - HASH_LENGTH - 1);
  block.set(sha256(label));
  block[block.length - message.length - 1] = 1;
  block.set(message, block.length - message.length);
  const masked = xor(block, mgf1(seed, block.length));
  const encoded = concat([new Uint8Array(1), xor(seed, mgf1(masked, HASH_LENGTH)), masked]);
  return toBytes(power(toNumber(encoded), key.publicExponent, key.modulus), key.length);
}

export function sha256(data: Bytes): Bytes {
  return new Uint8Array(createHash("sha256").update(data).digest());
}

function mgf1(seed: Bytes, length: number): Bytes {
  const parts = [];
  for (let counter = 0; counter * HASH_LENGTH < length; counter++) {
    parts.push(sha256(concat([seed, encodeUint32(counter)])));
  }
  return concat(parts).subarray(0, length);
}

function xor(a: Bytes, b: Bytes): Bytes {
  return a.map((byte, index) => byte ^ (b[index] ?? 0));
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (const bit of exponent.toString(2)) {
    result = (result * result) % modulus;
    if (bit === "1") result = (result * base) % modulus;
  }
  return result;
}

function toNumber(bytes: Bytes): bigint {
  return BigInt(`0x${toHex(bytes)}`);
}

function toBytes(number: bigint, length: number): Bytes {
  return new Uint8Array(Buffer.from(number.toString(16).padStart(2 * length, "0"), "hex"));
}

function fromJwk(text: string): Bytes {
  return new Uint8Array(Buffer.from(text, "base64url"));
}
