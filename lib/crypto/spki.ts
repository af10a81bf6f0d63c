/**
 * The only form of RSA public key that is accepted from a peer: a SubjectPublicKeyInfo (RFC 5280
 * §4.1, RFC 3279 §2.3.1) in DER.
 *
 *     SEQUENCE { SEQUENCE { OBJECT IDENTIFIER rsaEncryption, NULL },
 *                BIT STRING { SEQUENCE { INTEGER modulus, INTEGER 65537 } } }
 *
 * WebCrypto providers import much more than that: 512 bits or 65536, e = 1, trailing bytes. A key
 * that passes this check has exactly one encoding, so equal keys have equal fingerprints.
 */
import { type Bytes, equal } from "../bytes/bytes.ts";

/** Length of the longest accepted key, one of 4096 bits. */
export const MAX_SPKI_LENGTH = 550;
const MIN_MODULUS_BITS = 2048;
const MAX_MODULUS_BITS = 4096;

const INTEGER = 0x02;
const BIT_STRING = 0x03;
const SEQUENCE = 0x30;
// the OID 1.2.840.113549.1.1.1 and NULL
const RSA_ENCRYPTION = new Uint8Array([6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0]);
const EXPONENT_65537 = new Uint8Array([1, 0, 1]);

/**
 * Checks the RSA public key `spki`, and returns the length of its modulus in bits.
 *
 * @param refusal how the error begins; the default is for a key of a peer
 * @throws Error that says what is wrong with the key
 */
export function checkSpki(spki: Bytes, refusal = "the peer's public key is refused"): number {
  try {
    return countModulusBits(spki);
  } catch (error) {
    throw new Error(`${refusal}: ${error instanceof Error ? error.message : error}`);
  }
}

function countModulusBits(spki: Bytes): number {
  if (spki.length > MAX_SPKI_LENGTH)
    throw new Error(`${spki.length} bytes, at most ${MAX_SPKI_LENGTH} are accepted`);
  const algorithm = readElement(readLastElement(spki, SEQUENCE), SEQUENCE);
  if (!equal(algorithm.contents, RSA_ENCRYPTION)) throw new Error("it is not RSA");
  const bitString = readLastElement(algorithm.rest, BIT_STRING);
  if (bitString[0] !== 0) throw malformed();
  const modulus = readElement(readLastElement(bitString.subarray(1), SEQUENCE), INTEGER);
  const exponent = readLastElement(modulus.rest, INTEGER);

  const bits = countBits(modulus.contents);
  if (bits < MIN_MODULUS_BITS || bits > MAX_MODULUS_BITS)
    throw new Error(`${bits} bits, expected ${MIN_MODULUS_BITS} to ${MAX_MODULUS_BITS}`);
  if (((modulus.contents.at(-1) ?? 0) & 1) === 0) throw new Error("even modulus");
  if (!equal(exponent, EXPONENT_65537)) throw new Error("its exponent is not 65537");
  return bits;
}

/**
 * Counts the bits of the positive DER integer with these `contents`, which must not have
 * superfluous leading bytes (X.690 §8.3).
 */
function countBits(contents: Bytes): number {
  const [first = 0x80, second = 0] = contents;
  if (first >= 0x80 || (first === 0 && second < 0x80)) throw malformed();
  return 8 * contents.length - (Math.clz32(first) - 24);
}

/**
 * Reads the first element of `bytes`: its tag, its length in the shortest form (X.690 §10.1), its
 * contents.
 */
function readElement(bytes: Bytes, tag: number): { contents: Bytes; rest: Bytes } {
  const [actualTag, first = 0, second = 0, third = 0] = bytes;
  if (actualTag !== tag) throw malformed();
  let start = 2;
  let length = first;
  if (first === 0x81 && second >= 0x80) {
    start = 3;
    length = second;
  } else if (first === 0x82 && second > 0) {
    start = 4;
    length = second * 256 + third;
  } else if (first >= 0x80) throw malformed();
  if (start + length > bytes.length) throw malformed();
  return { contents: bytes.subarray(start, start + length), rest: bytes.subarray(start + length) };
}

function readLastElement(bytes: Bytes, tag: number): Bytes {
  const { contents, rest } = readElement(bytes, tag);
  if (rest.length > 0) throw malformed();
  return contents;
}

function malformed(): Error {
  return new Error("it is not a SubjectPublicKeyInfo in DER");
}
