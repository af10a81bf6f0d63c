/** The paddings of RSA (RFC 8017 §7). */
import { createHash, randomBytes } from "node:crypto";
import { type Bytes, concat, equal } from "../../../../lib/bytes/bytes.ts";
import { asBytes } from "../capture/proof.ts";

export const PADDINGS = [
  "OAEP, SHA-256",
  "OAEP, SHA-1",
  "OAEP, SHA-512",
  "OAEP, SHA-384",
  "PKCS #1 v1.5",
] as const;
export type Padding = (typeof PADDINGS)[number];

/** Removes `padding` from a block as long as the modulus; returns undefined if it is not valid. */
export function unpad(block: Bytes, padding: Padding): Bytes | undefined {
  if (padding !== "PKCS #1 v1.5") return unpadOaep(block, hashOf(padding));
  if (block[0] !== 0 || block[1] !== 2) return undefined;
  const end = block.indexOf(0, 2);
  return end >= 10 ? block.slice(end + 1) : undefined;
}

/**
 * Puts `padding` around `message`.
 *
 * @throws RangeError if the message is too long for `length` bytes
 */
export function pad(message: Bytes, length: number, padding: Padding): Bytes {
  if (padding !== "PKCS #1 v1.5") return padOaep(message, length, hashOf(padding));
  const filling = length - message.length - 3;
  if (filling < 8) throw new RangeError(`expected at most ${length - 11} bytes, got ${message.length}`);
  const random = randomBytes(filling).map((byte) => byte || 1);
  return concat([Uint8Array.of(0, 2), asBytes(random), Uint8Array.of(0), message]);
}

function unpadOaep(block: Bytes, hash: string): Bytes | undefined {
  const size = digest(hash, new Uint8Array()).length;
  if (block.length < 2 * size + 2 || block[0] !== 0) return undefined;
  const masked = block.subarray(1 + size);
  const seed = xor(block.subarray(1, 1 + size), mask(masked, size, hash));
  const data = xor(masked, mask(seed, masked.length, hash));
  if (!equal(data.subarray(0, size), digest(hash, new Uint8Array()))) return undefined;
  const end = data.indexOf(1, size);
  return end !== -1 && data.subarray(size, end).every((byte) => byte === 0) ? data.slice(end + 1) : undefined;
}

function padOaep(message: Bytes, length: number, hash: string): Bytes {
  const size = digest(hash, new Uint8Array()).length;
  const data = new Uint8Array(length - size - 1);
  if (message.length > data.length - size - 1)
    throw new RangeError(`expected at most ${data.length - size - 1} bytes, got ${message.length}`);
  data.set(digest(hash, new Uint8Array()));
  data[data.length - message.length - 1] = 1;
  data.set(message, data.length - message.length);
  const seed = asBytes(randomBytes(size));
  const masked = xor(data, mask(seed, data.length, hash));
  return concat([new Uint8Array(1), xor(seed, mask(masked, size, hash)), masked]);
}

/**
 * Removes the mask from a PSS block (RFC 8017 §9.1.2); returns undefined if there is none.
 *
 * @param bits length of the modulus
 * @returns the hash in the block, and the function that computes it from the hash of the message
 */
export function pssHash(
  block: Bytes,
  bits: number,
  hash: string,
): { expected: Bytes; hashOf: (digest: Bytes) => Bytes } | undefined {
  const size = digest(hash, new Uint8Array()).length;
  const length = Math.ceil((bits - 1) / 8);
  const encoded = block.subarray(block.length - length);
  if (length < 2 * size + 2) return undefined;
  const expected = encoded.slice(length - size - 1, length - 1);
  const data = xor(encoded.subarray(0, length - size - 1), mask(expected, length - size - 1, hash));
  data[0] = (data[0] ?? 0) & (0xff >> (8 * length - (bits - 1)));
  const one = data.findIndex((byte) => byte !== 0);
  if (one === -1 || data[one] !== 1) return undefined;
  const salt = data.slice(one + 1);
  return { expected, hashOf: (message) => digest(hash, concat([new Uint8Array(8), message, salt])) };
}

/** MGF1 (RFC 8017 §B.2.1). */
function mask(seed: Bytes, length: number, hash: string): Bytes {
  const parts: Bytes[] = [];
  for (let counter = 0, made = 0; made < length; counter++) {
    const part = digest(hash, concat([seed, Uint8Array.of(0, 0, counter >> 8, counter)]));
    parts.push(part);
    made += part.length;
  }
  return concat(parts).subarray(0, length);
}

function hashOf(padding: Padding): string {
  return padding.slice("OAEP, ".length).replace("-", "").toLowerCase();
}

function digest(hash: string, data: Bytes): Bytes {
  return asBytes(createHash(hash).update(data).digest());
}

function xor(a: Bytes, b: Bytes): Bytes {
  return a.map((byte, at) => byte ^ (b[at] ?? 0));
}
