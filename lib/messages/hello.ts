/**
 * The first frame of each side in parts 1 and 2: my public key, and 32 random bytes that make the session one of a kind.
 *
 *     hello   = fields(version, random (32), SPKI of my public key)
 *     session = SHA-256(fields(version ‖ "/session", client's hello, server's hello))
 *
 * Whatever is signed afterwards names the session, and so both keys: it is worth nothing anywhere else.
 */
import { type Bytes, decodeUtf8, equal } from "../bytes/bytes.ts";
import { decodeFields, encodeFields } from "../bytes/fields.ts";
import { quoted } from "../bytes/printable.ts";
import { importPublicKeys, type PublicKeys } from "../crypto/keys.ts";
import { randomBytes, sha256 } from "../crypto/webcrypto.ts";
import { type FramedStream, HELLO_LIMIT } from "../net/framing.ts";

const RANDOM_LENGTH = 32;
// characters of another version that are shown
const SHOWN_LENGTH = 40;

export interface HelloOptions {
  /** The protocol, such as `sml/part1/v1`; both sides must name the same. */
  version: string;
  /** Which side we are: the session is the hash of the client's hello, then the server's. */
  role: "client" | "server";
  /** The fingerprint of the only peer that will do. */
  fingerprint?: string | undefined;
  /** 32 bytes in place of chance, for worked examples and tests. */
  random?: Bytes;
}

/**
 * Sends our hello, receives the peer's, and returns the peer's public key and the session's 32-byte id.
 *
 * @throws Error when the peer's hello is malformed, of another protocol, or our own sent back, or when its key is
 *   unacceptable or not the one demanded
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
    throw new Error(`the peer is refused: its key is ${peer.fingerprint}, and ${fingerprint} is demanded`);
  }
  const [first, second] = role === "client" ? [hello, peerHello] : [peerHello, hello];
  return { peer, session: await sha256(encodeFields([`${version}/session`, first, second])) };
}

async function openHello(hello: Bytes, version: string): Promise<PublicKeys> {
  const [peerVersion, random, spki] = decodeFields(hello, 3);
  const theirs = decodeVersion(peerVersion);
  if (theirs !== version)
    throw new Error(`the peer speaks ${quoted(theirs, SHOWN_LENGTH)}, and this is "${version}"`);
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
