/**
 * SHA-256 (FIPS 180-4), and HMAC (RFC 2104) and HKDF (RFC 5869) with it, for the channel and for
 * logins.
 *
 * By node:crypto, like the cipher in aead.ts: a WebCrypto call costs ten times as much as the hash.
 */
import { createHash, createHmac, hkdfSync } from "node:crypto";
import type { Bytes } from "../bytes/bytes.ts";

/** Returns the 32-byte hash of `data`. */
export function hash(data: Bytes): Bytes {
  return new Uint8Array(createHash("sha256").update(data).digest());
}

/** Returns the 32-byte authentication code of `data` under `key`. */
export function hmac(key: Bytes, data: Bytes): Bytes {
  return new Uint8Array(createHmac("sha256", key).update(data).digest());
}

/** Derives `length` bytes from `secret` for the use that `info` names. */
export function hkdf(secret: Bytes, salt: Bytes, info: Bytes, length: number): Bytes {
  return new Uint8Array(hkdfSync("sha256", secret, salt, info, length));
}
