/**
 * Commands (RFC 959 §4.1, §5.3): lines of UTF-8 (RFC 2640) that end with CR LF or LF, each a verb
 * with an optional argument.
 *
 * The control connection follows Telnet (RFC 854): its commands, which start with IAC, are removed
 * and not answered.
 */
import { type Bytes, decodeUtf8 } from "../../../../lib/bytes/bytes.ts";
import { Refusal } from "./reply.ts";

/** Bytes of the longest line, without its line break. */
export const LINE_LIMIT = 2 * 1024;

const LF = 0x0a;
const CR = 0x0d;
const IAC = 0xff;
const SUBNEGOTIATION = 0xfa;
const SUBNEGOTIATION_END = 0xf0;
const INTERRUPT = 0xf4;
const DATA_MARK = 0xf2;
// WILL, WONT, DO and DONT are followed by one more byte
const FIRST_OPTION = 0xfb;
const EARLY = /^ABOR\r$/i;
const COMMAND = /^([A-Za-z]{3,4})(?: (.*))?$/s;

type Telnet = "text" | "command" | "option" | "subnegotiation" | "subnegotiation command" | "interrupted";

export interface Command {
  /** In capitals. */
  verb: string;
  /** Everything after the space that follows the verb; "" if there is nothing. */
  argument: string;
}

/**
 * Turns a client's bytes, in pieces of any size, into lines. Buffers one line and the last piece.
 */
export class LineReader {
  readonly #line: Bytes = new Uint8Array(LINE_LIMIT + 1);
  #length = 0;
  #isTooLong = false;
  #telnet: Telnet = "text";
  /** Whether a line was returned before its LF, which may still come. */
  #wasEarly = false;
  #piece: Bytes = new Uint8Array();
  #offset = 0;

  /** True if the last piece is used up. */
  get isEmpty(): boolean {
    return this.#offset === this.#piece.length;
  }

  /** Adds the next piece; the last one must be used up. */
  feed(piece: Bytes): void {
    this.#piece = piece;
    this.#offset = 0;
  }

  /**
   * Returns the next line, without its line break; "too long" for one over `LINE_LIMIT`; undefined
   * if it is incomplete.
   */
  next(): Bytes | "too long" | undefined {
    for (; this.#offset < this.#piece.length; this.#offset += 1) {
      const byte = this.#piece[this.#offset] ?? 0;
      if (!this.#isText(byte)) continue;
      const isLate = byte === LF && this.#wasEarly;
      this.#wasEarly = false;
      if (isLate) continue;
      if (byte !== LF) this.#add(byte);
      else {
        this.#offset += 1;
        return this.#take();
      }
    }
    // some clients send the end of this line as urgent data, which is never delivered
    const isEarly = this.#length === 5 && EARLY.test(String.fromCharCode(...this.#line.subarray(0, 5)));
    if (!isEarly) return undefined;
    this.#wasEarly = true;
    return this.#take();
  }

  /** Discards everything buffered. */
  clear(): void {
    this.feed(new Uint8Array());
    this.#take();
    this.#telnet = "text";
    this.#wasEarly = false;
  }

  #add(byte: number): void {
    // one more than the limit: that may be the CR of the line break
    if (this.#length > LINE_LIMIT) this.#isTooLong = true;
    else {
      this.#line[this.#length] = byte;
      this.#length += 1;
    }
  }

  #take(): Bytes | "too long" {
    const end = this.#line[this.#length - 1] === CR ? this.#length - 1 : this.#length;
    const isTooLong = this.#isTooLong || end > LINE_LIMIT;
    const line = this.#line.slice(0, end);
    this.#length = 0;
    this.#isTooLong = false;
    return isTooLong ? "too long" : line;
  }

  /** Reports whether `byte` is text, and not part of a Telnet command. */
  #isText(byte: number): boolean {
    switch (this.#telnet) {
      case "text":
        if (byte === IAC) this.#telnet = "command";
        return byte !== IAC;
      case "interrupted":
        // the IAC of this mark was sent as urgent data
        this.#telnet = byte === IAC ? "command" : "text";
        return byte !== IAC && byte !== DATA_MARK;
      case "command":
        if (byte === SUBNEGOTIATION) this.#telnet = "subnegotiation";
        else if (byte === INTERRUPT) this.#telnet = "interrupted";
        else this.#telnet = byte >= FIRST_OPTION && byte !== IAC ? "option" : "text";
        // IAC IAC is a byte of text, although UTF-8 has no such byte
        return byte === IAC;
      case "option":
        this.#telnet = "text";
        return false;
      case "subnegotiation":
        if (byte === IAC) this.#telnet = "subnegotiation command";
        return false;
      case "subnegotiation command":
        this.#telnet = byte === SUBNEGOTIATION_END ? "text" : "subnegotiation";
        return false;
    }
  }
}

/** Parses a line. @throws Refusal if it is not a command, not UTF-8, or contains CR or NUL */
export function parseCommand(line: Bytes): Command {
  let text: string;
  try {
    text = decodeUtf8(line);
  } catch {
    throw new Refusal(501, "Invalid UTF-8.");
  }
  const [, verb, argument = ""] = COMMAND.exec(text) ?? [];
  if (verb === undefined) throw new Refusal(500, "Syntax error, command unrecognized.");
  if (/[\r\n\0]/.test(argument)) throw new Refusal(501, "CR, LF and NUL are not allowed.");
  return { verb: verb.toUpperCase(), argument };
}
