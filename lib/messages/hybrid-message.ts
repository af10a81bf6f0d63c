/**
 * The request and the reply of part 2 and of exercise 01: a Fernet key wrapped with RSA, and tokens
 * under it. The labels begin with the version of the protocol, by default that of part 2.
 *
 *     wrapped key = OAEP(server's key of this session; Fernet key; label)
 *     label       = SHA-256(fields("sml/part2/v1/key", session)), in hexadecimal
 *     request     = fields(wrapped key, token, signature)
 *     signature   = PSS(client; "sml/part2/v1/request", "client to server",
 *                       session, wrapped key, token)
 *     reply       = fields(token, signature)
 *     signature   = PSS(server; "sml/part2/v1/reply", "server to client",
 *                       session, SHA-256(request), token)
 *
 * Without the session in the OAEP label, an attacker could sign the wrapped key and the token of
 * the client again as their own. The reply names the request that it answers. Everything received
 * is verified before the private key or the Fernet key touches it.
 */
import { type Bytes, encodeUtf8, toHex } from "../bytes/bytes.ts";
import { decodeFields, encodeFields } from "../bytes/fields.ts";
import { FERNET_KEY_LENGTH } from "../crypto/fernet.ts";
import { NOT_AUTHENTIC, sign, verify } from "../crypto/signature.ts";
import { sha256, subtle } from "../crypto/webcrypto.ts";

/** Maximum length of a text in bytes. */
export const TEXT_LIMIT = 1024 * 1024;

const PART2 = "sml/part2/v1";

/** Encrypts `fernetKey` (32 bytes) with the public key of the server, for this session only. */
export async function wrapKey(
  fernetKey: Bytes,
  server: { encryptionKey: CryptoKey },
  session: Bytes,
  version = PART2,
): Promise<Bytes> {
  const oaep = { name: "RSA-OAEP", label: await keyLabel(session, version) };
  return new Uint8Array(await subtle.encrypt(oaep, server.encryptionKey, fernetKey));
}

/**
 * Decrypts the client's Fernet key with our private key.
 *
 * @throws Error when it was wrapped for another key or session
 */
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
 * Verifies the request with the public key of the client; returns the signed fields.
 *
 * @throws Error when it is malformed, or not the request of this client in this session
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
 * Verifies the reply to `request` with the public key of the server; returns its token.
 *
 * @throws Error when it is malformed, or not the reply of this server to this request in this
 *   session
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

/**
 * Returns the OAEP label, in ASCII: Deno before 2.9.6 treats labels as UTF-8 and corrupts other
 * bytes.
 */
async function keyLabel(session: Bytes, version: string): Promise<Bytes> {
  return encodeUtf8(toHex(await sha256(encodeFields([`${version}/key`, session]))));
}
