/** The public facts about a frame of parts 1 and 2, which an eavesdropper can read. */
import { Buffer } from "node:buffer";
import { type Bytes, concat, decodeUtf8 } from "../../lib/bytes/bytes.ts";
import { decodeFields } from "../../lib/bytes/fields.ts";
import { importPublicKeys } from "../../lib/crypto/keys.ts";
import type { Direction } from "../support/wiretap.ts";

export type Part = "part1" | "part2";

// in base64: one byte of version, eight of time
const CLEAR_TOKEN_LENGTH = 12;

/** Describes `payload`, the frame with the number `index` (from 0) in its direction. */
export async function describeFrame(
  part: Part,
  direction: Direction,
  index: number,
  payload: Bytes,
): Promise<string> {
  if (index === 0) {
    const [version, random, spki] = decodeFields(payload, 3);
    const key = await importPublicKeys(spki);
    return `hello: ${decodeUtf8(version)}, ${random.length} random bytes, RSA public key of ${8 * key.modulusLength} bits, ${key.fingerprint}`;
  }
  if (part === "part1") return "message: RSA blocks, with the signature inside";
  if (direction === "client to server") {
    const [wrappedKey, token, signature] = decodeFields(payload, 3);
    return `request: wrapped key (${wrappedKey.length} bytes), ${describeToken(token)}, signature (${signature.length} bytes)`;
  }
  const [token, signature] = decodeFields(payload, 2);
  return `reply: ${describeToken(token)}, signature (${signature.length} bytes)`;
}

/**
 * Returns the bytes of `payload` that must reveal nothing to an eavesdropper: everything except
 * hellos, and the version and time at the beginning of a Fernet token.
 */
export function hiddenBytes(part: Part, direction: Direction, index: number, payload: Bytes): Bytes {
  if (index === 0) return new Uint8Array();
  if (part === "part1") return payload;
  if (direction === "client to server") {
    const [wrappedKey, token, signature] = decodeFields(payload, 3);
    return concat([wrappedKey, token.subarray(CLEAR_TOKEN_LENGTH), signature]);
  }
  const [token, signature] = decodeFields(payload, 2);
  return concat([token.subarray(CLEAR_TOKEN_LENGTH), signature]);
}

function describeToken(token: Bytes): string {
  const time = Number(Buffer.from(decodeUtf8(token), "base64url").readBigUInt64BE(1));
  return `Fernet token (${token.length} bytes, made at ${new Date(time * 1000).toISOString().slice(11, 19)} UTC)`;
}
