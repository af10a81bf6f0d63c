/** Decrypts a message with a known key by every common cipher in every common layout. */
import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv, createHmac } from "node:crypto";
import { type Bytes, concat } from "../../../../lib/bytes/bytes.ts";
import { asBytes } from "../capture/proof.ts";
import { eaxCounter, masked, rc4, salsa20 } from "./stream-ciphers.ts";

export interface Decrypted {
  /** `AES-128-CBC, its IV in front`. */
  cipher: string;
  plaintext: Bytes;
  /** True if a tag was verified, so that the plaintext needs no other check. */
  authenticated: boolean;
}

const AES = new Set([16, 24, 32]);
/** The number of bytes of a message that are decrypted: enough to recognize the text. */
export const MAX_TRIED = 768;
/** The same for ciphers of our own, which are slow. */
const MAX_OURS = 128;

/**
 * Yields the decryption of `data` with `key` by each cipher. At most one makes sense: the caller
 * recognizes it, unless it is `authenticated`.
 *
 * @param nonces other captured bytes that may be the IV or the nonce of this message
 */
export function* decryptions(key: Bytes, data: Bytes, nonces: readonly Bytes[]): Generator<Decrypted> {
  if (key.length === 32) yield* fernet(key, data);
  // all of the data: where the blocks of CBC begin may depend on the length
  if (AES.has(key.length)) yield* aes(key, data, nonces);
  if (key.length === 32) yield* chacha(key, data, nonces);
  if (key.length === 16 || key.length === 32)
    for (const { nonce, rest, where } of nonceLayouts(data, [8], nonces))
      yield unauthenticated(`Salsa20, its nonce ${where}`, salsa20(key, nonce, rest.subarray(0, MAX_OURS)));
  if (key.length === 8 || key.length === 16 || key.length === 24) yield* des(key, data);
  if (key.length >= 5 && key.length <= 64)
    yield unauthenticated("RC4", rc4(key, data.subarray(0, MAX_TRIED)));
  if (key.length > 0)
    yield unauthenticated(
      "XOR with the key, repeated",
      data.subarray(0, MAX_TRIED).map((byte, at) => byte ^ (key[at % key.length] ?? 0)),
    );
}

/** Version, time, IV, AES-128-CBC and HMAC (github.com/fernet/spec), in base64 or not. */
function* fernet(key: Bytes, data: Bytes): Generator<Decrypted> {
  for (const token of fernetTokens(data)) {
    if (!isFernetOf(key, token)) continue;
    const decipher = createDecipheriv("aes-128-cbc", key.subarray(16), token.subarray(9, 25));
    const plaintext = asBytes(Buffer.concat([decipher.update(token.subarray(25, -32)), decipher.final()]));
    yield { cipher: "Fernet", plaintext, authenticated: true };
  }
}

/** Returns what may be Fernet tokens in `data`. */
export function fernetTokens(data: Bytes): Bytes[] {
  return (data[0] === 0x80 ? [data] : tokensIn(data)).filter(
    ({ length }) => length >= 73 && (length - 57) % 16 === 0,
  );
}

/** Says whether a Fernet token was made with `key`. */
export function isFernetOf(key: Bytes, token: Bytes): boolean {
  const tag = createHmac("sha256", key.subarray(0, 16)).update(token.subarray(0, -32)).digest();
  return tag.equals(token.subarray(-32));
}

function tokensIn(data: Bytes): Bytes[] {
  const text = Buffer.from(data).toString("latin1");
  return [...text.matchAll(/gAAAA[A-Za-z0-9_-]{90,}={0,2}/g)].map(([token]) =>
    asBytes(Buffer.from(token, "base64url")),
  );
}

function* aes(key: Bytes, data: Bytes, nonces: readonly Bytes[]): Generator<Decrypted> {
  const name = `AES-${8 * key.length}`;
  const algorithm = `aes-${8 * key.length}`;
  yield* blockModes(name, algorithm, key, data, 16);
  const start = data.subarray(0, MAX_TRIED);
  yield unauthenticated(
    `${name}-CFB8`,
    asBytes(createDecipheriv(`${algorithm}-cfb8`, key, new Uint8Array(16)).update(start)),
  );
  const counted: { cipher: string; counter: Bytes; rest: Bytes }[] = [];
  for (const { nonce, rest, where } of nonceLayouts(data, [16, 12, 8], nonces)) {
    if (nonce.length === 16 && where !== "zero") {
      yield unauthenticated(
        `${name}-OFB, its IV ${where}`,
        asBytes(createDecipheriv(`${algorithm}-ofb`, key, nonce).update(rest)),
      );
      yield unauthenticated(`${name}-GCM, its nonce ${where}`, gcm(key, nonce, rest));
      counted.push({ cipher: `${name}-EAX, its nonce ${where}`, counter: eaxCounter(key, nonce), rest });
    }
    const zeros = new Uint8Array(16 - nonce.length);
    for (let first = 0; first < (nonce.length === 16 ? 1 : 3); first++) {
      const counter = concat([nonce, zeros]);
      counter[15] = (counter[15] ?? 0) + first;
      // with a nonce of 12 bytes, the counter of GCM begins at two
      const mode = nonce.length === 12 && first === 2 ? "GCM" : "CTR";
      counted.push({ cipher: `${name}-${mode}, its nonce ${where}`, counter, rest });
    }
  }
  yield* countedModes(key, counted);
}

/** Encrypts all counters at once, because a call costs more than the bytes that it encrypts. */
function* countedModes(
  key: Bytes,
  list: readonly { cipher: string; counter: Bytes; rest: Bytes }[],
): Generator<Decrypted> {
  const longest = Math.max(0, ...list.map(({ rest }) => rest.length));
  const size = 16 * Math.ceil(Math.min(longest, MAX_TRIED) / 16);
  const counters = new Uint8Array(size * list.length);
  for (const [index, { counter }] of list.entries()) {
    const next = new Uint8Array(counter);
    for (let at = index * size; at < (index + 1) * size; at += 16) {
      counters.set(next, at);
      for (let digit = 15; digit >= 0; digit--) {
        next[digit] = (next[digit] ?? 0) + 1;
        if (next[digit] !== 0) break;
      }
    }
  }
  const streams = createCipheriv(`aes-${8 * key.length}-ecb`, key, null)
    .setAutoPadding(false)
    .update(counters);
  for (const [index, { cipher, rest }] of list.entries()) {
    yield unauthenticated(cipher, masked(rest, streams, index * size));
  }
}

/**
 * GCM with a nonce of any length; the tag is ignored, because its place and coverage are unknown.
 */
function gcm(key: Bytes, nonce: Bytes, rest: Bytes): Bytes {
  const algorithm = key.length === 16 ? "aes-128-gcm" : key.length === 24 ? "aes-192-gcm" : "aes-256-gcm";
  return asBytes(createDecipheriv(algorithm, key, nonce).update(rest));
}

function* chacha(key: Bytes, data: Bytes, nonces: readonly Bytes[]): Generator<Decrypted> {
  for (const { nonce, rest, where } of nonceLayouts(data, [12, 8], nonces)) {
    for (const first of nonce.length === 12 ? [1, 0] : [0]) {
      const iv = new Uint8Array(16);
      iv[0] = first;
      iv.set(nonce, 16 - nonce.length);
      const decipher = createDecipheriv("chacha20", key, iv);
      yield unauthenticated(`ChaCha20, its nonce ${where}`, asBytes(decipher.update(rest)));
    }
  }
}

/** DES and triple DES, which is DES if its three keys are the same. */
function* des(key: Bytes, data: Bytes): Generator<Decrypted> {
  const tripled =
    key.length === 8 ? concat([key, key, key]) : key.length === 16 ? concat([key, key.subarray(0, 8)]) : key;
  yield* blockModes(key.length === 8 ? "DES" : "triple DES", "des-ede3", tripled, data, 8);
}

/** ECB, CBC and CFB, aligned to either end of the message: all but the first block need no IV. */
function* blockModes(
  name: string,
  algorithm: string,
  key: Bytes,
  data: Bytes,
  size: number,
): Generator<Decrypted> {
  for (const phase of new Set([0, data.length % size])) {
    const length = Math.min(MAX_TRIED, data.length - phase);
    const blocks = data.subarray(phase, phase + size * Math.floor(length / size));
    if (blocks.length < size) continue;
    const decipher = createDecipheriv(`${algorithm}-ecb`, key, null).setAutoPadding(false);
    const plain = asBytes(decipher.update(blocks));
    yield unauthenticated(`${name}-ECB`, plain);
    const chained = masked(plain.subarray(size), blocks);
    yield unauthenticated(`${name}-CBC`, concat([plain.subarray(0, size), chained]));
    const cipher = createCipheriv(`${algorithm}-ecb`, key, null).setAutoPadding(false);
    const stream = cipher.update(concat([new Uint8Array(size), blocks]));
    yield unauthenticated(`${name}-CFB`, masked(blocks, stream));
  }
}

/**
 * Yields the places of the nonce: first, zero or sent apart, with or without a tag of 16 bytes
 * after it.
 */
function* nonceLayouts(
  data: Bytes,
  lengths: readonly number[],
  nonces: readonly Bytes[],
): Generator<{ nonce: Bytes; rest: Bytes; where: string }> {
  const from = (start: number) => data.subarray(start, start + MAX_TRIED);
  for (const length of lengths) {
    const nonce = data.subarray(0, length);
    if (data.length > length) yield { nonce, rest: from(length), where: "in front" };
    if (data.length > length + 16) yield { nonce, rest: from(length + 16), where: "and its tag in front" };
    for (const nonce of [new Uint8Array(length), ...nonces]) {
      if (nonce.length !== length) continue;
      const where = nonce.some((byte) => byte > 0) ? "sent apart" : "zero";
      yield { nonce, rest: from(0), where };
      if (data.length > 16 && where !== "zero") yield { nonce, rest: from(16), where };
    }
  }
}

function unauthenticated(cipher: string, plaintext: Bytes): Decrypted {
  return { cipher, plaintext, authenticated: false };
}
