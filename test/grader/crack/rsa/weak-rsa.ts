/** Decrypts weak RSA: small or careless keys, textbook RSA, encryption "with the private key". */
import { Buffer } from "node:buffer";
import { decodeUtf8 } from "../../../../lib/bytes/bytes.ts";
import { bitLength, powers } from "../arithmetic/modular.ts";
import type { Budget } from "../capture/budget.ts";
import type { Known } from "../capture/known.ts";
import type { Proof } from "../capture/proof.ts";
import { placesIn, type View } from "../capture/view.ts";
import { recoveredText } from "../decode/clear.ts";
import type { KeyCandidate } from "../keys/key-candidates.ts";
import { type Ciphertext, MAX_CIPHERTEXTS, rowsOf } from "./ciphertexts.ts";
import { type Digest, Digests } from "./digests.ts";
import { bytesOf, type Opened, spelledBy } from "./plaintexts.ts";
import { type RsaNumbers, short } from "./public-keys.ts";
import { encryptOther } from "./rewrite.ts";
import { type Solution, solutionsFor } from "./solutions.ts";

const ENOUGH_TEXTS = 2;
const KEY_LENGTHS = new Set([8, 16, 24, 32, 43, 44, 48, 64]);

/** The proofs, and the symmetric keys that RSA wrapped. */
interface Found {
  proofs: Proof[];
  keys: KeyCandidate[];
}

/**
 * Finds texts, and wrapped keys, that were encrypted with weak RSA.
 *
 * @param keys those of each session, which are tried on the views of that session
 */
export function findWeakRsa(
  keys: readonly (readonly RsaNumbers[])[],
  sessions: readonly (readonly View[])[],
  knowns: readonly Known[],
  budget: Budget,
): Found {
  const digests = new Digests(knowns);
  const found: Found = { proofs: [], keys: [] };
  const moduli = [...new Set(keys.flat().map(({ modulus }) => modulus))];
  for (const [session, views] of sessions.entries()) {
    const share = budget.part(0.5);
    for (const solution of solutionsFor(keys[session] ?? [], moduli, views, share)) {
      decrypt(solution, views, { knowns, digests }, share, found);
      // the keys of further sessions cost as much again and show nothing new
      const read = found.proofs.flatMap(({ kind, text }) => (kind === "guess confirmed" ? [] : [text]));
      if (new Set(read).size >= ENOUGH_TEXTS) return found;
    }
  }
  return found;
}

interface Sought {
  knowns: readonly Known[];
  digests: Digests;
}

function decrypt(
  solution: Solution,
  views: readonly View[],
  { knowns, digests }: Sought,
  budget: Budget,
  found: Found,
): void {
  const { key, exponent, kind, how } = solution;
  const isPublic = kind === "public key suffices";
  const rsa = { bits: key.bits, exponent: key.exponent };
  const length = Math.ceil(key.bits / 8);
  const cost = (key.bits ** 2 * bitLength(exponent)) / (bitLength(exponent) < 512 ? 150 : 1500) + 500;
  const raise = powers(exponent, key.modulus);
  const messages = new Map<bigint, bigint>();
  for (const { name, list } of rowsOf(views, key.modulus)) {
    const opened: Opened[] = [];
    for (const ciphertext of list.slice(0, MAX_CIPHERTEXTS)) {
      let message = messages.get(ciphertext.value);
      if (message === undefined) {
        if (!budget.spend(cost)) return;
        message = raise(ciphertext.value);
        messages.set(ciphertext.value, message);
        const signed = isPublic ? digests.signed(message, key.modulus) : undefined;
        if (signed) found.proofs.push({ ...confirmed(signed, key, ciphertext), rsa });
      }
      const bytes = bytesOf(message, length);
      opened.push({ message, bytes, from: ciphertext });
      if (!isPublic && KEY_LENGTHS.has(bytes.length)) found.keys.push(unwrapped(solution, bytes, ciphertext));
    }
    const spelled = spelledBy(opened, isPublic ? 0 : length, knowns);
    if (!spelled) continue;
    const { further, ...match } = spelled;
    const known = knowns.find(({ text, form }) => text === match.text && form === "UTF-8");
    found.proofs.push({
      kind,
      cipher: `RSA of ${key.bits} bits, ${isPublic ? "read with the public key" : "decrypted"}`,
      key: `n = ${short(key.modulus)}, exponent ${short(exponent)}`,
      ...match,
      how: `${how} Raise ${name} to it modulo n${further}: that spells the text.`,
      rsa,
      ...(known && !isPublic && { rewrite: () => encryptOther(opened, decodeUtf8(known.bytes), key) }),
    });
  }
}

function unwrapped(
  { kind, how }: Solution,
  bytes: KeyCandidate["bytes"],
  { view, offset, length }: Ciphertext,
): KeyCandidate {
  return {
    bytes,
    kind,
    where: placesIn(view, offset, length),
    how: `${how} It unwraps the key ${Buffer.from(bytes).toString("hex")}.`,
  };
}

function confirmed({ known, name }: Digest, key: RsaNumbers, { view, offset, length }: Ciphertext): Proof {
  return {
    kind: "guess confirmed",
    cipher: `a signature of nothing but the text (${name}), with RSA of ${key.bits} bits`,
    key: `n = ${short(key.modulus)}, e = ${key.exponent}`,
    recovered: recoveredText(known, 0, known.bytes.length),
    text: known.text,
    where: placesIn(view, offset, length),
    how: `Raise the signature to ${key.exponent} modulo n: that is the ${name}, so an attacker who guesses the text can confirm the guess.`,
    bits: 128,
  };
}
