/**
 * The hello, the first frame of each side in parts 1 and 2: the public key, and 32 random bytes
 * that make the session unique.
 *
 *     hello   = fields(version, random (32), SPKI of my public key)
 *     session = SHA-256(fields(version ‖ "/session", client's hello, server's hello))
 *
 * Every later signature covers the session, and with it both keys, so it is valid in this session
 * only.
 */
import { type Bytes, decodeUtf8, equal } from "../bytes/bytes.ts";
import { decodeFields, encodeFields } from "../bytes/fields.ts";
import { quoted } from "../bytes/printable.ts";
import { importPublicKeys, type PublicKeys } from "../crypto/keys.ts";
import { randomBytes, sha256 } from "../crypto/webcrypto.ts";
import { type FramedStream, HELLO_LIMIT } from "../net/framing.ts";

const RANDOM_LENGTH = 32;
// maximum length of a foreign version in an error
const SHOWN_LENGTH = 40;

export interface HelloOptions {
  /** The protocol, such as `sml/part1/v1`; both sides must name the same. */
  version: string;
  /** Our side: the session is the hash of the client's hello, then the server's. */
  role: "client" | "server";
  /** Accept only the peer with this fingerprint. */
  fingerprint?: string | undefined;
  /** 32 fixed bytes for worked examples and tests. */
  random?: Bytes;
}

/**
 * Sends our hello and receives the peer's; returns the peer's public key and the 32-byte session
 * id.
 *
 * @throws Error when the hello of the peer is malformed, of another protocol, or our own sent back,
 *   or when its key is invalid or not the expected one
 */
export async function exchangeHellos(
  connection: FramedStream,
  own: { spki: Bytes },
  { version, role, fingerprint, random = randomBytes(RANDOM_LENGTH) }: HelloOptions,
): Promise<{ peer: PublicKeys; session: Bytes }> {
  const hello = encodeFields([version, random, own.spki]);
  await connection.write(hello);
  const peerHello = await connection.read(HELLO_LIMIT);

  const peer = await openHello(peerHello, version);
  if (equal(peer.spki, own.spki)) throw new Error("the peer is refused: it sent our own public key back");
  if (fingerprint !== undefined && peer.fingerprint !== fingerprint) {
    throw new Error(`the peer is refused: its key is ${peer.fingerprint}, expected ${fingerprint}`);
  }
  const [first, second] = role === "client" ? [hello, peerHello] : [peerHello, hello];
  return { peer, session: await sha256(encodeFields([`${version}/session`, first, second])) };
}

async function openHello(hello: Bytes, version: string): Promise<PublicKeys> {
  const [peerVersion, random, spki] = decodeFields(hello, 3);
  const theirs = decodeVersion(peerVersion);
  if (theirs !== version)
    throw new Error(`the peer speaks ${quoted(theirs, SHOWN_LENGTH)}, expected "${version}"`);
  if (random.length !== RANDOM_LENGTH) {
    throw new Error(`malformed hello: expected ${RANDOM_LENGTH} random bytes, got ${random.length}`);
  }
  return importPublicKeys(spki);
}

function decodeVersion(bytes: Bytes): string {
  try {
    return decodeUtf8(bytes);
  } catch {
    throw new Error("malformed hello: its version is not valid UTF-8");
  }
}
