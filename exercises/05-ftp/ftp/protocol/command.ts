/**
 * Commands (RFC 959 §4.1, §5.3): lines of UTF-8 (RFC 2640) that end with CR LF, or LF alone, each a verb and perhaps an argument.
 *
 * The control connection is said to speak Telnet (RFC 854): its commands, which begin with IAC, are taken out and not answered.
 */
import { type Bytes, decodeUtf8 } from "../../../../lib/bytes/bytes.ts";
import { Refusal } from "./reply.ts";

/** Bytes of the longest line, without its end. */
export const LINE_LIMIT = 2 * 1024;

const LF = 0x0a;
const CR = 0x0d;
const IAC = 0xff;
const SUBNEGOTIATION = 0xfa;
const SUBNEGOTIATION_END = 0xf0;
const INTERRUPT = 0xf4;
const DATA_MARK = 0xf2;
// WILL, WONT, DO and DONT take one byte more
const FIRST_OPTION = 0xfb;
const EARLY = /^ABOR\r$/i;
const COMMAND = /^([A-Za-z]{3,4})(?: (.*))?$/s;

type Telnet = "text" | "command" | "option" | "subnegotiation" | "subnegotiation command" | "interrupted";

export interface Command {
  /** In capitals. */
  verb: string;
  /** All that stands behind the space after the verb; "" when there is nothing. */
  argument: string;
}

/** Takes a client's bytes, in any pieces, and gives out its lines. It holds one line, and the piece that it was last given. */
export class LineReader {
  readonly #line: Bytes = new Uint8Array(LINE_LIMIT + 1);
  #length = 0;
  #isTooLong = false;
  #telnet: Telnet = "text";
  // whether a line was given out before its LF, which may still come
  #wasEarly = false;
  #piece: Bytes = new Uint8Array();
  #offset = 0;

  /** True when all of the last piece has been looked at. */
  get isEmpty(): boolean {
    return this.#offset === this.#piece.length;
  }

  /** Takes the next piece, once the last one has been looked at. */
  feed(piece: Bytes): void {
    this.#piece = piece;
    this.#offset = 0;
  }

  /** Returns the next line, without its end, or undefined when it is not whole; "too long" stands for one of more than `LINE_LIMIT`. */
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
    // some clients send the end of this line as urgent data, which never comes here
    const isEarly = this.#length === 5 && EARLY.test(String.fromCharCode(...this.#line.subarray(0, 5)));
    if (!isEarly) return undefined;
    this.#wasEarly = true;
    return this.#take();
  }

  /** Forgets all that it holds. */
  clear(): void {
    this.feed(new Uint8Array());
    this.#take();
    this.#telnet = "text";
    this.#wasEarly = false;
  }

  #add(byte: number): void {
    // one more than the limit, which may be the CR of the end
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

  /** Says whether `byte` is part of the text, or of a Telnet command. */
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
        // IAC IAC is a byte of the text, though none that UTF-8 has
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

/** Returns the command that `line` is. @throws Refusal when it is none, is not UTF-8, or has a CR or NUL in it */
export function parseCommand(line: Bytes): Command {
  let text: string;
  try {
    text = decodeUtf8(line);
  } catch {
    throw new Refusal(501, "That is not UTF-8.");
  }
  const [, verb, argument = ""] = COMMAND.exec(text) ?? [];
  if (verb === undefined) throw new Refusal(500, "That is no command.");
  if (/[\r\n\0]/.test(argument)) throw new Refusal(501, "CR, LF and NUL are not taken.");
  return { verb: verb.toUpperCase(), argument };
}
