/** Ciphers of coursework that OpenSSL lacks: RC4, Salsa20, and the keystream of AES-EAX. */
import { createCipheriv } from "node:crypto";
import { type Bytes, concat, encodeUtf8 } from "../../../../lib/bytes/bytes.ts";
import { asBytes } from "../capture/proof.ts";

/** RC4 (vectors: RFC 6229). It runs for thousands of keys, so there are no inner functions. */
export function rc4(key: Bytes, data: Bytes): Bytes {
  const state = new Uint8Array(256);
  for (let i = 0; i < 256; i++) state[i] = i;
  for (let i = 0, j = 0; i < 256; i++) {
    const held = state[i] ?? 0;
    j = (j + held + (key[i % key.length] ?? 0)) & 255;
    state[i] = state[j] ?? 0;
    state[j] = held;
  }
  const result = new Uint8Array(data.length);
  for (let at = 0, i = 0, j = 0; at < data.length; at++) {
    i = (i + 1) & 255;
    const held = state[i] ?? 0;
    j = (j + held) & 255;
    const other = state[j] ?? 0;
    state[i] = other;
    state[j] = held;
    result[at] = (data[at] ?? 0) ^ (state[(held + other) & 255] ?? 0);
  }
  return result;
}

/**
 * The steps of a double round: target word, two source words, rotation; columns first, then rows.
 */
const SALSA_STEPS = Uint8Array.from(
  ["column", "row"].flatMap((way) =>
    [0, 1, 2, 3].flatMap((line) =>
      [7, 9, 13, 18].flatMap((turn, step) => {
        const words = [step + 1, step, step + 3].map((part) => (line + part) % 4);
        return [...words.map((part) => (way === "column" ? 4 * part + line : 4 * line + part)), turn];
      }),
    ),
  ),
);
const SALSA_CONSTANTS: Record<number, string> = { 16: "expand 16-byte k", 32: "expand 32-byte k" };

/**
 * Salsa20 (Bernstein, "Salsa20 specification", 2005) with a key of 16 or 32 bytes and a nonce of 8.
 */
export function salsa20(key: Bytes, nonce: Bytes, data: Bytes): Bytes {
  const constants = encodeUtf8(SALSA_CONSTANTS[key.length] ?? "");
  const input = new DataView(
    concat([
      ...[constants.slice(0, 4), key.slice(0, 16), constants.slice(4, 8), nonce, new Uint8Array(8)],
      ...[constants.slice(8, 12), key.slice(-16), constants.slice(12)],
    ]).buffer,
  );
  const stream = new Uint8Array(64 * Math.ceil(data.length / 64));
  const x = new Uint32Array(16);
  for (let block = 0; 64 * block < stream.length; block++) {
    input.setUint32(32, block, true);
    for (let at = 0; at < 16; at++) x[at] = input.getUint32(4 * at, true);
    for (let round = 0; round < 10; round++) {
      for (let at = 0; at < SALSA_STEPS.length; at += 4) {
        const sum = ((x[SALSA_STEPS[at + 1] ?? 0] ?? 0) + (x[SALSA_STEPS[at + 2] ?? 0] ?? 0)) >>> 0;
        const turn = SALSA_STEPS[at + 3] ?? 0;
        const target = SALSA_STEPS[at] ?? 0;
        x[target] = (x[target] ?? 0) ^ ((sum << turn) | (sum >>> (32 - turn)));
      }
    }
    const output = new DataView(stream.buffer, 64 * block, 64);
    for (let at = 0; at < 16; at++)
      output.setUint32(4 * at, ((x[at] ?? 0) + input.getUint32(4 * at, true)) >>> 0, true);
  }
  return masked(data, stream);
}

/** Returns `data` XOR the bytes of `mask` from `from` on, which must be as many. */
export function masked(data: Bytes, mask: Uint8Array, from = 0): Bytes {
  const result = new Uint8Array(data.length);
  for (let at = 0; at < data.length; at++) result[at] = (data[at] ?? 0) ^ (mask[from + at] ?? 0);
  return result;
}

/**
 * Returns the first counter of AES-EAX: OMAC of a zero block and the nonce (Bellare, Rogaway,
 * Wagner, 2004).
 */
export function eaxCounter(key: Bytes, nonce: Bytes): Bytes {
  return tweakedMac(key, 0, nonce);
}

/** Returns the tag of AES-EAX for a ciphertext without associated data. */
export function eaxTag(key: Bytes, nonce: Bytes, ciphertext: Bytes): Bytes {
  const parts = [nonce, new Uint8Array(), ciphertext].map((data, tweak) => tweakedMac(key, tweak, data));
  return parts.reduce((sum, part) => masked(sum, part));
}

/** OMAC of a block that ends in `tweak`, and `data`. */
function tweakedMac(key: Bytes, tweak: number, data: Bytes): Bytes {
  const first = new Uint8Array(16);
  first[15] = tweak;
  return omac(key, concat([first, data]));
}

/** CMAC (RFC 4493 §2.4) of a message that is not empty. */
function omac(key: Bytes, message: Bytes): Bytes {
  const encrypt = (block: Bytes) => {
    const cipher = createCipheriv(`aes-${8 * key.length}-ecb`, key, null).setAutoPadding(false);
    return asBytes(cipher.update(block));
  };
  const doubled = double(encrypt(new Uint8Array(16)));
  const isWhole = message.length % 16 === 0;
  const padded = new Uint8Array(16 * Math.ceil(message.length / 16));
  padded.set(message);
  if (!isWhole) padded[message.length] = 0x80;
  const last = masked(padded.subarray(-16), isWhole ? doubled : double(doubled));
  padded.set(last, padded.length - 16);
  const iv = new Uint8Array(16);
  const cipher = createCipheriv(`aes-${8 * key.length}-cbc`, key, iv).setAutoPadding(false);
  return asBytes(cipher.update(padded)).slice(-16);
}

/** Multiplication by two in the field of CMAC (RFC 4493 §2.3). */
function double(block: Bytes): Bytes {
  const carry = (block[0] ?? 0) >> 7;
  return block.map((byte, at) => {
    const next = at < 15 ? (block[at + 1] ?? 0) >> 7 : 0;
    return ((byte << 1) & 255) | next | (at === 15 ? carry * 0x87 : 0);
  });
}
