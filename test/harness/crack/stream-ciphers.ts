/** Ciphers that OpenSSL no longer has, or never had, and that coursework uses: RC4, and the keystream of AES-EAX. */
import { createCipheriv } from "node:crypto";
import type { Bytes } from "../../../lib/bytes.ts";
import { asBytes } from "./proof.ts";

/** RC4 (RFC 6229 has vectors). Without functions inside: it runs for thousands of keys. */
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

/** Returns `data` with the bytes of `mask` from `from` on taken off; the mask is at least as long. */
export function masked(data: Bytes, mask: Uint8Array, from = 0): Bytes {
  const result = new Uint8Array(data.length);
  for (let at = 0; at < data.length; at++) result[at] = (data[at] ?? 0) ^ (mask[from + at] ?? 0);
  return result;
}

/** Where the counter of AES-EAX begins for `nonce`: OMAC of a block of zeros and the nonce (Bellare, Rogaway, Wagner, 2004). */
export function eaxCounter(key: Bytes, nonce: Bytes): Bytes {
  const encrypt = (block: Bytes) => {
    const cipher = createCipheriv(`aes-${8 * key.length}-ecb`, key, null).setAutoPadding(false);
    return asBytes(cipher.update(block));
  };
  const doubled = double(encrypt(new Uint8Array(16)));
  const isWhole = nonce.length > 0 && nonce.length % 16 === 0;
  const blocks = Math.max(1, Math.ceil(nonce.length / 16));
  const padded = new Uint8Array(16 * blocks);
  padded.set(nonce);
  if (!isWhole) padded[nonce.length] = 0x80;
  const mask = isWhole ? doubled : double(doubled);
  for (let at = 0; at < 16; at++)
    padded[padded.length - 16 + at] = (padded[padded.length - 16 + at] ?? 0) ^ (mask[at] ?? 0);
  let chained = encrypt(new Uint8Array(16));
  for (let block = 0; block < blocks; block++) {
    chained = encrypt(chained.map((byte, at) => byte ^ (padded[16 * block + at] ?? 0)));
  }
  return chained;
}

/** Multiplication by two in the field of CMAC (RFC 4493 §2.3). */
function double(block: Bytes): Bytes {
  const carry = (block[0] ?? 0) >> 7;
  return block.map((byte, at) => {
    const next = at < 15 ? (block[at + 1] ?? 0) >> 7 : 0;
    return ((byte << 1) & 255) | next | (at === 15 ? carry * 0x87 : 0);
  });
}
