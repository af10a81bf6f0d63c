/** Words that two people compare to know that no one is between them. */
import { pbkdf2 } from "node:crypto";
import { promisify } from "node:util";
import { wordlist } from "@scure/bip39/wordlists/english.js";
import { concat, encodeUtf8 } from "../../../lib/bytes/bytes.ts";

// 8 words of 11 bits, 88 bits
const WORDS = 8;
const WORD_BITS = 11;
/**
 * Someone in the middle may try keys for both sides until the two phrases agree. By the birthday
 * bound that takes only 2^44 attempts, so each is made to cost 2^18 hashes.
 */
const ITERATIONS = 2 ** 18;
const LABEL = encodeUtf8("sml/07/v1/safety phrase");

/**
 * Returns the safety phrase for two fingerprints, in any order: 8 words of BIP 39's English list.
 * Takes about 0.1 s, on another thread.
 */
export async function safetyPhrase(one: string, other: string): Promise<string> {
  const fingerprints = concat([one, other].toSorted().map(encodeUtf8));
  const bytes = await promisify(pbkdf2)(fingerprints, LABEL, ITERATIONS, WORDS * 2, "sha256");
  const indices = Array.from({ length: WORDS }, (_, word) => bytes.readUInt16BE(2 * word) % 2 ** WORD_BITS);
  return indices.map((index) => wordlist[index]).join(" ");
}
