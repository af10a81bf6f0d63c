/**
 * The log: one line of JSON (RFC 8259) for each event, in printable characters only.
 *
 *     {"time":"2026-01-31T12:00:00.000Z","session":7,"address":"192.0.2.1:40000","user":"alice",
 *      "event":"uploaded","path":"/a","bytes":5,"seconds":0.01,"outcome":"done"}
 *
 * No member may contain a password. A login event names existing users only, because people type
 * passwords at the name prompt.
 */
import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { reasonOf } from "../../../../lib/cli/diagnostics.ts";

/** Bytes of lines that may be queued; further lines are lost, and counted. */
export const BACKLOG_LIMIT = 1024 * 1024;
/** Characters of the longest text in a line. */
export const TEXT_LIMIT = 4096;
/** Seconds for which the next two limits apply; then a line says how many events had none. */
export const PERIOD = 60;
/** Characters for each kind of event that clients cause without a login, all together. */
export const STRANGERS_LIMIT = 64 * 1024;
/** Characters for each kind of event of each user. */
export const USER_LIMIT = 2 * 1024 * 1024;

const MODE = 0o600;

export type EventName =
  | "started"
  | "stopped"
  | "users changed"
  | "turned away"
  | "connected"
  | "disconnected"
  | "encrypted"
  | "not encrypted"
  | "client"
  | "login"
  | "login refused"
  | "listed"
  | "downloaded"
  | "uploaded"
  | "transfer failed"
  | "removed"
  | "renamed"
  | "folder made"
  | "folder removed"
  | "mode set"
  | "time set";

export interface LogEvent {
  event: EventName;
  /** The number of the session in this process. */
  session?: number | undefined;
  /** HOST:PORT of the client. */
  address?: string | undefined;
  user?: string | undefined;
  /** The mechanism and its parameters. */
  mechanism?: string | undefined;
  /** The client's name for itself (CLNT). */
  client?: string | undefined;
  /** As the client sees it. */
  path?: string | undefined;
  /** The new path, of a rename. */
  to?: string | undefined;
  /** The new mode, in octal. */
  mode?: string | undefined;
  /** The offset in the file at which a transfer started. */
  offset?: number | undefined;
  /** Bytes of the file that were transferred. */
  bytes?: number | undefined;
  /** The duration. */
  seconds?: number | undefined;
  /** The default is `done`. */
  outcome?: string | undefined;
}

/** Writes lines; resolves once they are written. */
export type Sink = (text: string) => Promise<void>;

const MEMBERS = [
  "session",
  "address",
  "user",
  "event",
  "mechanism",
  "client",
  "path",
  "to",
  "mode",
  "offset",
  "bytes",
  "seconds",
  "outcome",
] as const;
// JSON escapes only what it must. C1 controls also drive terminals, and the others hide, reorder or
// break text
const UNSAFE = /[\u007f-\u009f\p{Zl}\p{Zp}\p{Cs}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;

/** Returns the line for `event`, with its known members only. */
export function formatEvent(event: LogEvent, time: Date): string {
  const line: Record<string, string | number> = { time: time.toISOString() };
  for (const member of MEMBERS) {
    const value = event[member] ?? (member === "outcome" ? "done" : undefined);
    if (typeof value === "string") line[member] = shorten(value);
    else if (value !== undefined) line[member] = member === "seconds" ? Number(value.toFixed(3)) : value;
  }
  return `${JSON.stringify(line).replaceAll(UNSAFE, escaped)}\n`;
}

/** What a kind of event has written in this period. */
interface Spending {
  event: EventName;
  user: string | undefined;
  characters: number;
  /** Events beyond the limit. */
  more: number;
}

/**
 * Writes events in order, and makes no caller wait. A client that causes too many of a kind gets no
 * lines for the rest, only their number. A client that fills the disk, or causes more events than
 * the disk can take, loses lines and does not stop the server. The next line that is written says
 * how many were lost.
 */
export class EventLog {
  readonly #sink: Sink;
  readonly #failed: (error: unknown) => void;
  readonly #closed: () => Promise<void>;
  readonly #spendings = new Map<string, Spending>();
  #period: NodeJS.Timeout | undefined;
  #waiting = "";
  #lost = 0;
  #hasFailed = false;
  #writing: Promise<void> | undefined;

  /**
   * Appends to `file`, readable for its owner only. Creates it, also after it was moved away.
   *
   * @param failed receives the error of the first write that fails, until one succeeds
   * @throws Error if the file cannot be opened
   */
  static async open(file: string, failed: (error: unknown) => void): Promise<EventLog> {
    const sink = new FileSink(file);
    try {
      await sink.write("");
    } catch (error) {
      throw new Error(`cannot write the log ${file}: ${reasonOf(error)}`);
    }
    return new EventLog(
      (text) => sink.write(text),
      failed,
      () => sink.close(),
    );
  }

  constructor(sink: Sink, failed: (error: unknown) => void, closed: () => Promise<void> = async () => {}) {
    this.#sink = sink;
    this.#failed = failed;
    this.#closed = closed;
  }

  /** Logs an event with the current time. */
  add(event: LogEvent): void {
    const spending = this.#spendingOf(event);
    const limit = spending.user === undefined ? STRANGERS_LIMIT : USER_LIMIT;
    if (spending.characters >= limit) {
      spending.more += 1;
      return;
    }
    const line = formatEvent(event, new Date());
    spending.characters += line.length;
    this.#append(line);
  }

  #spendingOf({ event, user: named }: LogEvent): Spending {
    // the name of a refused login is a guess
    const user = event === "login refused" ? undefined : named;
    const key = JSON.stringify([event, user]);
    const spending = this.#spendings.get(key) ?? { event, user, characters: 0, more: 0 };
    this.#spendings.set(key, spending);
    this.#period ??= setTimeout(() => this.#endPeriod(), PERIOD * 1000).unref();
    return spending;
  }

  #endPeriod(): void {
    clearTimeout(this.#period);
    this.#period = undefined;
    for (const { event, user, more } of this.#spendings.values()) {
      if (more === 0) continue;
      const outcome = `and ${more.toLocaleString("en")} more`;
      this.#append(formatEvent({ event, user, outcome }, new Date()));
    }
    this.#spendings.clear();
  }

  #append(line: string): void {
    if (this.#waiting.length > BACKLOG_LIMIT) this.#lost += 1;
    else this.#waiting += line;
    this.#writing ??= this.#write();
  }

  /** Resolves once all lines are written or lost. */
  async close(): Promise<void> {
    this.#endPeriod();
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

/** A file to append to. */
class FileSink {
  readonly #file: string;
  #handle: FileHandle | undefined;
  #stats: BigIntStats | undefined;
  #isCut = false;

  constructor(file: string) {
    this.#file = file;
  }

  async write(text: string): Promise<void> {
    const handle = await this.#current();
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
    if (this.#handle && isSame) return this.#handle;
    await this.close();
    const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } = constants;
    const handle = await open(this.#file, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, MODE);
    this.#handle = handle;
    this.#stats = await handle.stat({ bigint: true });
    return handle;
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
