/**
 * Replies of an FTP server (RFC 959 §4.2): a code of three digits and a text, of one line or of several.
 *
 *     220 ready                 211-Features:
 *                                MDTM
 *                               211 End
 */
import { type Bytes, concat } from "../../../../lib/bytes/bytes.ts";

export interface Reply {
  /** 100 to 599. */
  code: number;
  /** The text, line by line, without the code in the first and the last. */
  lines: string[];
}

/** Bytes of the longest line. */
export const REPLY_LINE_LIMIT = 8 * 1024;
/** Lines of the longest reply. */
export const REPLY_LINES_LIMIT = 1024;

const LINE_FEED = 0x0a;
const CODED = /^([1-5]\d\d)(?:([ -])(.*))?$/;
// a reply is shown to people and never compared as a whole: what is not UTF-8 becomes U+FFFD
const decoder = new TextDecoder();

/** Takes a server's bytes, in any pieces, and returns its replies. */
export class ReplyParser {
  #rest: Bytes = new Uint8Array();
  #reply: Reply | undefined;

  /** True when nothing of a reply is here that is not yet whole. */
  get idle(): boolean {
    return this.#rest.length === 0 && this.#reply === undefined;
  }

  /**
   * Returns the replies that are whole now.
   *
   * @throws Error when a line has no code where one must be, or a line or reply is too long
   */
  push(bytes: Bytes): Reply[] {
    const replies: Reply[] = [];
    let start = 0;
    for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, start)) {
      const reply = this.#takeLine(concat([this.#rest, bytes.subarray(start, end)]));
      this.#rest = new Uint8Array();
      if (reply) replies.push(reply);
      start = end + 1;
    }
    this.#rest = concat([this.#rest, bytes.subarray(start)]);
    checkLength(this.#rest);
    return replies;
  }

  /** Returns the reply that `line` ends, if it ends one. */
  #takeLine(line: Bytes): Reply | undefined {
    checkLength(line);
    const text = decoder.decode(line).replace(/\r$/, "");
    const [, code, separator, words = ""] = CODED.exec(text) ?? [];
    const open = this.#reply;
    if (open) {
      // a line within a reply may begin with any digits, but those of the reply and a space
      const isLast = Number(code) === open.code && separator !== "-";
      open.lines.push(isLast ? words : text);
      if (open.lines.length > REPLY_LINES_LIMIT)
        throw new Error(`the server's reply has more than ${REPLY_LINES_LIMIT} lines`);
      if (!isLast) return undefined;
      this.#reply = undefined;
      return open;
    }
    if (code === undefined) throw new Error("the server does not speak FTP: its reply has no code");
    const reply = { code: Number(code), lines: [words] };
    if (separator !== "-") return reply;
    this.#reply = reply;
    return undefined;
  }
}

function checkLength(line: Bytes): void {
  if (line.length > REPLY_LINE_LIMIT)
    throw new Error(`the server's reply has a line of more than ${REPLY_LINE_LIMIT} bytes`);
}

/** Returns the port in the text of a 229 reply (RFC 2428 §3), such as `(|||6446|)`; undefined when there is none. */
export function parseEpsv(text: string): number | undefined {
  const [, , port] = /\(([\x21-\x7e])\1\1(\d{1,5})\1\)/.exec(text) ?? [];
  return checkPort(Number(port));
}

/**
 * Returns the port in the text of a 227 reply (RFC 959 §4.1.2), such as `(192,168,1,2,25,46)`; undefined when there is none.
 * The address before it is not looked at: a server could name somebody else's, to have us connect there.
 */
export function parsePasv(text: string): number | undefined {
  const [, high, low] = /(?:\d{1,3},){4}(\d{1,3}),(\d{1,3})/.exec(text) ?? [];
  const [first, second] = [Number(high), Number(low)];
  return first <= 255 && second <= 255 ? checkPort(256 * first + second) : undefined;
}

function checkPort(port: number): number | undefined {
  return port >= 1 && port <= 65_535 ? port : undefined;
}

/** Returns the path in the text of a 257 reply: in quotation marks, those in it doubled (RFC 959 appendix II). */
export function parseQuotedPath(text: string): string | undefined {
  return /^"((?:[^"]|"")*)"/.exec(text)?.[1]?.replaceAll('""', '"');
}
