/**
 * Replies (RFC 959 §4.2): a code of three digits and a text, of one line or of several.
 *
 *     226 Transfer complete.    211-Features:
 *                                MDTM
 *                               211 End
 */
import { type Bytes, concat, decodeUtf8 } from "../../../../lib/bytes/bytes.ts";

export interface Reply {
  /** 100 to 599. */
  code: number;
  /** At least one, without line breaks and without the code. */
  lines: readonly string[];
}

/** Bytes of the longest line that `ReplyParser` accepts. */
export const REPLY_LINE_LIMIT = 8 * 1024;
/** Lines of the longest reply that `ReplyParser` accepts. */
export const REPLY_LINES_LIMIT = 1024;

const LINE_FEED = 0x0a;
const CODED = /^([1-5]\d\d)(?:([ -])(.*))?$/;

/**
 * A negative reply: handlers throw it, the client receives the reply, and the session continues.
 */
export class Refusal extends Error {
  readonly reply: Reply;

  constructor(code: number, ...lines: string[]) {
    super(lines[0]);
    this.reply = reply(code, ...lines);
  }
}

export function reply(code: number, ...lines: string[]): Reply {
  return { code, lines };
}

/**
 * Returns the bytes of a reply, as text.
 *
 * Lines between the first and the last start with a space, so that none looks like the last.
 *
 * @throws RangeError if a line contains a line break, which could forge another reply
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

/**
 * Returns `path` as reply 257 contains it: quoted, with doubled quotation marks (RFC 959 appendix
 * II).
 */
export function quotePath(path: string): string {
  return `"${path.replaceAll('"', '""')}"`;
}

/** Returns the path in the text of a 257 reply; undefined if there is none. */
export function parseQuotedPath(text: string): string | undefined {
  return /^"((?:[^"]|"")*)"/.exec(text)?.[1]?.replaceAll('""', '"');
}

/**
 * Returns the port in the text of a 229 reply (RFC 2428 §3), such as `(|||6446|)`; undefined if
 * there is none.
 */
export function parseEpsvPort(text: string): number | undefined {
  const [, , port] = /\(([\x21-\x7e])\1\1(\d{1,5})\1\)/.exec(text) ?? [];
  return checkPort(Number(port));
}

/**
 * Returns the port in the text of a 227 reply (RFC 959 §4.1.2), such as `(192,168,1,2,25,46)`;
 * undefined if there is none. The address is ignored: a server could name another host to make the
 * client connect there.
 */
export function parsePasvPort(text: string): number | undefined {
  const [, high, low] = /(?:\d{1,3},){4}(\d{1,3}),(\d{1,3})/.exec(text) ?? [];
  const [first, second] = [Number(high), Number(low)];
  return first <= 255 && second <= 255 ? checkPort(256 * first + second) : undefined;
}

/** Turns a server's bytes, in pieces of any size, into replies. */
export class ReplyParser {
  #rest: Bytes = new Uint8Array();
  #open: { code: number; lines: string[] } | undefined;

  /** True if there is no incomplete reply. */
  get idle(): boolean {
    return this.#rest.length === 0 && this.#open === undefined;
  }

  /**
   * Returns the replies that `bytes` completes.
   *
   * @throws Error if a required code is missing, or a line or reply is too long
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

  /** Returns the reply that `line` completes, if any. */
  #takeLine(line: Bytes): Reply | undefined {
    checkLength(line);
    const text = decode(line).replace(/\r$/, "");
    const [, code, separator, words = ""] = CODED.exec(text) ?? [];
    const open = this.#open;
    if (open) {
      // an inner line may start with any digits, except the code of the reply and a space
      const isLast = Number(code) === open.code && separator !== "-";
      open.lines.push(isLast ? words : text);
      if (open.lines.length > REPLY_LINES_LIMIT)
        throw new Error(`the server's reply has more than ${REPLY_LINES_LIMIT} lines`);
      if (!isLast) return undefined;
      this.#open = undefined;
      return open;
    }
    if (code === undefined) throw new Error("the server does not speak FTP: its reply has no code");
    const first = { code: Number(code), lines: [words] };
    if (separator !== "-") return first;
    this.#open = first;
    return undefined;
  }
}

/**
 * Decodes a line of a reply. In one that is not UTF-8, bytes over 7F become lone surrogates: people
 * see them escaped, and a name with one cannot be used.
 */
function decode(line: Bytes): string {
  try {
    return decodeUtf8(line);
  } catch {
    return Array.from(line, (byte) => String.fromCharCode(byte < 0x80 ? byte : 0xdc00 + byte)).join("");
  }
}

function checkLength(line: Bytes): void {
  if (line.length > REPLY_LINE_LIMIT)
    throw new Error(`the server's reply has a line of more than ${REPLY_LINE_LIMIT} bytes`);
}

function checkPort(port: number): number | undefined {
  return port >= 1 && port <= 65_535 ? port : undefined;
}
