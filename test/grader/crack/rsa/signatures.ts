/** RSA signatures in captured bytes, recognised by what they open to (RFC 8017 §8). */
import { Buffer } from "node:buffer";
import { constants, createPublicKey, publicEncrypt } from "node:crypto";
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import { bitLength, fromBytes, power, toBytes } from "../arithmetic/modular.ts";
import { patch, placesIn, type View } from "../capture/view.ts";
import { blockOffsets } from "../decode/frames.ts";
import { numbersIn, replaceNumber } from "../decode/numbers.ts";
import type { PrivateNumbers, PublicNumbers } from "./own-keys.ts";
import { pssHash } from "./padding.ts";

/** Where a signature is: among the decoded bytes, counted from either end. */
export interface SignaturePlace {
  scheme: "PSS" | "PKCS #1 v1.5";
  /** The decodings that lead to it. */
  steps: string;
  before: number;
  after: number;
}

export interface Signature extends SignaturePlace {
  /** The public key that opens it. */
  key: PublicNumbers;
  /** The padded hash that was signed. */
  encoded: bigint;
  /** The offset of its encoding in the captured bytes. */
  offset: number;
  /** Overwrites it in the captured bytes; undefined if `value` does not fit its encoding. */
  replace(value: bigint): Bytes | undefined;
}

const MIN_BITS = 512;
const PSS_HASHES = ["sha256", "sha1", "sha512", "sha384"];
const PSS_TRAILER = 0xbc;
/** Bytes of a view of which every offset is tried. */
const MAX_THOROUGH = 4096;
const MAX_BLOCKS = 200;
const MAX_NUMBERS = 50;
const BIT_STRING = 3;

/**
 * Returns the signatures in `views` that one of `keys` opens.
 *
 * One random block in some thousands looks like PSS: ask whether there is one at the same place in
 * another session.
 *
 * @param place where to look, if not everywhere
 */
export function findSignatures(
  views: readonly View[],
  keys: readonly PublicNumbers[],
  place?: SignaturePlace,
): Signature[] {
  return keys
    .filter(({ modulus }) => bitLength(modulus) >= MIN_BITS)
    .flatMap((key) => {
      const open = opener(key);
      return views
        .filter(({ rare, steps }) => !rare && (!place || steps.join() === place.steps))
        .flatMap((view) => signaturesIn(view, key, open, place))
        .filter((found) => !place || isSamePlace(found, place));
    });
}

/** Says whether two signatures are at the same place, though what is around them may vary. */
export function isSamePlace(a: SignaturePlace, b: SignaturePlace): boolean {
  const isAlike = a.scheme === b.scheme && a.steps === b.steps;
  return isAlike && (a.before === b.before || a.after === b.after);
}

/** Leaves out signatures whose captured bytes are those of an earlier one, decoded otherwise. */
export function distinctSignatures(signatures: readonly Signature[]): Signature[] {
  return [...new Map(signatures.toReversed().map((found) => [found.offset, found])).values()].toReversed();
}

/**
 * Returns what is at the place of `signature` in a turn of another session, by a key that did not
 * pass: in a shared file it may be another one each time.
 */
export function signatureAt(views: readonly View[], signature: Signature): Signature | undefined {
  const length = Math.ceil(bitLength(signature.key.modulus) / 8);
  const view = views.find(({ rare, steps }) => !rare && steps.join() === signature.steps);
  const offset = view && view.bytes.length - signature.after - length;
  if (!view || offset !== signature.before) return undefined;
  const [captured] = placesIn(view, offset, length);
  const replace = (value: bigint) => patch(view, offset, toBytes(value, length));
  return { ...signature, offset: captured?.offset ?? 0, replace };
}

/** Returns `signature` made again with another key, as a number. */
export function resign({ encoded }: Signature, { modulus, privateExponent }: PrivateNumbers): bigint {
  return power(encoded, privateExponent, modulus);
}

function signaturesIn(
  view: View,
  key: PublicNumbers,
  open: (value: bigint) => bigint,
  place?: SignaturePlace,
): Signature[] {
  const bits = bitLength(key.modulus);
  const length = Math.ceil(bits / 8);
  const { bytes, steps } = view;
  const read = (offset: number, span: number, value: bigint, replace: Signature["replace"]) => {
    const encoded = value < key.modulus ? open(value) : 0n;
    const scheme = schemeOf(encoded, bits);
    if (!scheme) return [];
    const [captured] = placesIn(view, offset, span);
    const around = { steps: steps.join(), before: offset, after: bytes.length - offset - span };
    return [{ scheme, key, encoded, ...around, offset: captured?.offset ?? 0, replace }];
  };
  const offsets = place ? [place.before, bytes.length - place.after - length] : offsetsIn(view, length);
  const blocks = [...new Set(offsets)]
    .filter((offset) => offset >= 0 && offset + length <= bytes.length && !isInCertificate(bytes, offset))
    .flatMap((offset) =>
      read(offset, length, fromBytes(bytes.subarray(offset, offset + length)), (value) =>
        patch(view, offset, toBytes(value, length)),
      ),
    );
  const numbers = numbersIn(view, MAX_NUMBERS)
    .filter(({ coding }) => coding === "decimal")
    .flatMap((field) =>
      read(field.offset, field.length, field.value, (value) => replaceNumber(field, value)),
    );
  return [...blocks, ...numbers];
}

/** Returns the offsets at which a block of `length` bytes may begin: all, or those of messages. */
function offsetsIn(view: View, length: number): number[] {
  const { bytes } = view;
  if (bytes.length > MAX_THOROUGH) return blockOffsets(view, length, MAX_BLOCKS);
  return Array.from({ length: Math.max(0, bytes.length - length + 1) }, (_, offset) => offset);
}

/** The signature of a certificate is a bit string; one that is pinned need not be verified. */
function isInCertificate(bytes: Bytes, offset: number): boolean {
  return (
    bytes[offset - 1] === 0 &&
    ((bytes[offset - 5] === BIT_STRING && bytes[offset - 4] === 0x82) ||
      (bytes[offset - 4] === BIT_STRING && bytes[offset - 3] === 0x81))
  );
}

function schemeOf(encoded: bigint, bits: number): Signature["scheme"] | undefined {
  const block = toBytes(encoded, Math.ceil(bits / 8));
  if (isPkcs1(block)) return "PKCS #1 v1.5";
  const isPss =
    block.at(-1) === PSS_TRAILER &&
    bitLength(encoded) < bits &&
    PSS_HASHES.some((hash) => pssHash(block, bits, hash) !== undefined);
  return isPss ? "PSS" : undefined;
}

/** Says whether the block is 0, 1, eight or more 0xff, 0, and a DigestInfo (RFC 8017 §9.2). */
function isPkcs1(block: Bytes): boolean {
  const end = block.indexOf(0, 1);
  return (
    block[0] === 0 && block[1] === 1 && end >= 10 && block.subarray(2, end).every((byte) => byte === 0xff)
  );
}

/**
 * Returns the public operation of `key`: OpenSSL's, which is twenty times as fast as `power`,
 * unless it refuses the key.
 */
function opener({ modulus, exponent }: PublicNumbers): (value: bigint) => bigint {
  const length = Math.ceil(bitLength(modulus) / 8);
  const part = (value: bigint) => Buffer.from(toBytes(value)).toString("base64url");
  try {
    const jwk = { kty: "RSA", n: part(modulus), e: part(exponent) };
    const key = createPublicKey({ key: jwk, format: "jwk" });
    const open = (value: bigint) =>
      fromBytes(publicEncrypt({ key, padding: constants.RSA_NO_PADDING }, toBytes(value, length)));
    open(2n);
    return open;
  } catch {
    return (value) => power(value, exponent, modulus);
  }
}
