/**
 * Ephemeral keys: elliptic-curve Diffie-Hellman on P-256 (NIST SP 800-186 §3.2.1.3), a fresh pair
 * for each session.
 *
 *     point = 0x04 ‖ x, big-endian (32) ‖ y, big-endian (32)
 */
import { createECDH, type ECDH } from "node:crypto";
import type { Bytes } from "../bytes/bytes.ts";

export const POINT_LENGTH = 65;
const UNCOMPRESSED = 0x04;
/** The name of P-256 in OpenSSL. */
export const CURVE = "prime256v1";

export interface Ephemeral {
  /** The public half, 65 bytes. */
  point: Bytes;
  pair: ECDH;
}

/** Generates a key pair. */
export function generateEphemeral(): Ephemeral {
  const pair = createECDH(CURVE);
  return { point: new Uint8Array(pair.generateKeys()), pair };
}

/**
 * Returns the 32-byte secret shared with the owner of `point`.
 *
 * @throws Error when `point` is not an uncompressed point of the curve: a point of a weaker curve
 *   would leak the private key bit by bit
 */
export function deriveShared({ pair }: Ephemeral, point: Bytes): Bytes {
  if (point.length !== POINT_LENGTH || point[0] !== UNCOMPRESSED)
    throw new Error(`the peer's ephemeral key is refused: expected ${POINT_LENGTH} bytes that begin with 04`);
  try {
    return new Uint8Array(pair.computeSecret(point));
  } catch {
    throw new Error("the peer's ephemeral key is refused: it is not a point of the curve P-256");
  }
}
