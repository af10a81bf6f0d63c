/** RSA that does not hold: small or careless keys, textbook encryption, encryption "with the private key". */
import { Buffer } from "node:buffer";
import { type Bytes, concat, encodeUtf8 } from "../../../../lib/bytes/bytes.ts";
import type { Budget } from "../capture/budget.ts";
import type { Known } from "../capture/known.ts";
import { bitLength, gcd, power, powers, toBytes } from "../capture/modular.ts";
import type { Proof, ProofKind } from "../capture/proof.ts";
import { placesIn, type View } from "../capture/view.ts";
import { recoveredText } from "../decode/clear.ts";
import { numbersIn } from "../decode/numbers.ts";
import { Recogniser } from "../decode/opened.ts";
import { type FoundKey, findKeys, findPrivateKeys, type RsaKey } from "../keys/find-keys.ts";
import type { KeyCandidate } from "../keys/key-candidates.ts";
import { moduliIn } from "../keys/moduli.ts";
import { type Ciphertext, MAX_CIPHERTEXTS, rowsOf } from "./ciphertexts.ts";
import { type Digest, Digests } from "./digests.ts";
import { factor, privateExponentOf, smallPrivateExponent } from "./factor.ts";
import { PADDINGS, unpad } from "./padding.ts";

/** The numbers of a public key, wherever they were. */
export type RsaNumbers = Pick<RsaKey, "modulus" | "exponent" | "bits">;

/** An exponent that turns captured numbers into plaintexts, and how it was come by. */
interface Solution {
  key: RsaNumbers;
  exponent: bigint;
  kind: ProofKind;
  how: string;
  secret: string;
}

const MAX_KEYS = 16;
const ENOUGH = 2;
/** Tried where the exponent is not sent. */
const USUAL_EXPONENTS = [65537n, 3n, 17n];
/** Bytes in front of or behind the text of each block. */
const MAX_AROUND = 24;
const MAX_SMALL_BLOCK = 128;
const MIN_PADDED = 12;
const KEY_LENGTHS = new Set([8, 16, 24, 32, 43, 44, 48, 64]);

/**
 * Finds texts that were encrypted with RSA which can be undone.
 *
 * @returns proofs, and symmetric keys that such RSA wrapped
 */
export function findWeakRsa(
  keys: readonly RsaNumbers[],
  views: readonly View[],
  knowns: readonly Known[],
  budget: Budget,
): { proofs: Proof[]; keys: KeyCandidate[] } {
  const digests = new Digests(knowns);
  const proofs: Proof[] = [];
  const wrapped: KeyCandidate[] = [];
  for (const solution of solutionsFor(keys, views, budget)) {
    const opened = decrypt(solution, views, { knowns, digests }, budget);
    proofs.push(...opened.proofs);
    wrapped.push(...opened.keys);
    // each further session has keys of its own, which cost as much again and show nothing new
    const read = new Set(proofs.flatMap(({ kind, text }) => (kind === "guess confirmed" ? [] : [text])));
    if (read.size >= ENOUGH) break;
  }
  return { proofs, keys: wrapped };
}

/** The keys that were sent, and what may be one with an exponent that was not. */
export function keysIn(views: readonly View[]): RsaNumbers[] {
  const keys = distinct(views);
  const known = new Set(keys.map(({ modulus }) => modulus));
  const bare = moduliIn(views).filter((modulus) => !known.has(modulus));
  const guessed = bare.flatMap((modulus) =>
    USUAL_EXPONENTS.map((exponent) => ({ modulus, exponent, bits: bitLength(modulus) })),
  );
  return [...keys, ...guessed];
}

/** The keys that were sent, the certain ones first; of what may be none, only so many. */
function distinct(views: readonly View[]): RsaKey[] {
  const all = findKeys(views, { uncertain: true }).filter(
    (key): key is FoundKey & RsaKey => "modulus" in key,
  );
  const seen = new Set<string>();
  return all
    .toSorted((a, b) => Number(b.certain) - Number(a.certain) || (a.crowd ?? 0) - (b.crowd ?? 0))
    .filter(({ modulus, exponent }) => {
      const identity = `${modulus} ${exponent}`;
      return !seen.has(identity) && seen.add(identity);
    })
    .slice(0, MAX_KEYS);
}

function* solutionsFor(
  keys: readonly RsaNumbers[],
  views: readonly View[],
  budget: Budget,
): Generator<Solution> {
  const factored = new Map<bigint, { primes: bigint[]; method: string } | undefined>();
  const numbers = views.flatMap((view) => (view.rare ? [] : numbersIn(view, 2000))).slice(0, 4000);
  const stolen = findPrivateKeys(views).flatMap(({ numbers: found, form }) =>
    found ? [{ ...found, form }] : [],
  );
  for (const { modulus, exponent, privateExponent, form } of stolen) {
    const owner = { modulus, exponent, bits: bitLength(modulus) };
    yield solution(owner, privateExponent, "key on the wire", `The private key itself was sent (${form}).`);
  }
  const moduli = [...new Set(keys.map(({ modulus }) => modulus))];
  for (const key of keys) {
    const { modulus, exponent } = key;
    yield solution(
      key,
      exponent,
      "public key suffices",
      `Raise the captured numbers to the public exponent ${exponent}: what a private key encrypts, everybody reads.`,
    );
    if (!factored.has(modulus)) {
      const shared = gcd(
        moduli.reduce((product, other) => (other === modulus ? product : (product * other) % modulus), 1n),
        modulus,
      );
      const common =
        shared > 1n && shared < modulus
          ? { primes: [shared, modulus / shared], method: "another key shares a prime with it" }
          : undefined;
      factored.set(
        modulus,
        common ?? factor(modulus, budget.part(0.6)) ?? onTheWire(modulus, numbers, budget),
      );
      budget.spend(bitLength(modulus) ** 2 * 20);
    }
    const found = factored.get(modulus);
    const inverted = found && privateExponentOf(found.primes, exponent);
    if (found && inverted !== undefined) {
      const product = found.primes.join(" x ");
      const shown = product.length < 200 ? `${modulus} = ${product}` : `the modulus of ${key.bits} bits`;
      const kind = found.method === ON_THE_WIRE ? "key on the wire" : "weak key";
      yield solution(
        key,
        inverted,
        kind,
        `Factor ${shown} (${found.method}); the private exponent is ${short(inverted)}.`,
      );
    }
    const small = smallPrivateExponent(modulus, exponent, budget);
    if (small !== undefined)
      yield solution(
        key,
        small,
        "weak key",
        `The private exponent is so small (${short(small)}) that a continued fraction of e / n tells it (Wiener).`,
      );
    const sent = found ? undefined : privateOnTheWire(key, numbers, budget);
    if (sent !== undefined)
      yield solution(key, sent, "key on the wire", `The private exponent ${short(sent)} was itself sent.`);
  }
}

const ON_THE_WIRE = "a prime of it was itself sent";

function onTheWire(modulus: bigint, numbers: readonly { value: bigint }[], budget: Budget) {
  if (!budget.spend(numbers.length * bitLength(modulus))) return undefined;
  const prime = numbers.find(({ value }) => value > 1n && value < modulus && modulus % value === 0n)?.value;
  return prime === undefined ? undefined : { primes: [prime, modulus / prime], method: ON_THE_WIRE };
}

/** A number that undoes the public exponent is the private one: it proves itself. */
function privateOnTheWire(
  { modulus, exponent, bits }: RsaNumbers,
  numbers: readonly { value: bigint }[],
  budget: Budget,
): bigint | undefined {
  if (bits < 64) return undefined;
  const base = power(2n, exponent, modulus);
  for (const { value } of numbers) {
    const isLikely = bitLength(value) > bits / 4 && bitLength(value) <= bits;
    if (!isLikely || value === modulus || !budget.spend(bits ** 3 / 400)) continue;
    if (power(base, value, modulus) === 2n) return value;
  }
  return undefined;
}

function solution(key: RsaNumbers, exponent: bigint, kind: ProofKind, how: string): Solution {
  return { key, exponent, kind, how, secret: short(exponent) };
}

interface Sought {
  knowns: readonly Known[];
  digests: Digests;
}

function decrypt(
  { key, exponent, kind, how, secret }: Solution,
  views: readonly View[],
  { knowns, digests }: Sought,
  budget: Budget,
): { proofs: Proof[]; keys: KeyCandidate[] } {
  const length = Math.ceil(key.bits / 8);
  const isPublic = kind === "public key suffices";
  const proofs: Proof[] = [];
  const keys: KeyCandidate[] = [];
  const cost = (key.bits ** 2 * bitLength(exponent)) / (bitLength(exponent) < 512 ? 150 : 1500) + 500;
  const raise = powers(exponent, key.modulus);
  const known = new Map<bigint, bigint>();
  const rsa = { bits: key.bits, exponent: key.exponent };
  for (const { name, list } of rowsOf(views, key.modulus)) {
    const opened: Opened[] = [];
    for (const ciphertext of list.slice(0, MAX_CIPHERTEXTS)) {
      if (!known.has(ciphertext.value)) {
        if (!budget.spend(cost)) return { proofs, keys };
        known.set(ciphertext.value, raise(ciphertext.value));
        const signed = isPublic ? digests.signed(known.get(ciphertext.value) ?? 0n, key.modulus) : undefined;
        if (signed) proofs.push({ ...confirmed(signed, key, ciphertext), rsa });
      }
      const message = known.get(ciphertext.value) ?? 0n;
      const bytes = reading(message, length);
      opened.push({ message, bytes, from: ciphertext });
      if (isPublic || !KEY_LENGTHS.has(bytes.length)) continue;
      keys.push({
        bytes,
        kind,
        where: placesIn(ciphertext.view, ciphertext.offset, ciphertext.length),
        how: `${how} It unwraps the key ${Buffer.from(bytes).toString("hex")}.`,
      });
    }
    const proof = judge(opened, isPublic ? 0 : length, knowns);
    if (!proof) continue;
    proofs.push({
      kind,
      cipher: `RSA of ${key.bits} bits, ${isPublic ? "read with the public key" : "decrypted"}`,
      key: `n = ${short(key.modulus)}, exponent ${secret}`,
      recovered: proof.recovered,
      text: proof.text,
      where: proof.where,
      how: `${how} Raise ${name} to it modulo n${proof.further}: that spells the text.`,
      rsa,
      bits: proof.bits,
    });
  }
  return { proofs, keys };
}

function confirmed({ known, name }: Digest, key: RsaNumbers, { view, offset, length }: Ciphertext): Proof {
  return {
    kind: "guess confirmed",
    cipher: `a signature of nothing but the text (${name}), with RSA of ${key.bits} bits`,
    key: `n = ${short(key.modulus)}, e = ${key.exponent}`,
    recovered: recoveredText(known, 0, known.bytes.length),
    text: known.text,
    where: placesIn(view, offset, length),
    how: `Raise the signature to ${key.exponent} modulo n: that is the ${name}, so whoever guesses the text sees that the guess is right.`,
    bits: 128,
  };
}

interface Opened {
  message: bigint;
  /** Without padding that is known. */
  bytes: Bytes;
  from: Ciphertext;
}

/** Looks for a text in what a row of blocks gave: one behind the other, or each of `length` without so many bytes in front and behind. */
function judge(opened: readonly Opened[], length: number, knowns: readonly Known[]) {
  const recogniser = new Recogniser(knowns);
  let match = recogniser.recognise(concat(opened.map(({ bytes }) => bytes)));
  let further = "";
  const isSmall = opened.length > 1 && length > 2 && length <= MAX_SMALL_BLOCK;
  const blocks = isSmall && !match ? opened.map(({ message }) => toBytes(message, length)) : [];
  for (let front = 0; blocks.length > 0 && front <= MAX_AROUND && front < length && !match; front++) {
    for (let behind = 0; behind <= MAX_AROUND && front + behind < length && !match; behind++) {
      match = recogniser.plain(concat(blocks.map((block) => block.subarray(front, length - behind))));
      further = `, and of each leave out the first ${front} and the last ${behind} bytes`;
    }
  }
  if (!match) return undefined;
  const { known, from, length: matched, steps } = match;
  let at = 0;
  const used = opened.filter(({ bytes }) => {
    const start = at;
    at += bytes.length;
    return further !== "" || steps.length > 0 || (at > match.at && start < match.at + matched);
  });
  return {
    recovered: recoveredText(known, from, matched),
    text: known.text,
    where: used.slice(0, 200).flatMap(({ from }) => placesIn(from.view, from.offset, from.length)),
    further,
    bits: 8 * matched,
  };
}

/** The message as bytes: without its padding, or as a letter, or as a number. */
function reading(message: bigint, length: number): Bytes {
  if (length >= MIN_PADDED) {
    const padded = toBytes(message, length);
    for (const padding of PADDINGS) {
      const bytes = unpad(padded, padding);
      if (bytes) return bytes;
    }
  }
  if (message > 0xffn && message < 0x110000n && (message < 0xd800n || message > 0xdfffn))
    return encodeUtf8(String.fromCodePoint(Number(message)));
  return toBytes(message);
}

export function short(value: bigint): string {
  const text = String(value);
  return text.length <= 40 ? text : `${text.slice(0, 20)}...(${text.length} digits)`;
}
