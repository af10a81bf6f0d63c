/** The client's control connection: commands out, replies in, over TCP at first and then over whatever protects it. */
import type { Duplex } from "node:stream";
import { encodeUtf8 } from "../../../../lib/bytes/bytes.ts";
import { printable } from "../../../../lib/bytes/printable.ts";
import { trace } from "../../../../lib/cli/diagnostics.ts";
import { type Reply, ReplyParser } from "../protocol/reply-parser.ts";

// replies that nobody has asked for yet: of a transfer that is over before it was looked at, and a farewell
const MAX_UNREAD = 16;
const SECRET = /^(PASS) .*/s;
const UNSENDABLE = /[\r\n\0]/;

/** Returns the error of a server that says no; `refusalCode` tells its code to those who can do without. */
export function refused({ code, lines }: Reply): Error {
  // a plain error, so that it ends the script as one line
  return new Error(`the server says: ${code} ${printable(lines.join(" ").trim())}`, { cause: code });
}

/** Returns the code of the reply that `error` tells of; undefined when it is another error. */
export function refusalCode(error: unknown): number | undefined {
  return error instanceof Error && typeof error.cause === "number" ? error.cause : undefined;
}

export class ControlConnection {
  /** Resolves once nothing can be sent or received any more. */
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
      // it may have said why
      const farewell = this.#replies.find(({ code }) => code === 421);
      this.#fail(farewell ? refused(farewell) : new Error("the server has closed the connection"));
    },
    error: (error: Error) => this.#fail(error),
    close: () => this.#fail(new Error("the connection is closed")),
  };

  /** @param timeout seconds that a reply may take */
  constructor(stream: Duplex, timeout: number) {
    this.#stream = stream;
    this.#timeout = timeout;
    this.closed = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#listen();
  }

  /** Why nothing can be sent or received any more, if so. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Goes on over another stream; @throws Error when the server has said more than it was asked for */
  async switchTo(protect: () => Promise<Duplex>): Promise<void> {
    // whatever is here already came in clear, and anybody may have written it (CVE-2011-0411)
    if (!this.#parser.idle || this.#replies.length > 0) {
      this.destroy();
      throw new Error("the server, or somebody in its place, has sent more in clear than it was asked for");
    }
    const { data, end, close } = this.#listeners;
    // the listener to its errors stays
    this.#stream.off("data", data).off("end", end).off("close", close).pause();
    this.#stream = await protect();
    this.#listen();
  }

  /**
   * Sends a command and returns the first reply to it.
   *
   * @throws Error when it cannot be sent on one line, no reply comes in time, or the connection fails
   */
  command(line: string): Promise<Reply> {
    this.send(line);
    return this.reply();
  }

  /** Sends a command. @throws Error when it cannot be sent on one line */
  send(line: string): void {
    if (UNSENDABLE.test(line)) throw new Error("a line break or NUL cannot be sent to an FTP server");
    trace(`> ${printable(line.replace(SECRET, "$1 ..."))}`);
    this.#stream.write(encodeUtf8(`${line}\r\n`));
  }

  /**
   * Returns the next reply.
   *
   * @param timeout seconds that it may take
   * @throws Error when the server says farewell (421), or as `command`
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
   * Lets `trouble` know, once, when a reply says no or the connection fails while nobody waits for a reply. The reply
   * stays to be read.
   */
  watch(trouble: () => void): void {
    this.#watcher = trouble;
    this.#tell();
  }

  /** Ends our half of the connection, once all is sent. */
  end(): void {
    this.#stream.end();
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
      if (this.#replies.length > MAX_UNREAD)
        throw new Error("the server sends replies that nobody asked for");
    } catch (error) {
      if (error instanceof Error) this.#fail(error);
      this.#replies = [];
      this.#stream.destroy();
    }
    this.#tell();
    this.#wake();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#settle();
    this.#tell();
    this.#wake();
  }

  #tell(): void {
    if (!this.#failure && !this.#replies.some(({ code }) => code >= 400)) return;
    const watcher = this.#watcher;
    this.#watcher = undefined;
    watcher?.();
  }
}
