/**
 * Ephemeral keys: elliptic-curve Diffie-Hellman on P-256 (NIST SP 800-186 §3.2.1.3), a fresh pair
 * for each session.
 *
 *     point = 0x04 ‖ x, big-endian (32) ‖ y, big-endian (32)
 */
import { type Bytes, toHex } from "../bytes/bytes.ts";
import { subtle } from "./webcrypto.ts";

export const POINT_LENGTH = 65;
const COORDINATE_LENGTH = 32;
const UNCOMPRESSED = 0x04;
const ECDH = { name: "ECDH", namedCurve: "P-256" };

// the curve is y² = x³ - 3x + B over the integers modulo PRIME
const PRIME = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
const B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;

export interface Ephemeral {
  /** The public half, 65 bytes. */
  point: Bytes;
  privateKey: CryptoKey;
}

/** Generates a key pair. */
export async function generateEphemeral(): Promise<Ephemeral> {
  const { publicKey, privateKey } = await subtle.generateKey(ECDH, false, ["deriveBits"]);
  return { point: new Uint8Array(await subtle.exportKey("raw", publicKey)), privateKey };
}

/**
 * Returns the 32-byte secret shared with the owner of `point`.
 *
 * @throws Error when `point` is not an uncompressed point of the curve: one of the WebCrypto
 *   providers imports others too, and a point of a weaker curve would leak the private key bit by
 *   bit
 */
export async function deriveShared({ privateKey }: Ephemeral, point: Bytes): Promise<Bytes> {
  checkPoint(point);
  const publicKey = await subtle.importKey("raw", point, ECDH, false, []);
  return new Uint8Array(await subtle.deriveBits({ name: "ECDH", public: publicKey }, privateKey, 256));
}

function checkPoint(point: Bytes): void {
  if (point.length !== POINT_LENGTH || point[0] !== UNCOMPRESSED) {
    throw new Error(`the peer's ephemeral key is refused: expected ${POINT_LENGTH} bytes that begin with 04`);
  }
  const x = BigInt(`0x${toHex(point.subarray(1, 1 + COORDINATE_LENGTH))}`);
  const y = BigInt(`0x${toHex(point.subarray(1 + COORDINATE_LENGTH))}`);
  if (x >= PRIME || y >= PRIME || (y * y - x * x * x + 3n * x - B) % PRIME !== 0n)
    throw new Error("the peer's ephemeral key is refused: it is not a point of the curve P-256");
}
