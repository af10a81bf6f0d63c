/**
 * A man in the middle: swaps public keys for its own, and re-encrypts what was encrypted for those.
 */
import { Buffer } from "node:buffer";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import { bitLength, power } from "../arithmetic/modular.ts";
import { Budget } from "../capture/budget.ts";
import { streamsOf } from "../capture/capture.ts";
import { patch, type View } from "../capture/view.ts";
import { viewsOf } from "../decode/decodings.ts";
import { blockOffsets } from "../decode/frames.ts";
import { numbersIn, replaceNumber } from "../decode/numbers.ts";
import { findKeys } from "../keys/find-keys.ts";
import type { FoundKey } from "../keys/found-key.ts";
import {
  keyLike,
  type Opened,
  openBlock,
  type PrivateNumbers,
  type PublicNumbers,
  sealBlock,
} from "./own-keys.ts";

export interface SwappedKey {
  theirs: FoundKey;
  /** The key that replaces it, if it is an RSA key. */
  numbers?: PrivateNumbers;
  /** The key that replaces it, if it is on a curve. */
  key?: KeyObject;
}

export interface Rewrapped extends Opened {
  /** The offset in the given bytes. */
  offset: number;
}

const STEPS = 500_000_000;
const MAX_KEYS = 8;
const MAX_BLOCKS = 64;
/** Bytes of a modulus from which on it is searched for as blocks. */
const MIN_LENGTH = 32;
// a smaller plaintext is a letter
const MAX_LETTER = 0x110000n;

/**
 * Replaces every public key in `bytes` by one of our own in the same form and length. The signature
 * of a certificate is then wrong.
 *
 * @param known keys swapped earlier in this session; a key always gets the same substitute
 * @returns the bytes to pass on, unchanged where no key was found or none could be replaced
 */
export function swapKeys(
  bytes: Bytes,
  known: readonly SwappedKey[] = [],
): { bytes: Bytes; swapped: SwappedKey[] } {
  let current = new Uint8Array(bytes);
  const swapped: SwappedKey[] = [];
  for (let count = 0; count < MAX_KEYS; count++) {
    const next = findKeys(viewsIn(current)).find((key) => !isOurs(key, [...known, ...swapped]));
    const done = next && swapOne(next, [...known, ...swapped]);
    if (!done) break;
    current = new Uint8Array(done.bytes);
    swapped.push(done.swapped);
  }
  return { bytes: current, swapped };
}

/**
 * Decrypts the ciphertexts in `bytes` with `ours` and encrypts them with `theirs`.
 *
 * @param alter returns the plaintext to encrypt, which must not be longer than the original
 */
export function rewrap(
  bytes: Bytes,
  ours: PrivateNumbers,
  theirs: PublicNumbers,
  alter: (plaintext: Bytes) => Bytes = (plaintext) => plaintext,
): { bytes: Bytes; rewrapped: Rewrapped[] } {
  const rewrapped: Rewrapped[] = [];
  const length = Math.ceil(bitLength(ours.modulus) / 8);
  for (const view of viewsIn(new Uint8Array(bytes))) {
    if (view.rare) continue;
    let result: Bytes | undefined;
    for (const at of length >= MIN_LENGTH ? blocksIn(view, length) : []) {
      const opened = openBlock(ours, view.bytes.slice(at, at + length));
      if (!opened || !isMeaningful(opened)) continue;
      const sealed = sealBlock(theirs, { ...opened, plaintext: alter(opened.plaintext) });
      if (sealed.length !== length) continue;
      result = patch(view, at, sealed) ?? result;
      rewrapped.push({ ...opened, offset: at });
    }
    if (result) return { bytes: result, rewrapped };
    for (const field of numbersIn(view, 5000)) {
      const isCiphertext = field.value > 1n && field.value < ours.modulus && field.coding !== "hexadecimal";
      const opened = isCiphertext ? power(field.value, ours.privateExponent, ours.modulus) : MAX_LETTER;
      if (opened >= MAX_LETTER || opened < 2n) continue;
      const changed = replaceNumber(field, power(opened, theirs.exponent, theirs.modulus));
      if (!changed) continue;
      result = changed;
      rewrapped.push({
        padding: "none",
        plaintext: Uint8Array.of(Number(opened & 255n)),
        offset: field.offset,
      });
    }
    if (result) return { bytes: result, rewrapped };
  }
  return { bytes, rewrapped: [] };
}

function viewsIn(bytes: Bytes): View[] {
  const pieces = [{ connection: 1, direction: "client to server" as const, at: 0, bytes }];
  return streamsOf({ pieces, files: [] }).flatMap((stream) => viewsOf(stream, new Budget(STEPS)));
}

function isOurs(key: FoundKey, known: readonly SwappedKey[]): boolean {
  return known.some(({ numbers, key: ours }) => {
    if ("modulus" in key) return numbers?.modulus === key.modulus;
    return ours !== undefined && pointOf(ours).equals(currentPoint(key.point));
  });
}

function swapOne(
  theirs: FoundKey,
  known: readonly SwappedKey[],
): { bytes: Bytes; swapped: SwappedKey } | undefined {
  if ("modulus" in theirs) {
    const before = known.find(({ theirs: other }) => "modulus" in other && other.modulus === theirs.modulus);
    const numbers = before?.numbers ?? keyLike(theirs);
    const bytes = replaceNumber(theirs.fields.modulus, numbers.modulus);
    return bytes && { bytes, swapped: { theirs, numbers } };
  }
  const key = curveKey(theirs.algorithm);
  if (!key) return undefined;
  const point = pointOf(key);
  const { view, offset, length } = theirs.point;
  if (point.length !== length) return undefined;
  const bytes = patch(view, offset, new Uint8Array(point));
  return bytes && { bytes, swapped: { theirs, key } };
}

function curveKey(algorithm: string): KeyObject | undefined {
  if (algorithm === "X25519") return generateKeyPairSync("x25519").privateKey;
  if (algorithm === "Ed25519") return generateKeyPairSync("ed25519").privateKey;
  const [, namedCurve] = /^EC (\S+)$/.exec(algorithm) ?? [];
  return namedCurve && ["P-256", "P-384", "P-521", "secp256k1"].includes(namedCurve)
    ? generateKeyPairSync("ec", { namedCurve }).privateKey
    : undefined;
}

/** Returns the public key as in a SubjectPublicKeyInfo. */
function pointOf(key: KeyObject): Buffer {
  const { x = "", y, kty } = key.export({ format: "jwk" });
  const coordinates = [x, y ?? ""].map((text) => Buffer.from(text, "base64url"));
  return Buffer.concat(kty === "EC" ? [Buffer.of(4), ...coordinates] : coordinates);
}

function currentPoint({ view, offset, length }: { view: View; offset: number; length: number }): Buffer {
  return Buffer.from(view.bytes.subarray(offset, offset + length));
}

function blocksIn(view: View, length: number): number[] {
  return blockOffsets(view, length, MAX_BLOCKS)
    .slice(0, MAX_BLOCKS)
    .sort((a, b) => a - b);
}

/** Says whether a block was encrypted for our key: any other one "decrypts" to random bytes. */
function isMeaningful({ padding, plaintext }: Opened): boolean {
  if (padding !== "none") return true;
  return plaintext.length <= 44 || plaintext.every((byte) => byte >= 0x20 && byte < 0x7f);
}
