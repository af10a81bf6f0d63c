/**
 * The request and the reply of part 2 and of exercise 01: a Fernet key wrapped with RSA, and tokens under it. The labels
 * begin with the version of the protocol, which is part 2's unless another is given.
 *
 *     wrapped key = OAEP(server's key of this session; Fernet key; label)
 *     label       = SHA-256(fields("sml/part2/v1/key", session)), in hexadecimal
 *     request     = fields(wrapped key, token, signature)
 *     signature   = PSS(client; "sml/part2/v1/request", "client to server", session, wrapped key, token)
 *     reply       = fields(token, signature)
 *     signature   = PSS(server; "sml/part2/v1/reply", "server to client", session, SHA-256(request), token)
 *
 * Without the session in the OAEP label, someone else could sign the client's wrapped key and token again as her own.
 * The reply names the request that it answers. What arrives is verified before the private key or the Fernet key
 * touches it.
 */
import { type Bytes, encodeUtf8, toHex } from "../bytes/bytes.ts";
import { decodeFields, encodeFields } from "../bytes/fields.ts";
import { FERNET_KEY_LENGTH } from "../crypto/fernet.ts";
import { NOT_AUTHENTIC, sign, verify } from "../crypto/signature.ts";
import { sha256, subtle } from "../crypto/webcrypto.ts";

/** Bytes of the longest text. */
export const TEXT_LIMIT = 1024 * 1024;

const PART2 = "sml/part2/v1";

/** Encrypts `fernetKey` (32 bytes) with the server's public key, for this session only. */
export async function wrapKey(
  fernetKey: Bytes,
  server: { encryptionKey: CryptoKey },
  session: Bytes,
  version = PART2,
): Promise<Bytes> {
  const oaep = { name: "RSA-OAEP", label: await keyLabel(session, version) };
  return new Uint8Array(await subtle.encrypt(oaep, server.encryptionKey, fernetKey));
}

/** Decrypts the client's Fernet key with our private key. @throws Error when it was wrapped for another key or session */
export async function unwrapKey(
  wrappedKey: Bytes,
  own: { decryptionKey: CryptoKey },
  session: Bytes,
  version = PART2,
): Promise<Bytes> {
  const oaep = { name: "RSA-OAEP", label: await keyLabel(session, version) };
  try {
    const fernetKey = new Uint8Array(await subtle.decrypt(oaep, own.decryptionKey, wrappedKey));
    if (fernetKey.length === FERNET_KEY_LENGTH) return fernetKey;
  } catch {}
  throw new Error(NOT_AUTHENTIC);
}

/** Signs the wrapped key and the token with our private key; returns the request. */
export async function signRequest(
  wrappedKey: Bytes,
  token: Bytes,
  own: { signingKey: CryptoKey },
  session: Bytes,
  version = PART2,
): Promise<Bytes> {
  const signature = await sign(own, [`${version}/request`, "client to server", session, wrappedKey, token]);
  return encodeFields([wrappedKey, token, signature]);
}

/**
 * Checks the request with the client's public key; returns what it vouches for.
 *
 * @throws Error when it is malformed, or is not this client's request of this session
 */
export async function verifyRequest(
  request: Bytes,
  client: { verificationKey: CryptoKey },
  session: Bytes,
  version = PART2,
): Promise<{ wrappedKey: Bytes; token: Bytes }> {
  const [wrappedKey, token, signature] = decodeFields(request, 3);
  await verify(client, signature, [`${version}/request`, "client to server", session, wrappedKey, token]);
  return { wrappedKey, token };
}

/** Signs the token that answers `request` with our private key; returns the reply. */
export async function signReply(
  token: Bytes,
  request: Bytes,
  own: { signingKey: CryptoKey },
  session: Bytes,
  version = PART2,
): Promise<Bytes> {
  const hash = await sha256(request);
  const signature = await sign(own, [`${version}/reply`, "server to client", session, hash, token]);
  return encodeFields([token, signature]);
}

/**
 * Checks the reply to `request` with the server's public key; returns its token.
 *
 * @throws Error when it is malformed, or is not this server's answer to this request in this session
 */
export async function verifyReply(
  reply: Bytes,
  request: Bytes,
  server: { verificationKey: CryptoKey },
  session: Bytes,
  version = PART2,
): Promise<Bytes> {
  const [token, signature] = decodeFields(reply, 2);
  const hash = await sha256(request);
  await verify(server, signature, [`${version}/reply`, "server to client", session, hash, token]);
  return token;
}

/** The OAEP label; in ASCII, because Deno before 2.9.6 takes labels for UTF-8 and spoils other bytes. */
async function keyLabel(session: Bytes, version: string): Promise<Bytes> {
  return encodeUtf8(toHex(await sha256(encodeFields([`${version}/key`, session]))));
}
