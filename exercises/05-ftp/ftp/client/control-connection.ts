/** The client's control connection: sends commands and receives replies, unencrypted until AUTH. */
import type { Duplex } from "node:stream";
import { encodeUtf8 } from "../../../../lib/bytes/bytes.ts";
import { printable } from "../../../../lib/bytes/printable.ts";
import { trace } from "../../../../lib/cli/diagnostics.ts";
import { type Reply, ReplyParser } from "../protocol/reply.ts";

/** Unread replies: those of a transfer that has ended already, and a 421. */
const MAX_UNREAD = 16;
const SECRET = /^(PASS) .*/s;
/** The codes of replies to a command that the server does not support. */
export const UNKNOWN_COMMAND = [500, 501, 502, 504];
const UNSENDABLE = /[\r\n\0]/;

/** Returns the error for a negative reply; `refusalCode` returns its code. */
export function refused({ code, lines }: Reply): Error {
  // a plain error, so that a script ends with one line
  return new Error(`the server says: ${code} ${printable(lines.join(" ").trim())}`, { cause: code });
}

/** Returns the code of the reply that caused `error`; undefined for any other error. */
export function refusalCode(error: unknown): number | undefined {
  return error instanceof Error && typeof error.cause === "number" ? error.cause : undefined;
}

/** Returns the reply if it has one of `codes`. @throws Error for any other reply */
export async function expectReply(reply: Promise<Reply>, ...codes: number[]): Promise<Reply> {
  const answer = await reply;
  if (codes.includes(answer.code)) return answer;
  throw refused(answer);
}

export class ControlConnection {
  /** Resolves once the connection is unusable. */
  readonly closed: Promise<void>;
  #settle: () => void = () => {};
  #stream: Duplex;
  #parser = new ReplyParser();
  readonly #timeout: number;
  #replies: Reply[] = [];
  #failure: Error | undefined;
  #wake: () => void = () => {};
  #watcher: (() => void) | undefined;
  readonly #listeners = {
    data: (chunk: Uint8Array<ArrayBuffer>) => this.#take(chunk),
    end: () => {
      // a 421 may say why
      const farewell = this.#replies.find(({ code }) => code === 421);
      this.#fail(farewell ? refused(farewell) : new Error("the server closed the connection"));
    },
    error: (error: Error) => this.#fail(error),
    close: () => this.#fail(new Error("the connection is closed")),
  };

  /** @param timeout seconds to wait for a reply */
  constructor(stream: Duplex, timeout: number) {
    this.#stream = stream;
    this.#timeout = timeout;
    this.closed = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#listen();
  }

  /** Why the connection is unusable; undefined while it works. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /**
   * Continues over the stream that `protect` returns.
   *
   * @throws Error if there are unexpected bytes before it
   */
  async switchTo(protect: () => Promise<Duplex>): Promise<void> {
    // those bytes came in plaintext, and anyone may have injected them (CVE-2011-0411)
    if (!this.#parser.idle || this.#replies.length > 0) {
      this.destroy();
      throw new Error("unexpected plaintext after the reply to AUTH: someone may have injected it");
    }
    const { data, end, close } = this.#listeners;
    // its error listener stays
    this.#stream.off("data", data).off("end", end).off("close", close).pause();
    this.#stream = await protect();
    this.#listen();
  }

  /**
   * Sends a command and returns the first reply to it.
   *
   * @throws Error if the command is not a single line, the reply times out, or the connection fails
   */
  command(line: string): Promise<Reply> {
    this.send(line);
    return this.reply();
  }

  /** Sends a command. @throws Error if it is not a single line, or cannot be UTF-8 */
  send(line: string): void {
    if (!line.isWellFormed()) throw new Error(`cannot be sent as UTF-8: ${printable(line)}`);
    if (UNSENDABLE.test(line)) throw new Error("a line break or NUL cannot be sent to an FTP server");
    trace(`> ${printable(line.replace(SECRET, "$1 ..."))}`);
    this.#stream.write(encodeUtf8(`${line}\r\n`));
  }

  /**
   * Returns the next reply.
   *
   * @param timeout seconds to wait for it
   * @throws Error if the reply is 421, or as `command`
   */
  async reply(timeout = this.#timeout): Promise<Reply> {
    let isLate = false;
    this.#watcher = undefined;
    const deadline = setTimeout(() => {
      isLate = true;
      this.#wake();
    }, timeout * 1000);
    try {
      for (;;) {
        const reply = this.#replies.shift();
        if (reply) {
          trace(`< ${reply.code} ${printable(reply.lines[0] ?? "")}`);
          if (reply.code !== 421) return reply;
          this.#fail(refused(reply));
          this.#stream.destroy();
        }
        if (this.#failure) throw this.#failure;
        if (isLate) {
          this.#fail(new Error(`timed out: no reply from the server for ${timeout} s`));
          this.#stream.destroy();
        } else
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
      }
    } finally {
      clearTimeout(deadline);
    }
  }

  /**
   * Calls `onTrouble` once, when a negative reply comes or the connection fails while no call of
   * `reply` is pending. The reply stays unread.
   */
  watch(onTrouble: () => void): void {
    this.#watcher = onTrouble;
    this.#notify();
  }

  destroy(): void {
    this.#stream.destroy();
  }

  #listen(): void {
    for (const [event, listener] of Object.entries(this.#listeners)) this.#stream.on(event, listener);
    this.#stream.resume();
  }

  #take(chunk: Uint8Array<ArrayBuffer>): void {
    try {
      this.#replies.push(...this.#parser.push(chunk));
      if (this.#replies.length > MAX_UNREAD) throw new Error("the server sent replies to no command");
    } catch (error) {
      if (error instanceof Error) this.#fail(error);
      this.#replies = [];
      this.#stream.destroy();
    }
    this.#notify();
    this.#wake();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#settle();
    this.#notify();
    this.#wake();
  }

  #notify(): void {
    if (!this.#failure && !this.#replies.some(({ code }) => code >= 400)) return;
    const watcher = this.#watcher;
    this.#watcher = undefined;
    watcher?.();
  }
}
