/**
 * Fernet tokens (github.com/fernet/spec, version 0x80), interoperable with Python's `cryptography`.
 *
 *     key   = signing key (16) ‖ encryption key (16)
 *     token = base64url(0x80 ‖ time (8) ‖ IV (16) ‖ ciphertext ‖ HMAC (32))
 *     time  = seconds since 1970, uint64 big-endian
 *
 * The ciphertext is AES-128-CBC with PKCS #7 padding; the HMAC-SHA-256 covers everything before it.
 */
import {
  type Bytes,
  concat,
  decodeUtf8,
  encodeUtf8,
  equal,
  fromBase64Url,
  toBase64Url,
} from "../bytes/bytes.ts";
import { NOT_AUTHENTIC } from "./signature.ts";
import { randomBytes, subtle } from "./webcrypto.ts";

export const FERNET_KEY_LENGTH = 32;
const SIGNING_KEY_LENGTH = 16;
const VERSION = 0x80;
const TIME_OFFSET = 1;
const IV_OFFSET = 9;
const CIPHERTEXT_OFFSET = 25;
const BLOCK_LENGTH = 16;
const HMAC_LENGTH = 32;
const MIN_LENGTH = CIPHERTEXT_OFFSET + BLOCK_LENGTH + HMAC_LENGTH;
const MAX_CLOCK_SKEW = 60;

interface FernetKeys {
  signingKey: CryptoKey;
  encryptionKey: CryptoKey;
}

/** Returns a new key, 32 random bytes. */
export function generateFernetKey(): Bytes {
  return randomBytes(FERNET_KEY_LENGTH);
}

/**
 * Seals `text` under `key`; returns the token in ASCII.
 *
 * @param fixed time (seconds since 1970) and IV (16 bytes) for test vectors, instead of the clock
 *   and random bytes
 */
export async function sealToken(
  key: Bytes,
  text: string,
  fixed: { time?: number; iv?: Bytes } = {},
): Promise<Bytes> {
  const { signingKey, encryptionKey } = await importKey(key);
  const iv = fixed.iv ?? randomBytes(BLOCK_LENGTH);
  const header = new Uint8Array(CIPHERTEXT_OFFSET);
  header[0] = VERSION;
  new DataView(header.buffer).setBigUint64(TIME_OFFSET, BigInt(fixed.time ?? Math.floor(Date.now() / 1000)));
  header.set(iv, IV_OFFSET);
  const ciphertext = new Uint8Array(
    await subtle.encrypt({ name: "AES-CBC", iv }, encryptionKey, encodeUtf8(text)),
  );
  const signed = concat([header, ciphertext]);
  return encodeUtf8(toBase64Url(concat([signed, await hmac(signingKey, signed)])));
}

/**
 * Returns the text of `token`, which is in ASCII, under `key`.
 *
 * @param limits limit: bytes of the longest text that is taken; ttl: how old the token may be, in
 *   seconds (by default any age, since a session's own freshness is stronger); now: the clock to
 *   measure by, in seconds since 1970
 * @throws Error, always the same, when the token was not made with this key; others when its text
 *   is too long or not UTF-8
 */
export async function openToken(
  key: Bytes,
  token: Bytes,
  limits: { limit?: number; ttl?: number; now?: number } = {},
): Promise<string> {
  return decodeUtf8(await decryptToken(await importKey(key), token, limits), limits.limit);
}

async function decryptToken(
  { signingKey, encryptionKey }: FernetKeys,
  token: Bytes,
  { ttl = Number.POSITIVE_INFINITY, now = Math.floor(Date.now() / 1000) }: { ttl?: number; now?: number },
): Promise<Bytes> {
  try {
    const bytes = fromBase64Url(decodeUtf8(token));
    const signed = bytes.subarray(0, -HMAC_LENGTH);
    const tag = bytes.subarray(-HMAC_LENGTH);
    if (bytes.length < MIN_LENGTH || bytes[0] !== VERSION) throw new Error(NOT_AUTHENTIC);
    if (!equal(await hmac(signingKey, signed), tag)) throw new Error(NOT_AUTHENTIC);
    const time = Number(new DataView(bytes.buffer).getBigUint64(TIME_OFFSET));
    const timely = ttl === Number.POSITIVE_INFINITY || (now <= time + ttl && time <= now + MAX_CLOCK_SKEW);
    if (!timely) throw new Error(NOT_AUTHENTIC);
    const iv = signed.subarray(IV_OFFSET, CIPHERTEXT_OFFSET);
    const ciphertext = signed.subarray(CIPHERTEXT_OFFSET);
    return new Uint8Array(await subtle.decrypt({ name: "AES-CBC", iv }, encryptionKey, ciphertext));
  } catch {
    throw new Error(NOT_AUTHENTIC);
  }
}

async function importKey(key: Bytes): Promise<FernetKeys> {
  if (key.length !== FERNET_KEY_LENGTH) {
    throw new RangeError(`a Fernet key: expected ${FERNET_KEY_LENGTH} bytes, got ${key.length}`);
  }
  const [signing, encryption] = [key.subarray(0, SIGNING_KEY_LENGTH), key.subarray(SIGNING_KEY_LENGTH)];
  return {
    signingKey: await subtle.importKey("raw", signing, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]),
    encryptionKey: await subtle.importKey("raw", encryption, "AES-CBC", false, ["encrypt", "decrypt"]),
  };
}

async function hmac(signingKey: CryptoKey, data: Bytes): Promise<Bytes> {
  return new Uint8Array(await subtle.sign("HMAC", signingKey, data));
}
