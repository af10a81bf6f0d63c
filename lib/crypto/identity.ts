/**
 * A stored identity: an RSA pair that only signs, with RSASSA-PSS (RFC 8017 §8.1) and SHA-256.
 *
 * It never decrypts: the OAEP of one of the WebCrypto providers tells a forger too much for a key that is used twice.
 */
import { type Bytes, toBase64 } from "../bytes/bytes.ts";
import { PSS } from "./signature.ts";
import { checkSpki } from "./spki.ts";
import { sha256, subtle } from "./webcrypto.ts";

/** Bits of a stored identity. */
export const IDENTITY_BITS = 3072;

const PUBLIC_EXPONENT = new Uint8Array([1, 0, 1]);

/** The public half: what a peer is known by. */
export interface PublicIdentity {
  /** SubjectPublicKeyInfo in DER, at most 550 bytes. */
  spki: Bytes;
  /** As OpenSSH prints it: `SHA256:` and the unpadded base64 of the SHA-256 of `spki`. */
  fingerprint: string;
  verificationKey: CryptoKey;
}

/** An identity of our own. */
export interface Identity extends PublicIdentity {
  signingKey: CryptoKey;
}

/** Makes an identity, and returns the private half too: PKCS #8 (RFC 5208 §5) in DER, to be stored. It takes a second or so. */
export async function generateIdentity(): Promise<{ identity: Identity; pkcs8: Bytes }> {
  const { pkcs8, spki } = await generateRsaPair(IDENTITY_BITS);
  return { identity: await importIdentity(pkcs8, spki), pkcs8 };
}

/** Makes an RSA pair of `bits` bits: PKCS #8 (RFC 5208 §5) and SPKI, both in DER. It takes 0.1 to 2 s, much of it luck. */
export async function generateRsaPair(bits: number): Promise<{ pkcs8: Bytes; spki: Bytes }> {
  const parameters = { ...PSS, modulusLength: bits, publicExponent: PUBLIC_EXPONENT };
  const pair = await subtle.generateKey(parameters, true, ["sign", "verify"]);
  return {
    pkcs8: new Uint8Array(await subtle.exportKey("pkcs8", pair.privateKey)),
    spki: new Uint8Array(await subtle.exportKey("spki", pair.publicKey)),
  };
}

/** Returns the fingerprint of a public key as OpenSSH prints it: `SHA256:` and 43 characters. */
export async function fingerprintOf(spki: Bytes): Promise<string> {
  return `SHA256:${toBase64(await sha256(spki)).replace("=", "")}`;
}

/** Imports an identity of our own: the private half as PKCS #8, the public half as SPKI, both in DER. */
export async function importIdentity(pkcs8: Bytes, spki: Bytes): Promise<Identity> {
  return {
    ...(await importPublicIdentity(spki)),
    signingKey: await subtle.importKey("pkcs8", pkcs8, PSS, false, ["sign"]),
  };
}

/**
 * Imports the public identity that a peer sent.
 *
 * @param spki SubjectPublicKeyInfo in DER
 * @throws Error that says what is wrong with the key: not RSA, not DER, not of 2048 to 4096 bits, e not 65537
 */
export async function importPublicIdentity(spki: Bytes): Promise<PublicIdentity> {
  checkSpki(spki);
  return {
    spki,
    fingerprint: await fingerprintOf(spki),
    verificationKey: await subtle.importKey("spki", spki, PSS, true, ["verify"]),
  };
}
