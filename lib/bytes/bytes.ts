/** Byte arrays, typed so that WebCrypto accepts what framing yields without a cast. */
import { Buffer } from "node:buffer";

export type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();
// fatal: invalid UTF-8 throws instead of becoming U+FFFD; ignoreBOM: a leading U+FEFF is kept as
// text
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Encodes `text` as UTF-8. */
export function encodeUtf8(text: string): Bytes {
  return encoder.encode(text);
}

/**
 * Decodes `bytes`, which must be UTF-8; encoding the result again gives the same bytes.
 *
 * @throws Error when they are not UTF-8, or more than `limit`
 */
export function decodeUtf8(bytes: Bytes, limit = Number.POSITIVE_INFINITY): string {
  if (bytes.length > limit)
    throw new Error(`the text is too long: ${bytes.length} bytes, at most ${limit} are accepted`);
  try {
    return decoder.decode(bytes);
  } catch {
    throw new Error("the text is not valid UTF-8");
  }
}

/** Joins `parts` into one array. */
export function concat(parts: readonly Bytes[]): Bytes {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/**
 * Compares `a` and `b` in a time that depends on their lengths only.
 *
 * This makes it fit for authentication tags, which one of the WebCrypto providers compares only up
 * to the first difference.
 */
export function equal(a: Bytes, b: Bytes): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  a.forEach((byte, index) => {
    difference |= byte ^ (b[index] ?? 0);
  });
  return difference === 0;
}

/** Returns `bytes` in lower-case hexadecimal. */
export function toHex(bytes: Bytes): string {
  return Buffer.from(bytes).toString("hex");
}

/** Returns the base64 (RFC 4648 §4) of `bytes`, padded. */
export function toBase64(bytes: Bytes): string {
  return Buffer.from(bytes).toString("base64");
}

/** Returns the base64url (RFC 4648 §5) of `bytes`, padded. */
export function toBase64Url(bytes: Bytes): string {
  return toBase64(bytes).replaceAll("+", "-").replaceAll("/", "_");
}

/**
 * Decodes padded base64url (RFC 4648 §5).
 *
 * @throws Error when `text` is not canonical: foreign characters, missing padding, stray bits
 */
export function fromBase64Url(text: string): Bytes {
  const bytes = new Uint8Array(Buffer.from(text, "base64url"));
  if (toBase64Url(bytes) !== text) throw new Error("not padded base64url");
  return bytes;
}
