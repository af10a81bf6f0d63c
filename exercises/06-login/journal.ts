/**
 * The journal: takes each message once, and confirms it when it is on disk.
 *
 *     const journal = await Journal.open("journal.jsonl", { stored, known });
 *     await journal.append(entry);          // is on disk now, and will not be there twice
 *
 * One writer takes all messages that have arrived, writes them in one piece, waits for the disk
 * once, and confirms them all (group commit): the more clients, the more messages share a wait.
 */
import { reasonOf } from "../../lib/cli/diagnostics.ts";
import { type Cut, type Entry, JournalFile } from "./journal-file.ts";
import { Sessions } from "./sessions.ts";

/** Characters of texts that are written in one piece. */
const BATCH_LENGTH = 1024 * 1024;

/** The message could not be stored; it may be sent again later. */
export class NotStored extends Error {}

export interface JournalOptions {
  /** Called with each entry that is in the file already. */
  found?: (entry: Entry) => void;
  /** Called with the entries that were appended, in order, before they are confirmed. */
  stored?: (entries: readonly Entry[]) => void;
}

interface Pending {
  entry: Entry;
  resolve: () => void;
  reject: (error: Error) => void;
}

export class Journal {
  readonly #file: JournalFile;
  readonly #sessions: Sessions;
  readonly #stored: (entries: readonly Entry[]) => void;
  /** The callers bound it: each client has a limited number of messages in flight. */
  readonly #queue: Pending[] = [];
  #writing: Promise<void> | undefined;

  /**
   * Opens or creates `file`.
   *
   * @returns the journal, and what was cut off of an incomplete last line
   * @throws Error as `JournalFile.open`
   */
  static async open(
    file: string,
    { found = () => {}, stored = () => {} }: JournalOptions = {},
  ): Promise<{ journal: Journal; cut: Cut | undefined }> {
    const sessions = new Sessions();
    const { journal, cut } = await JournalFile.open(file, (entry) => {
      sessions.add(entry);
      found(entry);
    });
    return { journal: new Journal(journal, sessions, stored), cut };
  }

  private constructor(file: JournalFile, sessions: Sessions, stored: (entries: readonly Entry[]) => void) {
    this.#file = file;
    this.#sessions = sessions;
    this.#stored = stored;
  }

  /**
   * Resolves once `entry` is on disk, now or since it was sent before.
   *
   * @throws NotStored if the disk does not take it; Error if it is not the next of its session, and
   *   none that was appended before
   */
  append(entry: Entry): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ entry, resolve, reject });
      this.#writing ??= this.#writeAll();
    });
  }

  /** Notes that the client of a session has closed it, with all of its messages confirmed. */
  end(session: Pick<Entry, "user" | "session">): void {
    this.#sessions.end(session);
  }

  /** Waits for what is being written, and gives the file free. */
  async close(): Promise<void> {
    await this.#writing;
    await this.#file.close();
  }

  async #writeAll(): Promise<void> {
    // those that arrive in the same turn of the event loop are written together
    await Promise.resolve();
    while (this.#queue.length > 0) await this.#writeBatch();
    // in the same turn as the last look at the queue
    this.#writing = undefined;
  }

  async #writeBatch(): Promise<void> {
    const fresh: Entry[] = [];
    const accepted: Pending[] = [];
    for (let length = 0; length < BATCH_LENGTH; ) {
      const pending = this.#queue.shift();
      if (!pending) break;
      const { entry, reject } = pending;
      length += entry.text.length;
      try {
        if (this.#sessions.judge(entry) === "next") {
          this.#sessions.add(entry);
          fresh.push(entry);
        }
        accepted.push(pending);
      } catch (error) {
        reject(new Error(reasonOf(error)));
      }
    }
    try {
      if (fresh.length > 0) await this.#file.append(fresh);
    } catch (error) {
      for (const entry of fresh.toReversed()) this.#sessions.takeBack(entry);
      for (const { reject } of accepted) reject(new NotStored(reasonOf(error)));
      return;
    }
    if (fresh.length > 0) this.#stored(fresh);
    for (const { resolve } of accepted) resolve();
  }
}
