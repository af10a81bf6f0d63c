/**
 * RSA key pairs, ours and a peer's.
 *
 * One pair serves two algorithms, so it is imported twice: for RSASSA-PSS (RFC 8017 §8.1) signatures and for
 * RSAES-OAEP (RFC 8017 §7.1) encryption, both with SHA-256. A pair that decrypts is for one session and then
 * forgotten: OAEP in one of the WebCrypto providers tells by its time and its errors what a forger wants to know.
 */
import { type Bytes, toBase64 } from "../bytes/bytes.ts";
import { checkSpki } from "./spki.ts";
import { sha256, subtle } from "./webcrypto.ts";

/** Bits of a key that lives for one session. */
export const SESSION_KEY_BITS = 2048;

const PSS = { name: "RSA-PSS", hash: "SHA-256" };
const OAEP = { name: "RSA-OAEP", hash: "SHA-256" };
const PUBLIC_EXPONENT = new Uint8Array([1, 0, 1]);

/** A public key: what a peer is known by, and what serves to check its signatures and to encrypt for it. */
export interface PublicKeys {
  /** SubjectPublicKeyInfo in DER, at most 550 bytes. */
  spki: Bytes;
  /** As OpenSSH prints it: `SHA256:` and the unpadded base64 of the SHA-256 of `spki`. */
  fingerprint: string;
  /** Bytes of the modulus, and so of every signature and every OAEP block. */
  modulusLength: number;
  verificationKey: CryptoKey;
  encryptionKey: CryptoKey;
}

/** A key pair of our own: the public half, and what signs and decrypts. */
export interface OwnKeys extends PublicKeys {
  signingKey: CryptoKey;
  decryptionKey: CryptoKey;
}

/** Makes a key pair of `bits` bits. It takes 0.1 to 1 s, much of it luck. */
export async function generateKeys(bits = SESSION_KEY_BITS): Promise<OwnKeys> {
  const parameters = { ...PSS, modulusLength: bits, publicExponent: PUBLIC_EXPONENT };
  const pair = await subtle.generateKey(parameters, true, ["sign", "verify"]);
  const spki = new Uint8Array(await subtle.exportKey("spki", pair.publicKey));
  return importOwnKeys(new Uint8Array(await subtle.exportKey("pkcs8", pair.privateKey)), spki);
}

/** Imports a pair of our own: the private half as PKCS #8 (RFC 5208 §5), the public half as SPKI, both in DER. */
export async function importOwnKeys(pkcs8: Bytes, spki: Bytes): Promise<OwnKeys> {
  return {
    ...(await importPublicKeys(spki)),
    signingKey: await subtle.importKey("pkcs8", pkcs8, PSS, false, ["sign"]),
    decryptionKey: await subtle.importKey("pkcs8", pkcs8, OAEP, false, ["decrypt"]),
  };
}

/**
 * Imports the public key that a peer sent.
 *
 * @param spki SubjectPublicKeyInfo in DER
 * @throws Error that says what is wrong with the key: not RSA, not DER, not of 2048 to 4096 bits, e not 65537
 */
export async function importPublicKeys(spki: Bytes): Promise<PublicKeys> {
  const bits = checkSpki(spki);
  return {
    spki,
    fingerprint: await fingerprintOf(spki),
    modulusLength: Math.ceil(bits / 8),
    verificationKey: await subtle.importKey("spki", spki, PSS, true, ["verify"]),
    encryptionKey: await subtle.importKey("spki", spki, OAEP, true, ["encrypt"]),
  };
}

/** Returns the fingerprint of a public key as OpenSSH prints it: `SHA256:` and 43 characters. */
export async function fingerprintOf(spki: Bytes): Promise<string> {
  return `SHA256:${toBase64(await sha256(spki)).replace("=", "")}`;
}
