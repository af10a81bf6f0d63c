/**
 * Replies (RFC 959 §4.2): a code of three digits and a text, of one line or of several.
 *
 *     226 Done                  211-Features:
 *                                MDTM
 *                               211 End
 */

export interface Reply {
  /** 100 to 599. */
  code: number;
  /** At least one; without line breaks. */
  lines: readonly string[];
}

/** What a handler throws to say no: the client is given the reply, and the session goes on. */
export class Refusal extends Error {
  readonly reply: Reply;

  constructor(code: number, ...lines: string[]) {
    super(lines[0]);
    this.reply = reply(code, ...lines);
  }
}

/** Returns a reply. */
export function reply(code: number, ...lines: string[]): Reply {
  return { code, lines };
}

/**
 * Returns a reply as it travels.
 *
 * Lines between the first and the last begin with a space, so that none of them can be taken for the last.
 *
 * @throws RangeError when a line would end early, and let somebody write a reply of his own
 */
export function formatReply({ code, lines }: Reply): string {
  if (lines.length === 0 || lines.some((line) => /[\r\n\0]/.test(line)))
    throw new RangeError("a reply: expected lines without line breaks");
  const last = lines.length - 1;
  return lines
    .map((line, index) => {
      if (index === last) return `${code} ${line}\r\n`;
      return index === 0 ? `${code}-${line}\r\n` : ` ${line}\r\n`;
    })
    .join("");
}

/** Returns `path` as replies with 257 name it: in quotation marks, those in it doubled (RFC 959 appendix II). */
export function quotePath(path: string): string {
  return `"${path.replaceAll('"', '""')}"`;
}
