/**
 * The message of part 1: nothing but RSA.
 *
 *     signature   = PSS(sender; "sml/part1/v1/message", direction, session, text)
 *     signed text = fields(signature, text)
 *     message     = OAEP block ‖ OAEP block ‖ ... of the signed text
 *
 * Signed, then encrypted. The session in the signature names both keys, so that the receiver cannot encrypt the signed
 * text again for someone else (Davis, USENIX 2001). The signature travels inside the encryption: outside, it would tell
 * an eavesdropper whether a guess at the text is right.
 */
import { type Bytes, concat, decodeUtf8, encodeUtf8 } from "../bytes/bytes.ts";
import { decodeFields, encodeFields } from "../bytes/fields.ts";
import type { OwnKeys, PublicKeys } from "../crypto/keys.ts";
import { NOT_AUTHENTIC, sign, verify } from "../crypto/signature.ts";
import { subtle } from "../crypto/webcrypto.ts";

/** Bytes of the longest text: every block costs the receiver an operation with its private key. */
export const TEXT_LIMIT = 16 * 1024;
/** Bytes of the longest message: that text with the longest signature (512), in blocks of the shortest key (190 in 256), rounded up. */
export const MESSAGE_LIMIT = 24 * 1024;

const LABEL = "sml/part1/v1/message";
// RFC 8017 §7.1.1: a block of k bytes carries k - 2 hLen - 2
const OAEP_OVERHEAD = 66;

/** What a message is bound to, so that it is worth nothing in another session or the other way round. */
export interface Binding {
  direction: "client to server" | "server to client";
  /** The session's 32-byte id. */
  session: Bytes;
}

/** Signs `text` with our private key; returns the signature and the text as fields. */
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
 * Decrypts `message` with our private key; returns the signed text, which nobody vouches for yet.
 *
 * @throws Error, the same as for a wrong signature, when it is not a row of blocks for our key
 */
export async function decryptBlocks(message: Bytes, own: OwnKeys): Promise<Bytes> {
  if (message.length % own.modulusLength !== 0) throw new Error(NOT_AUTHENTIC);
  const parts: Bytes[] = [];
  // one after the other, so that a forgery costs no more than its first wrong block
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
 * Checks `signedText` with the peer's public key; returns the text.
 *
 * @throws Error when it is not this peer's text of this session and direction, or is too long or not UTF-8
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
