/** Ciphers that OpenSSL no longer has, or never had, and that coursework uses: RC4, and the keystream of AES-EAX. */
import { createCipheriv } from "node:crypto";
import type { Bytes } from "../../../lib/bytes.ts";
import { asBytes } from "./proof.ts";

/** RC4 (RFC 6229 has vectors). */
export function rc4(key: Bytes, data: Bytes): Bytes {
  const state = Uint8Array.from({ length: 256 }, (_, index) => index);
  const swap = (a: number, b: number) => {
    const held = state[a] ?? 0;
    state[a] = state[b] ?? 0;
    state[b] = held;
  };
  for (let i = 0, j = 0; i < 256; i++) {
    j = (j + (state[i] ?? 0) + (key[i % key.length] ?? 0)) & 255;
    swap(i, j);
  }
  let i = 0;
  let j = 0;
  return data.map((byte) => {
    i = (i + 1) & 255;
    j = (j + (state[i] ?? 0)) & 255;
    swap(i, j);
    return byte ^ (state[((state[i] ?? 0) + (state[j] ?? 0)) & 255] ?? 0);
  });
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
