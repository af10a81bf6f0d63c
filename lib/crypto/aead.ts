/**
 * AES-256-GCM (NIST SP 800-38D) for records.
 *
 * The exception to webcrypto.ts: a WebCrypto call costs a promise, a job on another thread and two
 * copies, for each of millions of records. `node:crypto` works synchronously, and exists in Node,
 * Deno and Bun.
 */
import type { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv } from "node:crypto";
import type { Bytes } from "../bytes/bytes.ts";

export const KEY_LENGTH = 32;
export const NONCE_LENGTH = 12;
export const TAG_LENGTH = 16;

// larger pieces of fresh memory cost more than the cipher: the system maps and clears each
const PIECE_LENGTH = 64 * 1024;
const CIPHER = "aes-256-gcm";
// without it, shorter tags would be accepted
const OPTIONS = { authTagLength: TAG_LENGTH };

/** The inputs beside the text. */
export interface AeadParameters {
  /** 32 bytes. */
  key: Bytes;
  /** 12 bytes, never used twice under one key. */
  nonce: Bytes;
  additionalData: Bytes;
}

/**
 * Encrypts and authenticates `text`; returns the ciphertext, as long as the text, in pieces, and
 * then the tag.
 */
export function seal({ key, nonce, additionalData }: AeadParameters, text: Bytes): Bytes[] {
  const cipher = createCipheriv(CIPHER, key, nonce, OPTIONS);
  cipher.setAAD(additionalData);
  const sealed: Bytes[] = [];
  for (let start = 0; start < text.length; start += PIECE_LENGTH)
    sealed.push(bytesOf(cipher.update(text.subarray(start, start + PIECE_LENGTH))));
  cipher.final();
  sealed.push(bytesOf(cipher.getAuthTag()));
  return sealed;
}

/**
 * Decrypts `sealed`, a ciphertext and its tag, into new memory.
 *
 * @throws Error when it is not authentic; the decrypted bytes have been zeroed
 */
export function open({ key, nonce, additionalData }: AeadParameters, sealed: Bytes): Bytes {
  const end = sealed.length - TAG_LENGTH;
  if (end < 0) throw new Error(`expected at least ${TAG_LENGTH} bytes, got ${sealed.length}`);
  const decipher = createDecipheriv(CIPHER, key, nonce, OPTIONS);
  decipher.setAAD(additionalData);
  decipher.setAuthTag(sealed.subarray(end));
  const text = bytesOf(decipher.update(sealed.subarray(0, end)));
  try {
    decipher.final();
  } catch (error) {
    text.fill(0);
    throw error;
  }
  return text;
}

/** Returns the same memory as a Uint8Array, because `slice` of a Buffer does not copy. */
function bytesOf(buffer: Buffer<ArrayBuffer>): Bytes {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
