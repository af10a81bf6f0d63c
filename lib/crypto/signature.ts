/** Signatures over fields: RSASSA-PSS (RFC 8017 §8.1) with SHA-256 and a salt of 32 bytes. */
import type { Bytes } from "../bytes/bytes.ts";
import { encodeFields } from "../bytes/fields.ts";
import { nativeCrypto } from "./webcrypto.ts";

const { subtle } = nativeCrypto;

/** The parameters of all keys and signatures. */
export const PSS = { name: "RSA-PSS", hash: "SHA-256", saltLength: 32 };

/** The message of every failed decryption and verification, which gives a forger no details. */
export const NOT_AUTHENTIC =
  "the message is refused: it was altered on the way, or is not from this peer and session";

/** Imports a private key, PKCS #8 (RFC 5208 §5) in DER. */
export function importSigningKey(pkcs8: Bytes): Promise<CryptoKey> {
  return subtle.importKey("pkcs8", pkcs8, PSS, false, ["sign"]);
}

/** Imports a public key, SPKI in DER. */
export function importVerificationKey(spki: Bytes): Promise<CryptoKey> {
  return subtle.importKey("spki", spki, PSS, true, ["verify"]);
}

/** Signs `fields`, the first of which is a label that names protocol and purpose. */
export async function sign(
  own: { signingKey: CryptoKey },
  fields: readonly (Bytes | string)[],
): Promise<Bytes> {
  return new Uint8Array(await subtle.sign(PSS, own.signingKey, encodeFields(fields)));
}

/**
 * Checks the signature of `peer` over `fields`.
 *
 * @throws Error, always the same, when it is not valid
 */
export async function verify(
  peer: { verificationKey: CryptoKey },
  signature: Bytes,
  fields: readonly (Bytes | string)[],
): Promise<void> {
  const valid = await subtle.verify(PSS, peer.verificationKey, signature, encodeFields(fields));
  if (!valid) throw new Error(NOT_AUTHENTIC);
}
