/** Searches captured bytes for a text, in every likely encoding. */
import { Buffer } from "node:buffer";

const MIN_SEARCHABLE_LENGTH = 4;

/** Says whether `text` has at least 4 bytes, too many to occur in random bytes by chance. */
export function isSearchable(text: string): boolean {
  return Buffer.byteLength(text) >= MIN_SEARCHABLE_LENGTH;
}

/**
 * Returns the encodings in which `haystack` contains `text`: `UTF-8`, `UTF-16`, `hexadecimal`,
 * `base64`.
 *
 * @throws RangeError if `text` is too short to tell from chance
 */
export function findText(haystack: Uint8Array, text: string): string[] {
  if (!isSearchable(text)) throw new RangeError("the text is too short to search for");
  const captured = Buffer.from(haystack);
  const lowerCase = Buffer.from(captured.toString("latin1").toLowerCase(), "latin1");
  const base64 = Buffer.from(captured.toString("latin1").replaceAll("-", "+").replaceAll("_", "/"), "latin1");
  const swapped = Buffer.from(text, "utf16le").swap16();
  const found = {
    "UTF-8": captured.includes(text),
    "UTF-16": captured.includes(Buffer.from(text, "utf16le")) || captured.includes(swapped),
    hexadecimal: lowerCase.includes(Buffer.from(text).toString("hex")),
    base64: base64Cores(text).some((core) => base64.includes(core)),
  };
  return Object.entries(found).flatMap(([encoding, isThere]) => (isThere ? [encoding] : []));
}

/**
 * The base64 of `text` at each of its three alignments, without characters shared with neighbours.
 */
function base64Cores(text: string): string[] {
  return [0, 1, 2].map((shift) => {
    const bytes = Buffer.concat([Buffer.alloc(shift), Buffer.from(text)]);
    return bytes.toString("base64").slice(Math.ceil((shift * 8) / 6), Math.floor((bytes.length * 8) / 6));
  });
}
