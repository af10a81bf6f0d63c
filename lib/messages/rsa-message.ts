/**
 * The message of part 1: nothing but RSA.
 *
 *     signature   = PSS(sender; "sml/part1/v1/message", direction, session, text)
 *     signed text = fields(signature, text)
 *     message     = OAEP block ‖ OAEP block ‖ ... of the signed text
 *
 * Signed, then encrypted. The session in the signature names both keys, so the receiver cannot
 * encrypt the signed text again for a third party (Davis, USENIX 2001). The signature is encrypted
 * too: outside, it would let an eavesdropper test guesses of the text.
 */
import { type Bytes, concat, decodeUtf8, encodeUtf8 } from "../bytes/bytes.ts";
import { decodeFields, encodeFields } from "../bytes/fields.ts";
import type { OwnKeys, PublicKeys } from "../crypto/keys.ts";
import { NOT_AUTHENTIC, sign, verify } from "../crypto/signature.ts";
import { subtle } from "../crypto/webcrypto.ts";

/** Maximum length of a text in bytes: every block costs the receiver a private-key operation. */
export const TEXT_LIMIT = 16 * 1024;
/**
 * Maximum length of a message: that text with the longest signature (512), in blocks of the
 * shortest key (190 in 256), rounded up.
 */
export const MESSAGE_LIMIT = 24 * 1024;

const LABEL = "sml/part1/v1/message";
// RFC 8017 §7.1.1: a block of k bytes carries k - 2 hLen - 2
const OAEP_OVERHEAD = 66;

/** Binds a message to one session and one direction. */
export interface Binding {
  direction: "client to server" | "server to client";
  /** The 32-byte session id. */
  session: Bytes;
}

/** Signs `text` with our private key; returns signature and text as fields. */
export async function signText(text: string, own: OwnKeys, { direction, session }: Binding): Promise<Bytes> {
  const plaintext = encodeUtf8(text);
  const signature = await sign(own, [LABEL, direction, session, plaintext]);
  return encodeFields([signature, plaintext]);
}

/** Encrypts `signedText` with the peer's public key, block by block. */
export async function encryptBlocks(signedText: Bytes, peer: PublicKeys): Promise<Bytes> {
  const capacity = peer.modulusLength - OAEP_OVERHEAD;
  const blocks: Promise<ArrayBuffer>[] = [];
  for (let offset = 0; offset < signedText.length; offset += capacity) {
    const part = signedText.subarray(offset, offset + capacity);
    blocks.push(subtle.encrypt({ name: "RSA-OAEP" }, peer.encryptionKey, part));
  }
  return concat((await Promise.all(blocks)).map((block) => new Uint8Array(block)));
}

/**
 * Decrypts `message` with our private key; returns the signed text, which is not verified yet.
 *
 * @throws Error, the same as for an invalid signature, when it is not a sequence of blocks for our
 *   key
 */
export async function decryptBlocks(message: Bytes, own: OwnKeys): Promise<Bytes> {
  if (message.length % own.modulusLength !== 0) throw new Error(NOT_AUTHENTIC);
  const parts: Bytes[] = [];
  // sequential, so that a forgery costs no more than its first invalid block
  for (let offset = 0; offset < message.length; offset += own.modulusLength) {
    const block = message.subarray(offset, offset + own.modulusLength);
    try {
      parts.push(new Uint8Array(await subtle.decrypt({ name: "RSA-OAEP" }, own.decryptionKey, block)));
    } catch {
      throw new Error(NOT_AUTHENTIC);
    }
  }
  return concat(parts);
}

/**
 * Verifies `signedText` with the public key of the peer; returns the text.
 *
 * @throws Error when it is not the text of this peer, session and direction, or is too long or not
 *   UTF-8
 */
export async function verifyText(
  signedText: Bytes,
  peer: PublicKeys,
  { direction, session }: Binding,
): Promise<string> {
  const [signature, plaintext] = decodeSignedText(signedText);
  await verify(peer, signature, [LABEL, direction, session, plaintext]);
  return decodeUtf8(plaintext, TEXT_LIMIT);
}

function decodeSignedText(signedText: Bytes): [Bytes, Bytes] {
  try {
    return decodeFields(signedText, 2);
  } catch {
    throw new Error(NOT_AUTHENTIC);
  }
}
