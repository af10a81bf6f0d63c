/** Signatures over fields: RSASSA-PSS (RFC 8017 §8.1) with SHA-256 and a salt of 32 bytes. */
import type { Bytes } from "../bytes/bytes.ts";
import { encodeFields } from "../bytes/fields.ts";
import { subtle } from "./webcrypto.ts";

/** The parameters of all keys and signatures. */
export const PSS = { name: "RSA-PSS", hash: "SHA-256", saltLength: 32 };

/** What every failed decryption and verification says: nothing that would help a forger. */
export const NOT_AUTHENTIC =
  "the message is refused: it was altered on the way, or is not from this peer and session";

/** Returns the signature of `own` over `fields`, of which the first is a label that names protocol and purpose. */
export async function sign(
  own: { signingKey: CryptoKey },
  fields: readonly (Bytes | string)[],
): Promise<Bytes> {
  return new Uint8Array(await subtle.sign(PSS, own.signingKey, encodeFields(fields)));
}

/**
 * Checks that `signature` is one of `peer` over exactly these `fields`.
 *
 * @throws Error, always the same, when it is not
 */
export async function verify(
  peer: { verificationKey: CryptoKey },
  signature: Bytes,
  fields: readonly (Bytes | string)[],
): Promise<void> {
  const valid = await subtle.verify(PSS, peer.verificationKey, signature, encodeFields(fields));
  if (!valid) throw new Error(NOT_AUTHENTIC);
}
