/** Text for people: peer input made safe to print, shell words, sizes. */

/**
 * Everything but what has a glyph of its own: letters, numbers, punctuation and symbols, the marks
 * that follow one of these, and the ASCII space. The backslash introduces escapes. The last two
 * are symbols whose glyph is blank: the empty Braille pattern and the null notehead.
 */
const UNSAFE =
  /[\\\p{C}\p{Default_Ignorable_Code_Point}\u2800\u{1d159}]|(?! )\p{Z}|(?<!(?![\p{Default_Ignorable_Code_Point}\u2800\u{1d159}])[\p{L}\p{N}\p{P}\p{S}\p{M}])\p{M}+/gu;

const SHORT: Record<string, string> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/**
 * Returns `text` as one line of visible characters, which cannot drive the terminal.
 *
 * All others are escaped, as `\n`, `\r`, `\t` or `\u{hex}`: control and format characters (among
 * them the bidirectional controls and the joiners), variation selectors and all else that Unicode
 * calls default ignorable, spaces and separators other than the ASCII space, lone surrogates,
 * private use, unassigned code points, and combining marks without a character to combine with.
 * The backslash is escaped, too, so the result tells what `text` was. Emoji and scripts that need
 * joiners or variation selectors show their escapes.
 *
 * It does not tell apart what looks alike: Latin `a` and Cyrillic `а`, or `é` composed in two ways.
 * Letters of right-to-left scripts are kept, and the terminal may order them.
 */
export function printable(text: string): string {
  return text.replace(UNSAFE, (characters) =>
    Array.from(
      characters,
      (character) => SHORT[character] ?? `\\u{${character.codePointAt(0)?.toString(16)}}`,
    ).join(""),
  );
}

/**
 * Like `printable`, but between quotation marks; those inside are escaped, so the text cannot fake
 * its end.
 *
 * @param limit maximum number of characters; an ellipsis after the closing mark stands for the rest
 */
export function quoted(text: string, limit = Number.POSITIVE_INFINITY): string {
  const characters = limit < text.length ? [...text] : [];
  const isCut = characters.length > limit;
  const shown = isCut ? characters.slice(0, limit).join("") : text;
  return `"${printable(shown).replaceAll('"', '\\"')}"${isCut ? "…" : ""}`;
}

/** Returns `text` as an argument of a shell command, quoted if it has to be. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : shellQuoted(text);
}

/** Returns `text` in single quotes, inside which a shell takes every character literally. */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

const KIB = 1024;
const MIB = 1024 * KIB;

/**
 * Returns `bytes` in the largest of MiB, KiB and bytes that leaves no fraction, such as `16 KiB`.
 */
export function formatSize(bytes: number): string {
  if (bytes > 0 && bytes % MIB === 0) return `${bytes / MIB} MiB`;
  if (bytes > 0 && bytes % KIB === 0) return `${bytes / KIB} KiB`;
  return `${bytes} bytes`;
}
