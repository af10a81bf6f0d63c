/** Text for people: peer input made safe to print, shell words, sizes. */

// the two joiners and the variation selectors 15 and 16 are kept: many scripts and emoji need them
const UNSAFE =
  /[\\\p{Cc}\p{Zl}\p{Zp}\p{Cs}]|(?!\u200c|\u200d|\ufe0e|\ufe0f)[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;

const SHORT: Record<string, string> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/**
 * Returns `text` as one line that can neither drive the terminal nor pass for several lines.
 *
 * Escaped as `\n`, `\r`, `\t`, `\\` or `\u{hex}` are control characters, line and paragraph
 * separators, lone surrogates, invisible characters (format characters, among them the
 * bidirectional overrides, and the rest of Unicode's Default_Ignorable_Code_Point), and the
 * backslash itself. Two different texts never print the same.
 */
export function printable(text: string): string {
  return text.replace(
    UNSAFE,
    (character) => SHORT[character] ?? `\\u{${character.codePointAt(0)?.toString(16)}}`,
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
