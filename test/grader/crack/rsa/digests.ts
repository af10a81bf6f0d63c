/** Plain or signed hashes of the texts: they do not reveal a text, but confirm a guess at it. */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { type Bytes, concat, encodeUtf8, equal } from "../../../../lib/bytes/bytes.ts";
import { bitLength, fromBytes, toBytes } from "../arithmetic/modular.ts";
import type { Budget } from "../capture/budget.ts";
import type { Known } from "../capture/known.ts";
import { asBytes, indexOf, MIN_BITS, type Proof } from "../capture/proof.ts";
import { placesIn, type View } from "../capture/view.ts";
import { recoveredText } from "../decode/clear.ts";
import { pssHash } from "./padding.ts";

const HASHES = ["sha256", "sha1", "md5", "sha512", "sha384", "sha224", "sha3-256"];
/** Hashes whose hexadecimal digits programs hash or sign again. */
const SPELLED = ["sha256", "sha1", "md5", "sha512"];
const PSS_HASHES = ["sha256", "sha1", "sha512", "sha384"];
const PSS_TRAILER = 0xbc;
/** The number of trailing bytes by which a digest is looked up. */
const TAIL = 8;

export interface Digest {
  known: Known;
  bytes: Bytes;
  /** `SHA-256 of the text`. */
  name: string;
}

/** All hashes of a set of texts; made once, for thousands of comparisons. */
export class Digests {
  readonly all: readonly Digest[];
  /** The messages that may have been hashed, for signatures with a salt. */
  readonly #messages: readonly { known: Known; bytes: Bytes }[];
  readonly #byTail = new Map<string, Digest>();

  constructor(knowns: readonly Known[]) {
    const plain = knowns.filter(({ form }) => form === "UTF-8");
    this.#messages = plain.flatMap((known) => [
      { known, bytes: known.bytes },
      { known, bytes: concat([known.bytes, encodeUtf8("\n")]) },
    ]);
    this.all = this.#messages.flatMap((message) => digestsOf(message.known, message.bytes));
    for (const digest of this.all) this.#byTail.set(tailOf(digest.bytes), digest);
  }

  /**
   * Returns the digest in `value`, a block below `modulus`: bare, or padded with PKCS #1 v1.5 or
   * PSS.
   */
  signed(value: bigint, modulus: bigint): Digest | undefined {
    const bits = bitLength(modulus);
    if (bits < MIN_BITS) return undefined;
    const block = toBytes(value, Math.ceil(bits / 8));
    const digest = this.#byTail.get(tailOf(block));
    if (
      digest &&
      block.length >= digest.bytes.length &&
      equal(block.slice(-digest.bytes.length), digest.bytes)
    )
      return digest;
    const reduced = this.all.find(
      ({ bytes }) => 8 * bytes.length > bits - 8 && fromBytes(bytes) % modulus === value,
    );
    return reduced ?? (block.at(-1) === PSS_TRAILER ? this.#salted(block, bits) : undefined);
  }

  #salted(block: Bytes, bits: number): Digest | undefined {
    for (const hash of PSS_HASHES) {
      const rehash = pssHash(block, bits, hash);
      if (!rehash) continue;
      for (const { known, bytes } of this.#messages) {
        const digest = asBytes(createHash(hash).update(bytes).digest());
        if (equal(rehash.hashOf(digest), rehash.expected))
          return { known, bytes: digest, name: `${nameOf(hash)} of the text, in PSS` };
      }
    }
    return undefined;
  }
}

/** Finds hashes of whole texts in captured bytes. */
export function findDigests(views: readonly View[], digests: Digests, budget: Budget): Proof[] {
  const proofs: Proof[] = [];
  for (const view of views) {
    if (view.rare || !budget.spend(digests.all.length * (view.bytes.length + 100))) continue;
    for (const { known, bytes, name } of digests.all) {
      const at = indexOf(view.bytes, bytes);
      if (at === -1) continue;
      proofs.push({
        kind: "guess confirmed",
        cipher: `the ${name}, sent in plaintext`,
        recovered: recoveredText(known, 0, known.bytes.length),
        text: known.text,
        where: placesIn(view, at, bytes.length),
        how: `Compute the ${name}: these ${bytes.length} bytes were sent, so an attacker who guesses the text can confirm the guess.`,
        bits: 8 * bytes.length,
      });
    }
  }
  return proofs;
}

function digestsOf(known: Known, message: Bytes): Digest[] {
  const direct = HASHES.map((hash) => ({
    known,
    bytes: asBytes(createHash(hash).update(message).digest()),
    name: `${nameOf(hash)} of the text`,
  }));
  const spelled = SPELLED.flatMap((hash) => {
    const digits = encodeUtf8(createHash(hash).update(message).digest("hex"));
    return [
      { known, bytes: digits, name: `${nameOf(hash)} of the text, in hexadecimal` },
      {
        known,
        bytes: asBytes(createHash("sha256").update(digits).digest()),
        name: `SHA-256 of the digits of the ${nameOf(hash)} of the text`,
      },
    ];
  });
  return [...direct, ...spelled];
}

function nameOf(hash: string): string {
  return hash.toUpperCase().replace(/^SHA(?=\d{1,3}$)/, "SHA-");
}

function tailOf(bytes: Bytes): string {
  return Buffer.from(bytes.subarray(-TAIL)).toString("hex");
}
