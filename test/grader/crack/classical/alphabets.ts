/** The alphabets of toy ciphers: all bytes, letters, printable characters. */
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import { showKey } from "../capture/proof.ts";

export interface Alphabet {
  name: string;
  size: number;
  /**
   * The index of each byte, -1 for those not in the alphabet; undefined if each byte is its own
   * index.
   */
  index: Int16Array | undefined;
  show(key: Uint8Array): string;
  /** Letters in both cases have the same index; `spell` gives upper case. */
  ignoresCase?: true;
  /** Returns a key as it would be typed or sent. */
  spell(key: Uint8Array): Bytes;
}

/** Symbols of an alphabet and their offsets in the bytes. */
export interface Sequence {
  values: Uint8Array;
  /** Undefined if each offset equals the index. */
  positions: Uint32Array | undefined;
}

const UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const LOWER = "abcdefghijklmnopqrstuvwxyz";
const DIGITS = "0123456789";
const range = (first: number, last: number) =>
  String.fromCharCode(...Array.from({ length: last - first + 1 }, (_, index) => first + index));
// in the order of Python's string.printable
const PUNCTUATION = range(33, 47) + range(58, 64) + range(91, 96) + range(123, 126);

export const ALPHABETS: Alphabet[] = [
  { name: "bytes", size: 256, index: undefined, show: showKey, spell: (key) => new Uint8Array(key) },
  letters(),
  alphabet("the characters from space to ~", range(32, 126)),
  alphabet("the characters from ! to ~", range(33, 126)),
  alphabet("the characters below 128", range(0, 127)),
  alphabet("letters, lower case first", LOWER + UPPER),
  alphabet("letters, upper case first", UPPER + LOWER),
  alphabet("letters and digits", LOWER + UPPER + DIGITS),
  alphabet("letters and digits, upper case first", UPPER + LOWER + DIGITS),
  alphabet("digits and letters", DIGITS + LOWER + UPPER),
  alphabet("string.printable", `${DIGITS}${LOWER}${UPPER}${PUNCTUATION} \t\n\r\v\f`),
  alphabet("letters and space", `${LOWER} `),
];

/**
 * Returns the symbols of an alphabet in `bytes`, or undefined if there are too few for an attack.
 */
export function toSequence(bytes: Uint8Array, { index }: Alphabet): Sequence | undefined {
  if (bytes.length < 17) return undefined;
  if (!index) return { values: bytes, positions: undefined };
  const values = new Uint8Array(bytes.length);
  const positions = new Uint32Array(bytes.length);
  let length = 0;
  for (let at = 0; at < bytes.length; at++) {
    const symbol = index[bytes[at] ?? 0] ?? -1;
    if (symbol < 0) continue;
    values[length] = symbol;
    positions[length] = at;
    length++;
  }
  if (length < 17) return undefined;
  return { values: values.subarray(0, length), positions: positions.subarray(0, length) };
}

/** Returns the alphabet of 26 letters that ignores case. */
function letters(): Alphabet {
  const { index, show, spell } = alphabet("letters", UPPER);
  for (let letter = 0; letter < 26; letter++) if (index) index[0x61 + letter] = letter;
  return { name: "letters", size: 26, index, show, spell, ignoresCase: true };
}

function alphabet(name: string, characters: string): Alphabet {
  const index = new Int16Array(256).fill(-1);
  for (let at = 0; at < characters.length; at++) index[characters.charCodeAt(at)] = at;
  const show = (key: Uint8Array) => {
    if (key.length === 1) return String(key[0]);
    return `${JSON.stringify(Array.from(key, (symbol) => characters[symbol] ?? "").join(""))} (${[...key].join(", ")})`;
  };
  const spell = (key: Uint8Array) => Uint8Array.from(key, (symbol) => characters.charCodeAt(symbol));
  return { name, size: characters.length, index, show, spell };
}
