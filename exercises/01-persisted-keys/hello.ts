/**
 * The hellos of exercise 01. The client sends first; the server answers with a key that serves this
 * session only, and signs both hellos with its stored identity.
 *
 *     client hello = fields("sml/01/v1", random (32), SPKI of its identity, name)
 *     server hello = fields("sml/01/v1", random (32), SPKI of its identity,
 *                           SPKI of the wrapping key, signature)
 *     signature    = PSS(server's identity; "sml/01/v1/server hello", client hello,
 *                        the other fields of the server hello)
 *     session      = SHA-256(fields("sml/01/v1/session", client hello, server hello))
 *
 * The signature covers the random bytes of the client, so a replayed server hello is worthless. The
 * client authenticates itself with its request, whose signature covers the session.
 */
import { type Bytes, decodeUtf8, equal } from "../../lib/bytes/bytes.ts";
import { decodeFields, encodeFields } from "../../lib/bytes/fields.ts";
import { isName } from "../../lib/bytes/names.ts";
import { printable } from "../../lib/bytes/printable.ts";
import { type Identity, importPublicIdentity, type PublicIdentity } from "../../lib/crypto/identity.ts";
import { importPublicKeys, type PublicKeys } from "../../lib/crypto/keys.ts";
import { sign, verify } from "../../lib/crypto/signature.ts";
import { checkSpki } from "../../lib/crypto/spki.ts";
import { randomBytes, sha256 } from "../../lib/crypto/webcrypto.ts";
import { type FramedStream, HELLO_LIMIT } from "../../lib/net/framing.ts";

export const VERSION = "sml/01/v1";

const RANDOM_LENGTH = 32;

/** What a client claims about itself, unauthenticated. */
export interface ClientHello {
  hello: Bytes;
  spki: Bytes;
  name: string;
}

/**
 * Client: sends our hello, and receives the server's.
 *
 * @param options name: our name; fingerprint: accept only this server
 * @returns the authenticated server, its wrapping key, and the 32-byte session id
 * @throws Error when the hello of the server is malformed, not signed for this session, or not from
 *   the expected server
 */
export async function greetServer(
  connection: FramedStream,
  own: Identity,
  { name, fingerprint }: { name: string; fingerprint: string | undefined },
): Promise<{ server: PublicIdentity; wrappingKey: PublicKeys; session: Bytes }> {
  const clientHello = encodeFields([VERSION, randomBytes(RANDOM_LENGTH), own.spki, name]);
  await connection.write(clientHello);

  const serverHello = await connection.read(HELLO_LIMIT);
  const [version, random, spki, wrappingSpki, signature] = decodeFields(serverHello, 5);
  checkStart(version, random);
  refuseOwnKey(spki, own);
  const server = await importPeer(spki, fingerprint);
  await verify(server, signature, signedFields(clientHello, random, spki, wrappingSpki));
  if (equal(wrappingSpki, spki)) throw new Error("the peer is refused: its stored key is to decrypt as well");
  const wrappingKey = await importPublicKeys(wrappingSpki);
  return { server, wrappingKey, session: await sessionOf(clientHello, serverHello) };
}

/**
 * Server: receives the hello of a client. This is cheap: the key is checked, but not imported.
 *
 * @throws Error when it is malformed
 */
export async function receiveHello(connection: FramedStream, own: Identity): Promise<ClientHello> {
  const hello = await connection.read(HELLO_LIMIT);
  const [version, random, spki, nameBytes] = decodeFields(hello, 4);
  checkStart(version, random);
  const name = decodeUtf8(nameBytes);
  if (!isName(name))
    throw new Error(
      `malformed hello: "${printable(name.slice(0, 40))}" is not a name that a client may have`,
    );
  checkSpki(spki);
  refuseOwnKey(spki, own);
  return { hello, spki, name };
}

/** Server: answers with the public half of `wrappingKey`; returns the 32-byte session id. */
export async function answerHello(
  connection: FramedStream,
  own: Identity,
  { hello }: ClientHello,
  wrappingKey: { spki: Bytes },
): Promise<Bytes> {
  const random = randomBytes(RANDOM_LENGTH);
  const signature = await sign(own, signedFields(hello, random, own.spki, wrappingKey.spki));
  const serverHello = encodeFields([VERSION, random, own.spki, wrappingKey.spki, signature]);
  await connection.write(serverHello);
  return sessionOf(hello, serverHello);
}

function signedFields(
  clientHello: Bytes,
  random: Bytes,
  spki: Bytes,
  wrappingSpki: Bytes,
): (Bytes | string)[] {
  return [`${VERSION}/server hello`, clientHello, VERSION, random, spki, wrappingSpki];
}

async function sessionOf(clientHello: Bytes, serverHello: Bytes): Promise<Bytes> {
  return sha256(encodeFields([`${VERSION}/session`, clientHello, serverHello]));
}

function checkStart(version: Bytes, random: Bytes): void {
  const theirs = decodeUtf8(version);
  if (theirs !== VERSION)
    throw new Error(`the peer speaks "${printable(theirs.slice(0, 40))}", expected "${VERSION}"`);
  if (random.length !== RANDOM_LENGTH)
    throw new Error(`malformed hello: expected ${RANDOM_LENGTH} random bytes, got ${random.length}`);
}

function refuseOwnKey(spki: Bytes, own: Identity): void {
  if (equal(spki, own.spki)) throw new Error("the peer is refused: it sent our own public key back");
}

/**
 * Imports the key in the hello of a peer.
 *
 * @param fingerprint accept only this peer
 * @throws Error when the key is malformed, or not the expected peer's
 */
export async function importPeer(spki: Bytes, fingerprint: string | undefined): Promise<PublicIdentity> {
  const peer = await importPublicIdentity(spki);
  if (fingerprint !== undefined && peer.fingerprint !== fingerprint)
    throw new Error(`the peer is refused: its key is ${peer.fingerprint}, expected ${fingerprint}`);
  return peer;
}
