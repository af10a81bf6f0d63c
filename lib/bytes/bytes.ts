/** Byte arrays: what WebCrypto takes and what framing yields, so that neither needs a cast. */
import { Buffer } from "node:buffer";

export type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();
// fatal: broken UTF-8 throws instead of turning into U+FFFD; ignoreBOM: a leading U+FEFF is kept as text
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Returns the UTF-8 of `text`. */
export function encodeUtf8(text: string): Bytes {
  return encoder.encode(text);
}

/**
 * Returns the text that `bytes` spell in UTF-8, exactly: encoding it again gives the same bytes.
 *
 * @throws Error when they are not UTF-8, or more than `limit`
 */
export function decodeUtf8(bytes: Bytes, limit = Number.POSITIVE_INFINITY): string {
  if (bytes.length > limit)
    throw new Error(`the text is too long: ${bytes.length} bytes, at most ${limit} are taken`);
  try {
    return decoder.decode(bytes);
  } catch {
    throw new Error("the text is not valid UTF-8");
  }
}

/** Returns all `parts`, one after the other. */
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
 * Says whether `a` and `b` are the same bytes, in a time that depends on their lengths only.
 *
 * So it serves for authentication tags too, which one of the WebCrypto providers compares up to the first difference.
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
 * Returns the bytes that `text` spells in padded base64url (RFC 4648 §5).
 *
 * @throws Error when `text` is not the one encoding of some bytes: foreign characters, missing padding, stray bits
 */
export function fromBase64Url(text: string): Bytes {
  const bytes = new Uint8Array(Buffer.from(text, "base64url"));
  if (toBase64Url(bytes) !== text) throw new Error("not padded base64url");
  return bytes;
}
