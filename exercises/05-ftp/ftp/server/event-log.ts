/**
 * The log: one line of JSON (RFC 8259) for each thing that happened, in printable characters only.
 *
 *     {"time":"2026-01-31T12:00:00.000Z","session":7,"address":"192.0.2.1:40000","user":"alice","event":"upload","path":"/a","bytes":5,"seconds":0.01,"outcome":"done"}
 *
 * No member holds what a client typed as its password. Whoever logs a login names the user only if there is one: people type
 * their passwords where their names belong.
 */
import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";

/** Bytes of lines that wait to be written; what comes while there are more is lost, and counted. */
export const BACKLOG_LIMIT = 1024 * 1024;
/** Characters of the longest text that a line has. */
export const TEXT_LIMIT = 4096;

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

/** What happened. */
export interface LogEvent {
  event: EventName;
  /** Which session of this process. */
  session?: number | undefined;
  /** The client's, such as 192.0.2.1:40000. */
  address?: string | undefined;
  user?: string | undefined;
  /** How the session is encrypted. */
  mechanism?: string | undefined;
  /** What the client says it is (CLNT). */
  client?: string | undefined;
  /** As the client sees it. */
  path?: string | undefined;
  /** Where to, of a rename. */
  to?: string | undefined;
  /** The new one, in octal. */
  mode?: string | undefined;
  /** Where in the file a transfer began. */
  offset?: number | undefined;
  /** Bytes of the file that were transferred. */
  bytes?: number | undefined;
  /** How long it took. */
  seconds?: number | undefined;
  /** What came of it: `done` unless it is said. */
  outcome?: string | undefined;
}

/** Where lines go; resolves once they are there. */
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
// JSON escapes no more than it must; C1 controls drive terminals too, and these mislead the eye or end lines
const UNSAFE = /[\u007f-\u009f\p{Zl}\p{Zp}\p{Cs}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;

/** Returns the line for `event`; nothing but its known members gets in. */
export function formatEvent(event: LogEvent, time: Date): string {
  const line: Record<string, string | number> = { time: time.toISOString() };
  for (const member of MEMBERS) {
    const value = event[member] ?? (member === "outcome" ? "done" : undefined);
    if (typeof value === "string") line[member] = shorten(value);
    else if (value !== undefined) line[member] = member === "seconds" ? Number(value.toFixed(3)) : value;
  }
  return `${JSON.stringify(line).replaceAll(UNSAFE, escaped)}\n`;
}

/**
 * Writes events, in order, without making anybody wait: a client that fills the disk of the log, or makes more noise than
 * it can take, loses lines, and does not stop the server. How many were lost is the next line that gets through.
 */
export class EventLog {
  readonly #sink: Sink;
  readonly #failed: (error: unknown) => void;
  readonly #closed: () => Promise<void>;
  #waiting = "";
  #lost = 0;
  #hasFailed = false;
  #writing: Promise<void> | undefined;

  /**
   * Appends to `file`, which only we may read; makes it when it is not there, and makes it anew when it was moved away.
   *
   * @param failed is told why a line could not be written, once until one could
   * @throws Error when the file cannot be opened
   */
  static async open(file: string, failed: (error: unknown) => void): Promise<EventLog> {
    const sink = new FileSink(file);
    try {
      await sink.write("");
    } catch (error) {
      throw new Error(`the log ${file} cannot be written: ${error instanceof Error ? error.message : error}`);
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

  /** Notes what happened just now. */
  add(event: LogEvent): void {
    if (this.#waiting.length > BACKLOG_LIMIT) this.#lost += 1;
    else this.#waiting += formatEvent(event, new Date());
    this.#writing ??= this.#write();
  }

  /** Resolves once all that was added is written, or lost. */
  async close(): Promise<void> {
    await this.#writing;
    await this.#closed();
  }

  async #write(): Promise<void> {
    // the caller goes on first, and what it adds is written together
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
        // it is tried again with the next event
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
    // a line may have been cut short when the disk became full
    const begin = this.#isCut && text !== "" ? "\n" : "";
    this.#isCut = true;
    await handle.appendFile(begin + text);
    this.#isCut = false;
  }

  async close(): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
  }

  /** Returns the file of that name: another one, when it was moved away to begin a new one. */
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
