/** Base85 in the three common alphabets: five characters encode four bytes. */
import type { Bytes } from "../../../../lib/bytes/bytes.ts";

const DIGITS = "0123456789";
const UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const LOWER = UPPER.toLowerCase();
const FROM_EXCLAMATION_MARK = Array.from({ length: 85 }, (_, index) => String.fromCharCode(33 + index));

export const BASE85 = {
  "base85 (RFC 1924)": `${DIGITS}${UPPER}${LOWER}!#$%&()*+-;<=>?@^_\`{|}~`,
  Ascii85: FROM_EXCLAMATION_MARK.join(""),
  Z85: `${DIGITS}${LOWER}${UPPER}.-:+=^!/*?&<>()[]{}@%$#`,
};

/**
 * Decodes `text`; returns undefined for a character outside `alphabet` or a group that is too
 * large.
 */
export function decodeBase85(text: string, alphabet: string): Bytes | undefined {
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at += 5) {
    const group = text.slice(at, at + 5);
    if (group.length === 1) return undefined;
    let value = 0;
    for (let index = 0; index < 5; index += 1) {
      const digit = index < group.length ? alphabet.indexOf(group.charAt(index)) : 84;
      if (digit < 0) return undefined;
      value = value * 85 + digit;
    }
    if (value >= 2 ** 32) return undefined;
    const four = [value >>> 24, value >>> 16, value >>> 8, value].map((byte) => byte & 255);
    bytes.push(...four.slice(0, group.length - 1));
  }
  return Uint8Array.from(bytes);
}
