/** Replaces a known text by another one, as someone does who can encrypt. */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { type Bytes, encodeUtf8 } from "../../../../lib/bytes/bytes.ts";
import { Budget } from "../capture/budget.ts";
import type { Stream } from "../capture/capture.ts";
import { asBytes, indexOf } from "../capture/proof.ts";
import { latin1, patch } from "../capture/view.ts";
import { viewsOf } from "./decodings.ts";
import { isText } from "./opened.ts";

const STEPS = 20_000_000;
const HASHES = ["sha256", "sha1", "md5", "sha512"];
const LETTERS = 26;

/** Returns a text of the same length, in which each ASCII letter has moved by `shift`. */
export function otherText(text: string, shift = 13): string {
  return text.replaceAll(/[a-z]/gi, (letter) => {
    const first = letter >= "a" ? 0x61 : 0x41;
    return String.fromCharCode(first + ((letter.charCodeAt(0) - first + shift) % LETTERS));
  });
}

/**
 * Replaces `text` by `other`, which is as long, in `bytes` or in what they encode. Replaces its
 * hashes, too.
 *
 * @returns undefined if the text is not there
 */
export function replaceText(bytes: Bytes, text: string, other: string): Bytes | undefined {
  const known = encodeUtf8(text);
  if (indexOf(bytes, known) === -1 && !isText(bytes)) return undefined;
  const stream: Stream = { bytes: bytes.slice(), starts: [0], parts: [] };
  for (const view of viewsOf(stream, new Budget(STEPS))) {
    const at = view.rare ? -1 : indexOf(view.bytes, known);
    const changed = at === -1 ? undefined : patch(view, at, encodeUtf8(other));
    if (changed) return replaceHashes(changed, text, other);
  }
  return undefined;
}

/** Replaces the hashes of `text` by those of `other`: as bytes, in hexadecimal and in base64. */
export function replaceHashes(bytes: Bytes, text: string, other: string): Bytes {
  let result = latin1(bytes);
  for (const hash of HASHES) {
    const [before, after] = [text, other].map((each) => createHash(hash).update(each).digest());
    if (!before || !after) continue;
    for (const encoding of ["latin1", "hex", "base64", "base64url"] as const)
      result = result.replaceAll(before.toString(encoding), () => after.toString(encoding));
  }
  return asBytes(Buffer.from(result, "latin1"));
}
