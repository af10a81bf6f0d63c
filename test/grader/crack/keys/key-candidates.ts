/** Captured bytes that may be a key, or a password from which a key is derived. */
import { Buffer } from "node:buffer";
import { createHash, hkdfSync } from "node:crypto";
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import type { Place } from "../capture/capture.ts";
import { asBytes, type ProofKind } from "../capture/proof.ts";
import { latin1, placesIn, type View } from "../capture/view.ts";
import { units } from "../decode/frames.ts";

export interface KeyCandidate {
  bytes: Bytes;
  kind: ProofKind;
  where: Place[];
  /** One sentence: the origin of the key. */
  how: string;
  /** The key was cut out of something longer, so no program would derive another key from it. */
  cut?: true;
}

const MAX_TOKEN = 64;
// 64 bytes in base64, 48 in hexadecimal
const MAX_WORD = 96;
const MAX_SMALL_UNIT = 128;
const LENGTHS = [32, 16, 24];
const KEY_LENGTHS = new Set([5, 8, 16, 24, 32, 48, 64]);
// a stream with more parts is a list of numbers, not of messages
const MAX_UNITS = 300;
// the second is the example in the documentation of a widely used library
const HKDF_INFOS = ["", "handshake data"];
const HASHES = ["sha256", "md5", "sha1", "sha512"];

/**
 * Returns the candidates in `views`: tokens, whole messages and parts of them, the likeliest first.
 */
export function keysOnTheWire(views: readonly View[], limit: number): KeyCandidate[] {
  const found = new Map<string, KeyCandidate>();
  const add = (view: View, at: number, bytes: Bytes, isCut = false) => {
    const id = latin1(bytes);
    if (found.size >= limit || found.has(id) || new Set(bytes).size < Math.min(4, bytes.length)) return;
    const where = placesIn(view, at, bytes.length);
    const undone = view.steps.length > 0 ? ` (${view.steps.join(", then ")} undone)` : "";
    found.set(id, {
      bytes,
      kind: "key on the wire",
      where,
      how: `The key was itself sent${undone}.`,
      ...(isCut && { cut: true }),
    });
  };
  // a file is short and may be nothing but the key
  const isFile = ({ stream }: View) => Number("file" in (stream.parts[0]?.place ?? {}));
  for (const view of views.toSorted((a, b) => isFile(b) - isFile(a))) {
    if (view.rare || view.starts.length > MAX_UNITS) continue;
    // tokens that were decoded one by one do not form a message
    const isJoined = view.decoded !== undefined && view.starts.length > 1;
    const all = units(view.bytes, view.starts).filter(
      ({ bytes }) => !isJoined || bytes.length < view.bytes.length,
    );
    for (const { at, bytes } of all) if (mayBeKey(bytes)) add(view, at, bytes.slice());
    for (const match of texts(view.bytes))
      add(view, match.index, view.bytes.slice(match.index, match.index + match[0].length));
    for (const { at, bytes } of all) {
      for (const length of LENGTHS) {
        if (bytes.length <= length) continue;
        add(view, at, bytes.slice(0, length), true);
        add(view, at + bytes.length - length, bytes.slice(-length), true);
        for (let from = 1; bytes.length <= MAX_SMALL_UNIT && from + length < bytes.length; from++)
          add(view, at + from, bytes.slice(from, from + length), true);
      }
    }
  }
  return [...found.values()];
}

/** Says whether `bytes` have a usual key length or look like a password. */
function mayBeKey(bytes: Bytes): boolean {
  if (KEY_LENGTHS.has(bytes.length)) return true;
  return bytes.length >= 4 && bytes.length <= MAX_TOKEN && bytes.every((byte) => byte >= 0x20 && byte < 0x7f);
}

/** Returns the words of longer printable runs; random bytes have only short ones. */
function texts(bytes: Bytes): RegExpExecArray[] {
  const text = latin1(bytes);
  return [...text.matchAll(/[\t\n\r\x20-\x7e]{16,}/g)].flatMap((run) => {
    const words = [...run[0].matchAll(/[A-Za-z0-9+/=_@!#$%^&*.-]{4,}/g)].filter(
      ([word]) => word.length <= MAX_WORD,
    );
    for (const word of words) word.index += run.index;
    return words;
  });
}

/**
 * Returns the keys that `bytes` are or encode; if `isDerived`, those that programs derive from
 * them.
 */
export function derivedKeys(
  { bytes, kind }: Pick<KeyCandidate, "bytes" | "kind">,
  isDerived: boolean,
): { bytes: Bytes; step: string }[] {
  const text = latin1(bytes);
  const derived: { bytes: Bytes; step: string }[] = [];
  if (isDerived) return [...hashed(bytes), ...fitted(bytes), ...(kind === "weak key" ? expanded(bytes) : [])];
  derived.push({ bytes, step: "as it is" });
  if (/^[A-Za-z0-9_+/-]{20,90}={0,2}$/.test(text))
    derived.push({ bytes: asBytes(Buffer.from(text, "base64")), step: "decoded from base64" });
  if (/^(?:[0-9a-fA-F]{2}){8,64}$/.test(text))
    derived.push({ bytes: asBytes(Buffer.from(text, "hex")), step: "decoded from hexadecimal" });
  return derived;
}

function hashed(bytes: Bytes): { bytes: Bytes; step: string }[] {
  const derived: { bytes: Bytes; step: string }[] = [];
  if (bytes.length > MAX_TOKEN) return derived;
  for (const hash of HASHES) {
    const digest = createHash(hash).update(bytes).digest();
    derived.push({ bytes: asBytes(digest.subarray(0, 32)), step: `its ${hash} hash` });
    if (digest.length > 16)
      derived.push({
        bytes: asBytes(digest.subarray(0, 16)),
        step: `the first 16 bytes of its ${hash} hash`,
      });
    if (hash === "sha256")
      derived.push({
        bytes: asBytes(Buffer.from(digest.toString("hex")).subarray(0, 32)),
        step: "the first 32 digits of its sha256 hash",
      });
    if (hash === "md5")
      derived.push({
        bytes: asBytes(Buffer.from(digest.toString("hex"))),
        step: "its md5 hash in hexadecimal",
      });
  }
  return derived;
}

/** Derives keys from a shared secret with HKDF. */
function expanded(bytes: Bytes): { bytes: Bytes; step: string }[] {
  return HKDF_INFOS.map((info) => ({
    bytes: new Uint8Array(hkdfSync("sha256", bytes, new Uint8Array(), info, 32)),
    step: `HKDF-SHA-256 without salt, info ${JSON.stringify(info)}`,
  }));
}

/** Cuts or pads `bytes` to each length that a key can have. */
function fitted(bytes: Bytes): { bytes: Bytes; step: string }[] {
  const derived: { bytes: Bytes; step: string }[] = [];
  for (const length of [16, 24, 32]) {
    if (bytes.length > length)
      derived.push({ bytes: bytes.slice(0, length), step: `its first ${length} bytes` });
    if (bytes.length >= length || bytes.length === 0) continue;
    for (const [fill, name] of [
      [0, "zeros"],
      [0x20, "spaces"],
      [0x30, "the digit 0"],
    ] as const) {
      const filled = new Uint8Array(length).fill(fill);
      filled.set(bytes);
      derived.push({ bytes: filled, step: `padded with ${name} to ${length} bytes` });
    }
    derived.push({
      bytes: Uint8Array.from({ length }, (_, at) => bytes[at % bytes.length] ?? 0),
      step: `repeated to ${length} bytes`,
    });
  }
  return derived;
}
