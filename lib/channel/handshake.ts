/**
 * The handshake of the channel: two peers authenticate each other, and agree on keys.
 *
 *     C→S  hello  fields(version, mode, suite, id or empty, ephemeral key (65), random (32))
 *     S→C  hello  the same
 *     S→C  proof  under the server's handshake keys: fields(SPKI, signature, MAC)
 *     C→S  proof  under the client's handshake keys: fields(SPKI, signature, MAC)
 *     S→C  ready, or refused and a reason: the first record under the application keys
 *
 * It is SIGMA (Krawczyk, CRYPTO 2003) with RSA signatures: each side signs both ephemeral keys, and
 * authenticates its own name under a key derived from them. With a pre-shared key, names and
 * signatures are empty, and that key is mixed into all others. lib/README.md specifies every byte.
 */

import { type Bytes, concat, encodeUtf8, equal } from "../bytes/bytes.ts";
import { decodeFields, encodeFields } from "../bytes/fields.ts";
import { trace } from "../cli/diagnostics.ts";
import { deriveShared, type Ephemeral, generateEphemeral } from "../crypto/ephemeral.ts";
import { type Identity, importPublicIdentity } from "../crypto/identity.ts";
import { hash, hkdf, hmac } from "../crypto/sha-256.ts";
import { sign, verify } from "../crypto/signature.ts";
import { randomBytes } from "../crypto/webcrypto.ts";
import { HELLO_LIMIT } from "../net/framing.ts";
import type { Transport } from "../net/transport.ts";
import {
  DIRECTION_LENGTH,
  type Direction,
  Opener,
  PROOF,
  READY,
  REFUSED,
  type RecordOptions,
  Sealer,
  splitDirection,
} from "./records.ts";
import { decodeHint, encodeHint, refusalError } from "./refusal.ts";

/** Length of a pre-shared key in bytes. */
export const PRE_SHARED_KEY_LENGTH = 32;
/** Maximum length of the id of a pre-shared key in bytes; the minimum is 1. */
export const PRE_SHARED_ID_LIMIT = 64;

const VERSION = "sml/channel/v1";
const IDENTITY_MODE = new Uint8Array([1]);
const PRE_SHARED_MODE = new Uint8Array([2]);
// ECDH on P-256, HKDF and HMAC with SHA-256, AES-256-GCM
const SUITE = new Uint8Array([1]);
const RANDOM_LENGTH = 32;
const SECRET_LENGTH = 32;
const EMPTY = new Uint8Array();

/** The authenticated peer. */
export interface Peer {
  /** Its public key in DER, and its fingerprint; both empty for a pre-shared key. */
  spki: Bytes;
  fingerprint: string;
  /** The id of the pre-shared key; empty for an identity. */
  id: Bytes;
}

/** Fixed values for worked examples and tests. */
export interface Fixed {
  ephemeral?: Ephemeral;
  /** 32 bytes. */
  random?: Bytes;
  signature?: Bytes;
}

interface CommonOptions {
  /** For tests. */
  records?: RecordOptions | undefined;
  fixed?: Fixed | undefined;
}

/** Options of a client: exactly one of `identity` and `preSharedKey`. */
export interface ClientOptions extends CommonOptions {
  identity?: Identity | undefined;
  /** The id is public; the key, 32 bytes, belongs to this client and one server. */
  preSharedKey?: { id: Bytes; key: Bytes } | undefined;
  /** Called with the authenticated server, before our identity is revealed; throws to refuse it. */
  verifyPeer?: ((peer: Peer) => void | Promise<void>) | undefined;
}

/** Runs `work`, now or later. */
export type Turn = <T>(work: () => Promise<T>) => Promise<T>;

/** Options of a server: at least one of `identity` and `preSharedKey`. */
export interface ServerOptions extends CommonOptions {
  identity?: Identity | undefined;
  /**
   * Looks up a pre-shared key without consuming it: a client that names an id is not authenticated
   * yet.
   */
  preSharedKey?: ((id: Bytes) => Bytes | undefined) | undefined;
  /**
   * Called with the authenticated client before any of its messages; returns a reason to refuse it.
   * The same object becomes the `peer` of the channel. This is the place to consume a one-time
   * pre-shared key.
   */
  authorize?: ((peer: Peer) => string | undefined | Promise<string | undefined>) | undefined;
  /**
   * Runs the costly part of the handshake when this client has its turn; a client that has
   * disconnected by then costs nothing.
   */
  turn?: Turn | undefined;
  /** Called once the hello of the client has been answered, which has cost work. */
  onAnswered?: (() => void) | undefined;
  /** If set, every client is refused with this hint before any work is done for it. */
  hint?: string | undefined;
}

/** The result of a handshake. */
export interface Session {
  peer: Peer;
  sealer: Sealer;
  opener: Opener;
  /** The secret from which exported keys are derived, 32 bytes. */
  exporterSecret: Bytes;
}

/**
 * Performs the handshake as the client, which sends first.
 *
 * @throws Error when the server fails to authenticate, refuses us, or disconnects
 */
export async function shakeHandsAsClient(transport: Transport, options: ClientOptions): Promise<Session> {
  const { identity, preSharedKey, fixed } = options;
  if ((identity === undefined) === (preSharedKey === undefined))
    throw new TypeError("a client needs an identity or a pre-shared key, and not both");
  if (preSharedKey) checkPreSharedKey(preSharedKey.key, preSharedKey.id);
  const mode = identity ? IDENTITY_MODE : PRE_SHARED_MODE;
  const id = preSharedKey?.id ?? EMPTY;

  const ephemeral = fixed?.ephemeral ?? generateEphemeral();
  const random = fixed?.random ?? randomBytes(RANDOM_LENGTH);
  const clientHello = encodeHello({ mode, id, point: ephemeral.point, random });
  await transport.write(clientHello);
  trace("sent my hello, with a fresh Diffie-Hellman key");
  const serverHello = await receive(transport);
  const hint = decodeHint(serverHello);
  if (hint) throw hint;
  const hello = decodeHello(serverHello);
  if (!equal(hello.mode, mode) || !equal(hello.id, id))
    throw new Error("malformed hello: the server answered another hello than ours");
  if (equal(hello.point, ephemeral.point)) throw reflected();

  const hellos = hashOf("hellos", clientHello, serverHello);
  const shared = deriveShared(ephemeral, hello.point);
  const keys = deriveHandshakeKeys(shared, preSharedKey?.key, hellos);

  const serverProof = await receive(transport);
  const server = await openProof("server", serverProof, hellos, { keys: keys.server, mode, id });
  if (identity && equal(server.spki, identity.spki)) throw reflected();
  trace(`the server proved ${describePeer(server)}`);
  await options.verifyPeer?.(server);

  const afterServer = hashOf("server proof", hellos, serverProof);
  const clientProof = await sealProof("client", afterServer, { keys: keys.client, identity, fixed });
  await transport.write(clientProof);
  trace("sent my proof");

  const afterClient = hashOf("client proof", afterServer, clientProof);
  const application = deriveApplicationKeys(shared, preSharedKey?.key, afterClient);
  const sealer = new Sealer(application.client, options.records);
  const opener = new Opener(application.server, options.records);
  const answer = opener.open(await receive(transport), READY, REFUSED);
  if (answer.type === REFUSED) throw refusalError("the server refuses us", answer.content);
  if (answer.content.length > 0)
    throw new Error("malformed answer: bytes follow the word that the server is ready");
  trace("the server is ready");
  return { peer: server, sealer, opener, exporterSecret: application.exporterSecret };
}

/**
 * Performs the handshake as the server.
 *
 * @throws Error when the client fails to authenticate, is refused, or disconnects; a refusal has
 *   been written, and is flushed when the transport is closed
 */
export async function shakeHandsAsServer(transport: Transport, options: ServerOptions): Promise<Session> {
  const { fixed, turn = (work) => work() } = options;
  const clientHello = await receive(transport);
  const reason = options.hint ?? whyNot(clientHello, options);
  if (reason !== undefined) {
    await transport.write(encodeHint(reason));
    throw new Error(`refused the client with a hint: ${reason}`);
  }
  const hello = decodeHello(clientHello);
  const { mode, id } = hello;
  const identity = equal(mode, IDENTITY_MODE) ? options.identity : undefined;
  const preSharedKey = identity ? undefined : lookUp(id, options);

  const { serverHello, serverProof, shared, keys, afterServer } = await turn(async () => {
    if (transport.ended) throw new Error("the peer has gone before its turn came");
    const ephemeral = fixed?.ephemeral ?? generateEphemeral();
    const random = fixed?.random ?? randomBytes(RANDOM_LENGTH);
    if (equal(hello.point, ephemeral.point)) throw reflected();
    const shared = deriveShared(ephemeral, hello.point);
    const serverHello = encodeHello({ mode, id, point: ephemeral.point, random });

    const hellos = hashOf("hellos", clientHello, serverHello);
    const keys = deriveHandshakeKeys(shared, preSharedKey, hellos);
    const serverProof = await sealProof("server", hellos, { keys: keys.server, identity, fixed });
    const afterServer = hashOf("server proof", hellos, serverProof);
    return { serverHello, serverProof, shared, keys, afterServer };
  });
  options.onAnswered?.();
  await Promise.all([transport.write(serverHello), transport.write(serverProof)]);
  trace("sent my hello, with a fresh Diffie-Hellman key, and my proof");

  const clientProof = await receive(transport);
  // takes no turn: it costs a tenth, and only clients that had one come here
  const client = await openProof("client", clientProof, afterServer, { keys: keys.client, mode, id });
  if (identity && equal(client.spki, identity.spki)) throw reflected();
  trace(`the client proved ${describePeer(client)}`);

  const afterClient = hashOf("client proof", afterServer, clientProof);
  const application = deriveApplicationKeys(shared, preSharedKey, afterClient);
  const sealer = new Sealer(application.server, options.records);
  const opener = new Opener(application.client, options.records);
  const refusal = await options.authorize?.(client);
  if (refusal !== undefined) {
    await transport.write(...sealer.seal(REFUSED, encodeUtf8(refusal)));
    throw new Error(`refused the client: ${refusal}`);
  }
  await transport.write(...sealer.seal(READY, EMPTY));
  trace("sent that I am ready");
  return { peer: client, sealer, opener, exporterSecret: application.exporterSecret };
}

function describePeer({ fingerprint }: Peer): string {
  return fingerprint === "" ? "that it has the pre-shared key" : `to be ${fingerprint}`;
}

interface Hello {
  mode: Bytes;
  id: Bytes;
  point: Bytes;
  random: Bytes;
}

function encodeHello({ mode, id, point, random }: Hello): Bytes {
  return encodeFields([VERSION, mode, SUITE, id, point, random]);
}

function decodeHello(frame: Bytes): Hello {
  if (!speaksOurVersion(frame)) throw new Error(`the peer does not speak ${VERSION}`);
  const [, mode = EMPTY, suite = EMPTY, id = EMPTY, point = EMPTY, random = EMPTY] = decodeFields(frame, 6);
  if (!equal(suite, SUITE)) throw new Error("malformed hello: unknown suite");
  const idLimit = equal(mode, PRE_SHARED_MODE) ? PRE_SHARED_ID_LIMIT : 0;
  if (id.length > idLimit || (idLimit > 0 && id.length === 0))
    throw new Error(`malformed hello: a pre-shared key's id of ${id.length} bytes`);
  if (random.length !== RANDOM_LENGTH)
    throw new Error(`malformed hello: expected ${RANDOM_LENGTH} random bytes, got ${random.length}`);
  return { mode, id, point, random };
}

function speaksOurVersion(frame: Bytes): boolean {
  const version = encodeFields([VERSION]);
  return equal(frame.subarray(0, version.length), version);
}

/** Returns why this server cannot serve a client with this hello, in words for the client. */
function whyNot(clientHello: Bytes, { identity, preSharedKey }: ServerOptions): string | undefined {
  if (!speaksOurVersion(clientHello)) return `this server speaks ${VERSION}`;
  const { mode } = decodeHello(clientHello);
  if (equal(mode, IDENTITY_MODE) && identity) return undefined;
  if (equal(mode, PRE_SHARED_MODE) && preSharedKey) return undefined;
  return identity ? "this server talks to identities" : "this server talks under pre-shared keys";
}

/**
 * Returns the pre-shared key with this id; a random one for an unknown id, to hide which ids exist.
 */
function lookUp(id: Bytes, { preSharedKey }: ServerOptions): Bytes {
  const key = preSharedKey?.(id);
  if (key === undefined) return randomBytes(PRE_SHARED_KEY_LENGTH);
  checkPreSharedKey(key, id);
  return key;
}

function checkPreSharedKey(key: Bytes, id: Bytes): void {
  if (key.length !== PRE_SHARED_KEY_LENGTH)
    throw new RangeError(`a pre-shared key: expected ${PRE_SHARED_KEY_LENGTH} bytes, got ${key.length}`);
  if (id.length === 0 || id.length > PRE_SHARED_ID_LIMIT)
    throw new RangeError(
      `a pre-shared key's id: expected 1 to ${PRE_SHARED_ID_LIMIT} bytes, got ${id.length}`,
    );
}

interface HandshakeKeys {
  client: Direction;
  server: Direction;
}

function deriveHandshakeKeys(shared: Bytes, preSharedKey: Bytes | undefined, hellos: Bytes): HandshakeKeys {
  const info = encodeFields([`${VERSION}/handshake keys`, hellos]);
  const bytes = hkdf(shared, preSharedKey ?? new Uint8Array(SECRET_LENGTH), info, 2 * DIRECTION_LENGTH);
  return splitDirections(bytes);
}

function deriveApplicationKeys(
  shared: Bytes,
  preSharedKey: Bytes | undefined,
  afterClient: Bytes,
): HandshakeKeys & { exporterSecret: Bytes } {
  const info = encodeFields([`${VERSION}/application keys`, afterClient]);
  const length = 2 * DIRECTION_LENGTH + SECRET_LENGTH;
  const bytes = hkdf(shared, preSharedKey ?? new Uint8Array(SECRET_LENGTH), info, length);
  return { ...splitDirections(bytes), exporterSecret: bytes.slice(2 * DIRECTION_LENGTH) };
}

function splitDirections(bytes: Bytes): HandshakeKeys {
  return { client: splitDirection(bytes), server: splitDirection(bytes.subarray(DIRECTION_LENGTH)) };
}

/**
 * Creates our proof: our identity, our signature over it and `transcript`, and the MAC of both,
 * sealed.
 */
async function sealProof(
  role: "client" | "server",
  transcript: Bytes,
  {
    keys,
    identity,
    fixed,
  }: {
    keys: Direction;
    identity: Identity | undefined;
    fixed: Fixed | undefined;
  },
): Promise<Bytes> {
  const spki = identity?.spki ?? EMPTY;
  const signed = [`${VERSION}/${role} signature`, transcript, spki];
  const signature = identity ? (fixed?.signature ?? (await sign(identity, signed))) : EMPTY;
  const mac = authenticate(role, keys, { transcript, spki, signature });
  return concat(new Sealer(keys).seal(PROOF, encodeFields([spki, signature, mac])));
}

/** Verifies the proof of the peer; returns the peer. */
async function openProof(
  role: "client" | "server",
  proof: Bytes,
  transcript: Bytes,
  { keys, mode, id }: { keys: Direction; mode: Bytes; id: Bytes },
): Promise<Peer> {
  const [spki, signature, mac] = decodeProof(proof, keys);
  if (!equal(mac, authenticate(role, keys, { transcript, spki, signature }))) throw proofRefused();
  if (equal(mode, PRE_SHARED_MODE)) {
    if (spki.length > 0 || signature.length > 0) throw proofRefused();
    return { spki, fingerprint: "", id };
  }
  const identity = await importPublicIdentity(spki);
  const signed = [`${VERSION}/${role} signature`, transcript, spki];
  await verify(identity, signature, signed).catch(() => Promise.reject(proofRefused()));
  return { spki, fingerprint: identity.fingerprint, id };
}

function decodeProof(proof: Bytes, keys: Direction): [Bytes, Bytes, Bytes] {
  try {
    const { content } = new Opener(keys).open(proof, PROOF);
    return decodeFields(content, 3);
  } catch {
    throw proofRefused();
  }
}

function proofRefused(): Error {
  return new Error(
    "the peer is refused: its proof was altered, is not of this session, or is under another pre-shared key",
  );
}

/** Computes the MAC of a proof, under the finished key of its side. */
function authenticate(
  role: "client" | "server",
  { secret }: Direction,
  { transcript, spki, signature }: { transcript: Bytes; spki: Bytes; signature: Bytes },
): Bytes {
  return hmac(secret, encodeFields([`${VERSION}/${role} MAC`, transcript, spki, signature]));
}

function hashOf(label: string, ...messages: Bytes[]): Bytes {
  return hash(encodeFields([`${VERSION}/${label}`, ...messages]));
}

async function receive(transport: Transport): Promise<Bytes> {
  const message = await transport.next(HELLO_LIMIT);
  if (message) return message;
  throw new Error("the peer closed the connection early; its own output may say why");
}

function reflected(): Error {
  return new Error("the peer is refused: it sent our own key back");
}
