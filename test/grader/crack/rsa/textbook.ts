/** Textbook RSA: encrypting a guess with the public key confirms it. */
import { type Bytes, concat, decodeUtf8, encodeUtf8 } from "../../../../lib/bytes/bytes.ts";
import { fromBytes, power, toBytes } from "../arithmetic/modular.ts";
import type { Budget } from "../capture/budget.ts";
import type { Known } from "../capture/known.ts";
import { indexOf, type Proof, type Rewritten } from "../capture/proof.ts";
import { patch, placesIn, type View } from "../capture/view.ts";
import { recoveredText } from "../decode/clear.ts";
import { otherText, replaceHashes } from "../decode/replace-text.ts";
import { type RsaNumbers, short } from "./public-keys.ts";

const MIN_BITS = 128;
const SHIFTS = 25;

/** Confirms texts that were encrypted without padding. */
export function confirmTextbook(
  keys: readonly RsaNumbers[],
  views: readonly View[],
  knowns: readonly Known[],
  budget: Budget,
): Proof[] {
  const proofs: Proof[] = [];
  for (const key of keys) {
    if (key.bits < MIN_BITS) continue;
    for (const known of knowns) {
      if (known.form !== "UTF-8") continue;
      for (const guess of guesses(known, Math.ceil(key.bits / 8))) {
        if (!budget.spend((key.bits ** 2 * key.exponent.toString(2).length) / 100)) return proofs;
        const proof = seek(key, known, guess, views, budget);
        if (!proof) continue;
        proofs.push(proof);
        break;
      }
    }
  }
  return proofs;
}

interface Guess {
  bytes: Bytes;
  what: string;
  value: bigint;
}

/** Returns the numbers into which programs turn a text: all of it, or its first block. */
function guesses({ bytes }: Known, length: number): Guess[] {
  const whole = [bytes, concat([bytes, encodeUtf8("\n")]), concat([bytes, encodeUtf8("\r\n")])];
  const found: Guess[] = whole
    .filter((guess) => guess.length <= length)
    .flatMap((guess) => [
      { bytes: guess, what: "the text", value: fromBytes(guess) },
      { bytes: guess, what: "the text, little-endian", value: fromBytes(guess.toReversed()) },
    ]);
  // a first block of fewer than 16 bytes could be guessed without knowing the text
  for (let size = Math.min(length, bytes.length - 1); size >= 16; size--) {
    const block = bytes.slice(0, size);
    found.push({ bytes: block, what: `its first ${size} bytes`, value: fromBytes(block) });
  }
  return found;
}

function seek(
  key: RsaNumbers,
  known: Known,
  guess: Guess,
  views: readonly View[],
  budget: Budget,
): Proof | undefined {
  if (guess.value >= key.modulus) return undefined;
  const spellings = spellingsOf(guess.value, key);
  for (const view of views) {
    if (view.stride || !budget.spend(5 * view.bytes.length)) continue;
    for (const [index, spelling] of spellings.entries()) {
      const at = indexOf(view.bytes, spelling);
      if (at === -1) continue;
      return {
        kind: "public key suffices",
        cipher: `textbook RSA of ${key.bits} bits, without padding`,
        key: `n = ${short(key.modulus)}, e = ${key.exponent}`,
        recovered: recoveredText(known, 0, Math.min(guess.bytes.length, known.bytes.length)),
        text: known.text,
        where: placesIn(view, at, spelling.length),
        how: `Read ${guess.what} as a number and raise it to ${key.exponent} modulo n: the result was sent, so the public key alone confirms a guess at the text.`,
        rsa: { bits: key.bits, exponent: key.exponent },
        bits: key.bits,
        rewrite: () => encryptOther(key, { known, guess, view, at, index, length: spelling.length }),
      };
    }
  }
  return undefined;
}

/** Encrypts another text of which the guess is all, or the beginning, where its ciphertext was. */
function encryptOther(
  key: RsaNumbers,
  {
    known,
    guess,
    view,
    at,
    index,
    length,
  }: { known: Known; guess: Guess; view: View; at: number; index: number; length: number },
): Rewritten | undefined {
  const text = decodeUtf8(known.bytes);
  const begin = decodeUtf8(guess.bytes.slice(0, known.bytes.length));
  for (let shift = 1; shift <= SHIFTS; shift++) {
    const other = otherText(begin, shift);
    const bytes = concat([encodeUtf8(other), guess.bytes.slice(known.bytes.length)]);
    const isLittle = guess.value !== fromBytes(guess.bytes);
    const spelling = spellingsOf(fromBytes(isLittle ? bytes.toReversed() : bytes), key)[index];
    if (spelling?.length !== length) continue;
    const stream = patch(view, at, spelling);
    const whole = other + text.slice(begin.length);
    return stream && { stream: view.stream, bytes: replaceHashes(stream, text, whole), text: whole };
  }
  return undefined;
}

/** Returns the ciphertext of a number, in each form in which it may be sent. */
function spellingsOf(message: bigint, { modulus, exponent, bits }: RsaNumbers): Bytes[] {
  const value = power(message, exponent, modulus);
  return [
    toBytes(value),
    toBytes(value, Math.ceil(bits / 8)).reverse(),
    encodeUtf8(String(value)),
    encodeUtf8(value.toString(16)),
    encodeUtf8(value.toString(16).toUpperCase()),
  ];
}
