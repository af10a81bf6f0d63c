/** RSA that does not hold: small or careless keys, textbook encryption, encryption "with the private key". */
import { Buffer } from "node:buffer";
import { type Bytes, concat, encodeUtf8 } from "../../../lib/bytes.ts";
import type { Budget } from "./budget.ts";
import { recoveredText } from "./clear.ts";
import { factor, privateExponentOf, smallPrivateExponent } from "./factor.ts";
import { type FoundKey, findKeys, findPrivateKeys, type RsaKey } from "./find-keys.ts";
import { units } from "./frames.ts";
import type { KeyCandidate } from "./key-candidates.ts";
import type { Known } from "./known.ts";
import { bitLength, fromBytes, gcd, power, toBytes } from "./modular.ts";
import { numbersIn } from "./numbers.ts";
import { Recogniser } from "./opened.ts";
import { PADDINGS, unpad } from "./padding.ts";
import type { Proof, ProofKind } from "./proof.ts";
import { placesIn, type View } from "./view.ts";

/** An exponent that turns captured numbers into plaintexts, and how it was come by. */
interface Solution {
  key: RsaKey;
  exponent: bigint;
  kind: ProofKind;
  how: string;
  secret: string;
}

/** A captured number, and where. */
interface Ciphertext {
  view: View;
  offset: number;
  length: number;
  value: bigint;
}

const MAX_KEYS = 16;
const MAX_CIPHERTEXTS = 3000;
const WIDTHS = [2, 4, 8];
const MIN_RUN = 8;
const MAX_BLOCK_BYTES = 16_384;
const KEY_LENGTHS = new Set([8, 16, 24, 32, 43, 44, 48, 64]);

/**
 * Finds texts that were encrypted with RSA which can be undone.
 *
 * @returns proofs, and symmetric keys that such RSA wrapped
 */
export function findWeakRsa(
  views: readonly View[],
  knowns: readonly Known[],
  budget: Budget,
): { proofs: Proof[]; keys: KeyCandidate[] } {
  const keys = distinct(views);
  const proofs: Proof[] = [];
  const wrapped: KeyCandidate[] = [];
  for (const solution of solutionsFor(keys, views, budget)) {
    const opened = decrypt(solution, views, knowns, budget);
    proofs.push(...opened.proofs);
    wrapped.push(...opened.keys);
  }
  return { proofs, keys: wrapped };
}

/** The keys, the certain ones first; of what may be none, only so many. */
export function distinct(views: readonly View[]): RsaKey[] {
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

function* solutionsFor(keys: readonly RsaKey[], views: readonly View[], budget: Budget): Generator<Solution> {
  const factored = new Map<bigint, { primes: bigint[]; method: string } | undefined>();
  const numbers = views.flatMap((view) => (view.rare ? [] : numbersIn(view, 2000))).slice(0, 4000);
  const stolen = findPrivateKeys(views).flatMap(({ numbers: found, form }) =>
    found ? [{ ...found, form }] : [],
  );
  for (const { modulus, exponent, privateExponent, form } of stolen) {
    const owner = keys.find((key) => key.modulus === modulus) ?? keyOf(modulus, exponent, views);
    if (owner)
      yield solution(owner, privateExponent, "key on the wire", `The private key itself was sent (${form}).`);
  }
  for (const key of keys) {
    const { modulus, exponent } = key;
    yield solution(
      key,
      exponent,
      "public key suffices",
      `Raise the captured numbers to the public exponent ${exponent}: what a private key encrypts, everybody reads.`,
    );
    if (!factored.has(modulus)) {
      const shared = keys
        .map((other) => gcd(other.modulus, modulus))
        .find((common) => common > 1n && common < modulus);
      const common =
        shared === undefined
          ? undefined
          : {
              primes: [shared, modulus / shared],
              method: "another key shares a prime with it",
            };
      factored.set(
        modulus,
        common ?? factor(modulus, budget.part(0.3)) ?? onTheWire(modulus, numbers, budget),
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
  { modulus, exponent, bits }: RsaKey,
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

function solution(key: RsaKey, exponent: bigint, kind: ProofKind, how: string): Solution {
  return { key, exponent, kind, how, secret: short(exponent) };
}

function decrypt(
  { key, exponent, kind, how, secret }: Solution,
  views: readonly View[],
  knowns: readonly Known[],
  budget: Budget,
): { proofs: Proof[]; keys: KeyCandidate[] } {
  const length = Math.ceil(key.bits / 8);
  const proofs: Proof[] = [];
  const keys: KeyCandidate[] = [];
  const cost = (key.bits ** 2 * bitLength(exponent)) / 150 + 500;
  const known = new Map<bigint, bigint>();
  for (const { name, list } of rowsOf(views, key)) {
    const plain: { bytes: Bytes; from: Ciphertext }[] = [];
    for (const ciphertext of list.slice(0, MAX_CIPHERTEXTS)) {
      if (!known.has(ciphertext.value)) {
        if (!budget.spend(cost)) return { proofs, keys };
        known.set(ciphertext.value, power(ciphertext.value, exponent, key.modulus));
      }
      const message = known.get(ciphertext.value) ?? 0n;
      for (const bytes of readings(message, length)) {
        plain.push({ bytes, from: ciphertext });
        if (kind === "public key suffices" || !KEY_LENGTHS.has(bytes.length)) continue;
        const where = placesIn(ciphertext.view, ciphertext.offset, ciphertext.length);
        keys.push({
          bytes,
          kind,
          where,
          how: `${how} It unwraps the key ${Buffer.from(bytes).toString("hex")}.`,
        });
      }
    }
    const proof = judge(plain, knowns);
    if (!proof) continue;
    const operation = kind === "public key suffices" ? "read with the public key" : "decrypted";
    proofs.push({
      kind,
      cipher: `RSA of ${key.bits} bits, ${operation}`,
      key: `n = ${short(key.modulus)}, exponent ${secret}`,
      recovered: proof.recovered,
      text: proof.text,
      where: proof.where,
      how: `${how} Raise ${name} to it modulo n: that spells the text.`,
      bits: proof.bits,
    });
  }
  return { proofs, keys };
}

function judge(plain: { bytes: Bytes; from: Ciphertext }[], knowns: readonly Known[]) {
  const match = new Recogniser(knowns).recognise(concat(plain.map(({ bytes }) => bytes)));
  if (!match) return undefined;
  let at = 0;
  const used = plain.filter(({ bytes }) => {
    const start = at;
    at += bytes.length;
    return match.steps.length > 0 || (at > match.at && start < match.at + match.length);
  });
  return {
    recovered: recoveredText(match.known, match.from, match.length),
    text: match.known.text,
    where: used.slice(0, 200).flatMap(({ from }) => placesIn(from.view, from.offset, from.length)),
    bits: 8 * match.length,
  };
}

/** The message as bytes: without its padding, or as a letter, or as a number. */
function readings(message: bigint, length: number): Bytes[] {
  if (length >= 32) {
    const padded = toBytes(message, length);
    for (const padding of PADDINGS) {
      const bytes = unpad(padded, padding);
      if (bytes) return [bytes];
    }
  }
  if (message > 0xffn && message < 0x110000n && (message < 0xd800n || message > 0xdfffn))
    return [encodeUtf8(String.fromCodePoint(Number(message)))];
  return [toBytes(message)];
}

/** Captured numbers in rows: spelled in decimal and the like, or blocks of some width. */
function* rowsOf(views: readonly View[], key: RsaKey): Generator<{ name: string; list: Ciphertext[] }> {
  const isCiphertext = ({ value }: { value: bigint }) => value > 1n && value < key.modulus;
  const length = Math.ceil(key.bits / 8);
  for (const view of views) {
    if (view.rare) continue;
    const numbers = numbersIn(view, MAX_CIPHERTEXTS).filter(isCiphertext);
    for (const coding of ["decimal", "hexadecimal", "little-endian"] as const) {
      const list = numbers.filter((number) => number.coding === coding);
      if (list.length > 0)
        yield { name: `the ${coding === "little-endian" ? "pickled" : coding} numbers`, list };
    }
    if (length >= 32) {
      const list = atStarts(view, length).filter(isCiphertext);
      if (list.length > 0) yield { name: `the blocks of ${length} bytes`, list };
      continue;
    }
    const tokens = units(view.bytes, view.starts.slice(0, 2000)).filter(
      ({ bytes }) => bytes.length <= length + 1,
    );
    const list = tokens
      .map(({ at, bytes }) => ({ view, offset: at, length: bytes.length, value: fromBytes(bytes) }))
      .filter(isCiphertext);
    if (list.length > 15) yield { name: "the pieces", list };
    if (view.bytes.length > MAX_BLOCK_BYTES) continue;
    for (const width of new Set([length, ...WIDTHS.filter((width) => width > length)])) {
      for (let phase = 0; phase < width; phase++) {
        for (const isLittle of [false, true]) {
          const run = longestRun(blocks(view, width, phase, isLittle, key.modulus), isCiphertext);
          const order = isLittle ? "little-endian" : "big-endian";
          if (run.length >= MIN_RUN) yield { name: `the blocks of ${width} bytes, ${order}`, list: run };
        }
      }
    }
  }
}

/** Blocks of `width` bytes; none where no row of them can be below the modulus, by their first bytes alone. */
function blocks(view: View, width: number, phase: number, isLittle: boolean, modulus: bigint): Ciphertext[] {
  const highest = Number(modulus >> BigInt(8 * (width - 1)));
  const first = phase + (isLittle ? width - 1 : 0);
  let [run, longest] = [0, 0];
  for (let at = first; at < view.bytes.length; at += width) {
    run = (view.bytes[at] ?? 0) <= highest ? run + 1 : 0;
    if (run > longest) longest = run;
  }
  const list: Ciphertext[] = [];
  for (let offset = phase; longest >= MIN_RUN && offset + width <= view.bytes.length; offset += width) {
    const bytes = view.bytes.subarray(offset, offset + width);
    list.push({ view, offset, length: width, value: fromBytes(isLittle ? bytes.toReversed() : bytes) });
  }
  return list;
}

/** Random blocks are not all below the modulus for long, unless it fills them to the last bit. */
function longestRun(list: Ciphertext[], isCiphertext: (block: Ciphertext) => boolean): Ciphertext[] {
  let [start, end] = [0, 0];
  for (let from = 0, at = 0; at < list.length; at++) {
    const block = list[at];
    if (!block || !isCiphertext(block)) from = at + 1;
    else if (at + 1 - from > end - start) [start, end] = [from, at + 1];
  }
  return list.slice(start, end);
}

/** Whole blocks, one behind the other, from where messages begin; and the last before where they end. */
function atStarts(view: View, length: number): Ciphertext[] {
  const offsets = new Set<number>();
  for (const { at, bytes } of units(view.bytes, view.starts.slice(0, 200))) {
    for (let from = 0; from + length <= bytes.length && offsets.size < 200; from += length)
      offsets.add(at + from);
    if (bytes.length > length) offsets.add(at + bytes.length - length);
  }
  return [...offsets].map((offset) => ({
    view,
    offset,
    length,
    value: fromBytes(view.bytes.subarray(offset, offset + length)),
  }));
}

function keyOf(modulus: bigint, exponent: bigint, [view]: readonly View[]): RsaKey | undefined {
  if (!view) return undefined;
  const field = (value: bigint) => ({ view, offset: 0, length: 0, coding: "big-endian" as const, value });
  const fields = { modulus: field(modulus), exponent: field(exponent) };
  return { algorithm: "RSA", modulus, exponent, bits: bitLength(modulus), fields };
}

export function short(value: bigint): string {
  const text = String(value);
  return text.length <= 40 ? text : `${text.slice(0, 20)}...(${text.length} digits)`;
}
