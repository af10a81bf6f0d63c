/** The texts that the programs are given: random, so that the other program cannot guess them. */
import type { PreparedTask } from "../run/prepared-task.ts";

const CONSONANTS = "bcdfghjklmnprstvwz";
const VOWELS = "aeiou";
const WORD_LENGTH = 6;
const ACCENTED = "äéîøßñçğłžабвгдежзик你好世界ありがとう🌉🔑";

/** Returns lower-case words, `length` characters in all; the same purpose gives the same text. */
export function makeText(prepared: PreparedTask, purpose: string, length = 40): string {
  const bytes = prepared.random(`text: ${purpose}`, length);
  const letters = Array.from(bytes, (byte, at) => {
    const place = at % (WORD_LENGTH + 1);
    // never end with a space: some programs strip it
    if (place === WORD_LENGTH && at < length - 1) return " ";
    const alphabet = place % 2 === 0 ? CONSONANTS : VOWELS;
    return alphabet[byte % alphabet.length] ?? "";
  });
  return letters.join("");
}

/** Returns a text in several scripts, with characters of two, three and four bytes. */
export function makeUnicodeText(prepared: PreparedTask, purpose: string): string {
  const alphabet = [...ACCENTED];
  const accented = Array.from(
    prepared.random(`Unicode: ${purpose}`, 12),
    (byte) => alphabet[byte % alphabet.length],
  );
  return `${makeText(prepared, purpose, 13)} ä日🌉${accented.join("")}`;
}
