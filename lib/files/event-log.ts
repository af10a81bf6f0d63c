/**
 * The log of a server: one line of JSON (RFC 8259) for each event, in printable characters only.
 *
 *     {"time":"2026-01-31T12:00:00.000Z","session":7,"address":"192.0.2.1:40000","user":"alice",
 *      "event":"uploaded","path":"/a","bytes":5,"seconds":0.01,"outcome":"done"}
 *
 * No member may contain a password. A login event names existing users only, because people type
 * passwords at the name prompt.
 */
import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, open, rename, stat } from "node:fs/promises";
import process from "node:process";
import { Allowance, STRANGERS_LIMIT } from "../async/allowance.ts";
import { reasonOf, systemCode } from "../cli/diagnostics.ts";

/** Bytes of lines that may be queued; further lines are lost, and counted. */
export const BACKLOG_LIMIT = 1024 * 1024;
/** Characters of the longest text in a line. */
export const TEXT_LIMIT = 4096;
/** Characters for each kind of event of each user in a period (`Allowance`). */
export const USER_LIMIT = 2 * 1024 * 1024;
/** Files of a rotated log that are kept beside the current one. */
export const FILES_KEPT = 3;

const MODE = 0o600;

/** What each event has; a program adds members of its own. */
export interface LogEvent {
  event: string;
  user?: string | undefined;
  /** The default is `done`. */
  outcome?: string | undefined;
}

/** Describes the events of a program. */
export interface LogFormat<E extends LogEvent> {
  /** The members that are written, in this order: others may be secrets. */
  members: readonly (keyof E & string)[];
  /** Events whose user is only claimed: they count as those of strangers. */
  unproved: readonly E["event"][];
}

/** Writes lines; resolves once they are written. */
export type Sink = (text: string) => Promise<void>;

// JSON escapes only what it must. C1 controls also drive terminals, and the others hide, reorder or
// break text
const UNSAFE = /[\u007f-\u009f\p{Zl}\p{Zp}\p{Cs}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;

/** Returns the line for `event`, with its known members only. */
export function formatEvent<E extends LogEvent>(
  event: E,
  time: Date,
  members: readonly (keyof E & string)[],
): string {
  const line: Record<string, string | number> = { time: time.toISOString() };
  for (const member of members) {
    const value: unknown = event[member] ?? (member === "outcome" ? "done" : undefined);
    if (typeof value === "string") line[member] = shorten(value);
    else if (typeof value === "number") line[member] = Number(value.toFixed(3));
  }
  return `${JSON.stringify(line).replaceAll(UNSAFE, escaped)}\n`;
}

/** Events that share an allowance. */
interface Kind {
  user: string | undefined;
  event: string;
}

/**
 * Writes events in order, and makes no caller wait. A client that causes too many of a kind gets no
 * lines for the rest, only their number. A client that fills the disk, or causes more events than
 * the disk can take, loses lines and does not stop the server. The next line that is written says
 * how many were lost.
 */
export class EventLog<E extends LogEvent> {
  readonly #format: LogFormat<E>;
  readonly #sink: Sink;
  readonly #failed: (error: unknown) => void;
  readonly #closed: () => Promise<void>;
  readonly #allowance = new Allowance<Kind>((kind, outcome) =>
    this.#append(formatEvent({ ...kind, outcome }, new Date(), ["user", "event", "outcome"])),
  );
  #waiting = "";
  #lost = 0;
  #hasFailed = false;
  #writing: Promise<void> | undefined;

  /**
   * Appends to `file`, readable for its owner only; to standard error if it is undefined. Creates
   * the file, also after it was moved away.
   *
   * @param options failed: receives the error of the first write that fails, until one succeeds;
   *   rotateAt: bytes at which the file becomes `FILE.1`, and that `FILE.2`, and so on up to
   *   `FILES_KEPT` (default: never)
   * @throws Error if the file cannot be opened
   */
  static async open<E extends LogEvent>(
    file: string | undefined,
    format: LogFormat<E>,
    options: { failed: (error: unknown) => void; rotateAt?: number },
  ): Promise<EventLog<E>> {
    if (file === undefined) return new EventLog(format, { sink: writeStandardError, failed: options.failed });
    const sink = new FileSink(file, options.rotateAt);
    try {
      await sink.write("");
    } catch (error) {
      throw new Error(`cannot write the log ${file}: ${reasonOf(error)}`);
    }
    const write = (text: string) => sink.write(text);
    return new EventLog(format, { sink: write, failed: options.failed, closed: () => sink.close() });
  }

  /** @param options closed: called by `close` once all lines are written */
  constructor(
    format: LogFormat<E>,
    options: { sink: Sink; failed: (error: unknown) => void; closed?: () => Promise<void> },
  ) {
    this.#format = format;
    this.#sink = options.sink;
    this.#failed = options.failed;
    this.#closed = options.closed ?? (async () => {});
  }

  /** Logs an event with the current time. */
  add(event: E): void {
    const user = this.#format.unproved.includes(event.event) ? undefined : event.user;
    const limit = user === undefined ? STRANGERS_LIMIT : USER_LIMIT;
    const line = this.#allowance.spend({ user, event: event.event }, limit, () =>
      formatEvent(event, new Date(), this.#format.members),
    );
    if (line !== undefined) this.#append(line);
  }

  #append(line: string): void {
    if (this.#waiting.length > BACKLOG_LIMIT) this.#lost += 1;
    else this.#waiting += line;
    this.#writing ??= this.#write();
  }

  /** Resolves once all lines are written or lost. */
  async close(): Promise<void> {
    this.#allowance.endPeriod();
    await this.#writing;
    await this.#closed();
  }

  async #write(): Promise<void> {
    // lines that the caller adds before its next await are written together
    await Promise.resolve();
    while (this.#waiting !== "" || this.#lost > 0) {
      const lost = this.#lost;
      const text = this.#waiting + (lost > 0 ? formatLost(lost) : "");
      const lines = text.split("\n").length - 1 - (lost > 0 ? 1 : 0);
      this.#waiting = "";
      this.#lost = 0;
      try {
        await this.#sink(text);
        this.#hasFailed = false;
      } catch (error) {
        this.#lost += lost + lines;
        if (!this.#hasFailed) this.#failed(error);
        this.#hasFailed = true;
        // the next event tries again
        break;
      }
    }
    this.#writing = undefined;
  }
}

/** Resolves once it is written: what standard error does not take must not fill the memory. */
function writeStandardError(text: string): Promise<void> {
  return new Promise((resolve) => process.stderr.write(text, () => resolve()));
}

/** A file to append to. */
class FileSink {
  readonly #file: string;
  readonly #rotateAt: number;
  #handle: FileHandle | undefined;
  #stats: BigIntStats | undefined;
  #isCut = false;

  constructor(file: string, rotateAt = Number.POSITIVE_INFINITY) {
    this.#file = file;
    this.#rotateAt = rotateAt;
  }

  async write(text: string): Promise<void> {
    let handle = await this.#current();
    if (this.#stats && this.#stats.size + BigInt(text.length) > this.#rotateAt && this.#stats.size > 0n) {
      await this.#rotate();
      handle = await this.#current();
    }
    // a full disk may have truncated the last line
    const begin = this.#isCut && text !== "" ? "\n" : "";
    this.#isCut = true;
    await handle.appendFile(begin + text);
    this.#isCut = false;
  }

  async close(): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
  }

  /** Returns the open file, or a new one if the old one was moved away. */
  async #current(): Promise<FileHandle> {
    const now = await stat(this.#file, { bigint: true }).catch(() => undefined);
    const isSame = now !== undefined && now.dev === this.#stats?.dev && now.ino === this.#stats.ino;
    if (this.#handle && isSame) {
      this.#stats = now;
      return this.#handle;
    }
    await this.close();
    const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } = constants;
    const handle = await open(this.#file, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, MODE);
    this.#handle = handle;
    this.#stats = await handle.stat({ bigint: true });
    return handle;
  }

  async #rotate(): Promise<void> {
    await this.close();
    for (let number = FILES_KEPT; number > 0; number -= 1) {
      const older = number === 1 ? this.#file : `${this.#file}.${number - 1}`;
      await rename(older, `${this.#file}.${number}`).catch((error) => {
        if (systemCode(error) !== "ENOENT") throw error;
      });
    }
  }
}

function formatLost(count: number): string {
  return `${JSON.stringify({ time: new Date().toISOString(), event: "lost", lines: count })}\n`;
}

function shorten(text: string): string {
  return text.length > TEXT_LIMIT ? `${text.slice(0, TEXT_LIMIT)}…` : text;
}

function escaped(character: string): string {
  return [...Array(character.length).keys()]
    .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`)
    .join("");
}
