/**
 * RSA key pairs that sign and decrypt.
 *
 * One pair serves two algorithms, so it is imported twice: for RSASSA-PSS (RFC 8017 §8.1)
 * signatures and for RSAES-OAEP (RFC 8017 §7.1) encryption, both with SHA-256. A pair that decrypts
 * serves one session and is then discarded: the OAEP of one of the WebCrypto providers leaks timing
 * and error details.
 */
import type { Bytes } from "../bytes/bytes.ts";
import {
  generateRsaPair,
  type Identity,
  importIdentity,
  importPublicIdentity,
  type PublicIdentity,
} from "./identity.ts";
import { checkSpki } from "./spki.ts";
import { subtle } from "./webcrypto.ts";

/** Modulus length of a key that serves one session. */
export const SESSION_KEY_BITS = 2048;

const OAEP = { name: "RSA-OAEP", hash: "SHA-256" };

/** A peer's public key, which verifies its signatures and encrypts messages to it. */
export interface PublicKeys extends PublicIdentity {
  /** Length of the modulus in bytes, and so of every signature and every OAEP block. */
  modulusLength: number;
  encryptionKey: CryptoKey;
}

/** A key pair of our own. */
export interface OwnKeys extends PublicKeys, Identity {
  decryptionKey: CryptoKey;
}

/** Generates a key pair of `bits` bits. Takes 0.1 to 1 s. */
export async function generateKeys(bits = SESSION_KEY_BITS): Promise<OwnKeys> {
  const { pkcs8, spki } = await generateRsaPair(bits);
  return importOwnKeys(pkcs8, spki);
}

/**
 * Imports a key pair of our own: the private key as PKCS #8 (RFC 5208 §5), the public key as SPKI,
 * both in DER.
 */
export async function importOwnKeys(pkcs8: Bytes, spki: Bytes): Promise<OwnKeys> {
  return {
    ...(await importPublicKeys(spki)),
    ...(await importIdentity(pkcs8, spki)),
    decryptionKey: await subtle.importKey("pkcs8", pkcs8, OAEP, false, ["decrypt"]),
  };
}

/**
 * Imports the public key that a peer sent.
 *
 * @param spki SubjectPublicKeyInfo in DER
 * @throws Error that says what is wrong with the key: not RSA, not DER, not of 2048 to 4096 bits, e
 *   not 65537
 */
export async function importPublicKeys(spki: Bytes): Promise<PublicKeys> {
  return {
    ...(await importPublicIdentity(spki)),
    modulusLength: Math.ceil(checkSpki(spki) / 8),
    encryptionKey: await subtle.importKey("spki", spki, OAEP, true, ["encrypt"]),
  };
}
