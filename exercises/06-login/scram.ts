/**
 * SCRAM-SHA-256 (RFC 5802, RFC 7677): client and server prove to each other that they know a
 * password, or what is stored of it, and neither sends it.
 *
 *     C→S  p=sml-exporter,,n=alice,r=NONCE               the client's first message
 *     S→C  r=NONCE+NONCE,s=SALT,i=ITERATIONS             the server's first message
 *     C→S  c=BINDING,r=NONCE+NONCE,p=PROOF               the client's final message
 *     S→C  v=SIGNATURE                                   the server's final message
 *
 * BINDING has a value of the channel below, so a proof is valid on one channel only. The functions
 * are pure: they turn texts into values, and values into texts.
 */
import { Buffer } from "node:buffer";
import { type Bytes, concat, encodeUtf8, equal, toBase64 } from "../../lib/bytes/bytes.ts";
import { isName } from "../../lib/bytes/names.ts";
import { hash, hmac } from "../../lib/crypto/sha-256.ts";
import { derive, MAX_COST, preparePassword } from "../../lib/passwords/password.ts";

/** The GS2 header (RFC 5802 §7): we bind to a key that the channel exports. */
export const GS2_HEADER = "p=sml-exporter,,";
/** Minimum number of iterations that a client accepts (RFC 7677 §4). */
export const MIN_ITERATIONS = 4096;
/** Length of a text in bytes. */
export const SCRAM_LIMIT = 1024;

const HASH_LENGTH = 32;
const NONCE = /^[\x21-\x2b\x2d-\x7e]{16,128}$/;

/** What a server stores of a password (RFC 5802 §3). It proves nothing: a login takes ClientKey. */
export interface Credential {
  iterations: number;
  salt: Bytes;
  /** SHA-256(ClientKey). */
  storedKey: Bytes;
  serverKey: Bytes;
}

/** The keys of a client. */
export interface ClientKeys {
  clientKey: Bytes;
  serverKey: Bytes;
}

export interface ClientFirst {
  header: string;
  /** Undefined if it is no name that a user can have. */
  user: string | undefined;
  nonce: string;
  /** The text without the header. */
  bare: string;
}

export interface ServerFirst {
  nonce: string;
  salt: Bytes;
  iterations: number;
}

export interface ClientFinal {
  /** The GS2 header and the value of the channel. */
  binding: Bytes;
  nonce: string;
  proof: Bytes;
  withoutProof: string;
}

/** Derives the keys for `password`. @throws Error as `preparePassword` */
export async function deriveKeys(
  password: string,
  { salt, iterations }: { salt: Bytes; iterations: number },
): Promise<ClientKeys> {
  const salted = await derive(preparePassword(password), salt, iterations);
  const keyFor = (use: string) => hmac(salted, encodeUtf8(use));
  return { clientKey: keyFor("Client Key"), serverKey: keyFor("Server Key") };
}

/** Returns what a server stores for `password`. */
export async function makeCredential(
  password: string,
  parameters: { salt: Bytes; iterations: number },
): Promise<Credential> {
  const { clientKey, serverKey } = await deriveKeys(password, parameters);
  return { ...parameters, storedKey: hash(clientKey), serverKey };
}

export function formatClientFirst(user: string, nonce: string): string {
  return `${GS2_HEADER}n=${user},r=${nonce}`;
}

/** @throws Error unless it is the message of a client that binds as `GS2_HEADER` says */
export function parseClientFirst(text: string): ClientFirst {
  const [, header = "", bare = "", user = "", nonce = ""] =
    /^((?:n|y|p=[\w.-]+),,)(n=([^,]*),r=([^,]*))$/.exec(text) ?? [];
  if (header !== GS2_HEADER) throw malformed("first message of a client that binds to this channel");
  if (!NONCE.test(nonce)) throw malformed("nonce");
  return { header, user: isName(user) ? user : undefined, nonce, bare };
}

export function formatServerFirst({ nonce, salt, iterations }: ServerFirst): string {
  return `r=${nonce},s=${toBase64(salt)},i=${iterations}`;
}

/** @throws Error unless it is an answer to a client with this `nonce` that asks for enough work */
export function parseServerFirst(text: string, nonce: string): ServerFirst {
  const [, both = "", salt = "", count = ""] = /^r=([^,]*),s=([^,]*),i=([1-9]\d{0,8})$/.exec(text) ?? [];
  if (!both.startsWith(nonce) || !NONCE.test(both.slice(nonce.length)))
    throw malformed("nonce of the server");
  const iterations = Number(count);
  if (iterations < MIN_ITERATIONS || iterations > MAX_COST)
    throw new Error(`the server asks for ${count} iterations, expected ${MIN_ITERATIONS} to ${MAX_COST}`);
  return { nonce: both, salt: fromBase64(salt), iterations };
}

/** Returns the final message of a client up to the proof. @param channel the value to bind to */
export function formatWithoutProof(channel: Bytes, nonce: string, header: string = GS2_HEADER): string {
  return `c=${toBase64(concat([encodeUtf8(header), channel]))},r=${nonce}`;
}

/** @throws Error when it is malformed */
export function parseClientFinal(text: string): ClientFinal {
  const [, withoutProof = "", binding = "", nonce = "", encoded = ""] =
    /^(c=([^,]*),r=([^,]*)),p=([^,]*)$/.exec(text) ?? [];
  const proof = fromBase64(encoded);
  if (proof.length !== HASH_LENGTH) throw malformed("proof");
  return { binding: fromBase64(binding), nonce, proof, withoutProof };
}

export function formatServerFinal(signature: Bytes): string {
  return `v=${toBase64(signature)}`;
}

/** Computes ClientProof (RFC 5802 §3); `authMessage` is all that both have said, as below. */
export function prove({ clientKey }: ClientKeys, authMessage: string): Bytes {
  return xor(clientKey, hmac(hash(clientKey), encodeUtf8(authMessage)));
}

/** Says whether `proof` is that of a client that knows the password of `credential`. */
export function isProof(
  proof: Bytes,
  { storedKey }: Pick<Credential, "storedKey">,
  authMessage: string,
): boolean {
  const clientKey = xor(proof, hmac(storedKey, encodeUtf8(authMessage)));
  return equal(hash(clientKey), storedKey);
}

/** Computes ServerSignature, by which the server proves that it knows what it stores. */
export function signAsServer({ serverKey }: { serverKey: Bytes }, authMessage: string): Bytes {
  return hmac(serverKey, encodeUtf8(authMessage));
}

/** Joins what both sides have said (RFC 5802 §3, AuthMessage). */
export function joinAuthMessage(clientFirstBare: string, serverFirst: string, withoutProof: string): string {
  return `${clientFirstBare},${serverFirst},${withoutProof}`;
}

/** Decodes base64 (RFC 4648 §4). @throws Error unless it is canonical, and has 1 to 64 bytes */
export function fromBase64(text: string): Bytes {
  const bytes = new Uint8Array(Buffer.from(text.slice(0, 2 * SCRAM_LIMIT), "base64"));
  if (toBase64(bytes) !== text || bytes.length === 0) throw malformed("base64");
  return bytes;
}

function xor(a: Bytes, b: Bytes): Bytes {
  return a.map((byte, index) => byte ^ (b[index] ?? 0));
}

function malformed(what: string): Error {
  return new Error(`malformed login: it has no valid ${what}`);
}
