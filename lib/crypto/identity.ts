/**
 * A stored identity: an RSA key pair that only signs, with RSASSA-PSS (RFC 8017 §8.1) and SHA-256.
 *
 * It never decrypts: the OAEP of one of the WebCrypto providers leaks timing and error details,
 * which is not acceptable for a key that is used more than once.
 */
import { type Bytes, toBase64 } from "../bytes/bytes.ts";
import { importSigningKey, importVerificationKey, PSS } from "./signature.ts";
import { checkSpki } from "./spki.ts";
import { nativeCrypto, sha256 } from "./webcrypto.ts";

/** Bits of a stored identity. */
export const IDENTITY_BITS = 3072;

const PUBLIC_EXPONENT = new Uint8Array([1, 0, 1]);

/** The public half, which identifies a peer. */
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

/**
 * Generates an identity; also returns its private key as PKCS #8 (RFC 5208 §5) in DER, to be
 * stored. Takes about a second.
 */
export async function generateIdentity(): Promise<{ identity: Identity; pkcs8: Bytes }> {
  const { pkcs8, spki } = await generateRsaPair(IDENTITY_BITS);
  return { identity: await importIdentity(pkcs8, spki), pkcs8 };
}

/**
 * Generates an RSA key pair of `bits` bits: PKCS #8 (RFC 5208 §5) and SPKI, both in DER. Takes 0.1
 * to 2 s, on another thread.
 */
export async function generateRsaPair(bits: number): Promise<{ pkcs8: Bytes; spki: Bytes }> {
  const { subtle } = nativeCrypto;
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

/**
 * Imports an identity of our own: the private key as PKCS #8, the public key as SPKI, both in DER.
 */
export async function importIdentity(pkcs8: Bytes, spki: Bytes): Promise<Identity> {
  return {
    ...(await importPublicIdentity(spki)),
    signingKey: await importSigningKey(pkcs8),
  };
}

/**
 * Imports the public identity that a peer sent.
 *
 * @param spki SubjectPublicKeyInfo in DER
 * @throws Error that says what is wrong with the key: not RSA, not DER, not of 2048 to 4096 bits, e
 *   not 65537
 */
export async function importPublicIdentity(spki: Bytes): Promise<PublicIdentity> {
  checkSpki(spki);
  return {
    spki,
    fingerprint: await fingerprintOf(spki),
    verificationKey: await importVerificationKey(spki),
  };
}
