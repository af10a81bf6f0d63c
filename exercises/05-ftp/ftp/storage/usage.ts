/**
 * The bytes and entries in a home. They are counted when the first session with a quota opens it,
 * and tracked from then on. All sessions of this process share the numbers, which include uploads
 * in progress.
 *
 * Changes made on the host, or through a home that contains this one, appear at the next count.
 */
import type { BigIntStats } from "node:fs";
import { entriesOf } from "./entries.ts";
import type { Jail } from "./jail.ts";
import { attempt, StorageError } from "./storage-error.ts";

/**
 * Files and folders that any home with a quota may contain; a large quota allows one for each
 * `BYTES_FOR_ENTRY`.
 */
export const ENTRIES_ALWAYS = 100_000;
const BYTES_FOR_ENTRY = 4096;

const homes = new Map<string, Usage>();

export class Usage {
  /** Bytes of all files. */
  bytes = 0;
  /** Files and folders. */
  entries = 0;
  #claimed = 0;
  #claims = 0;
  #counted: Promise<void> | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #sessions = 0;
  readonly #home: string;

  /** Returns the usage of the home with these `stats`, and adds a session to it. */
  static share(stats: BigIntStats): Usage {
    const home = identify(stats);
    const usage = homes.get(home) ?? new Usage(home);
    homes.set(home, usage);
    usage.#sessions += 1;
    return usage;
  }

  private constructor(home: string) {
    this.#home = home;
  }

  /** Removes a session. */
  leave(): void {
    this.#sessions -= 1;
    if (this.#sessions === 0) homes.delete(this.#home);
  }

  /** Counts the home, once. Removes the temporary files of dead processes there. */
  async count(jail: Jail): Promise<void> {
    this.#counted ??= this.#count(jail);
    await this.#counted;
  }

  async #count(jail: Jail): Promise<void> {
    const folders: string[] = ["/"];
    for (let path = folders.pop(); path !== undefined; path = folders.pop()) {
      const parent = path === "/" ? "" : path;
      await attempt(() =>
        jail.in(path, async (folder) => {
          for await (const { name, stats } of entriesOf(folder)) {
            this.entries += 1;
            if (stats.isDirectory()) folders.push(`${parent}/${name}`);
            else this.bytes += Number(stats.size);
          }
        }),
      ).catch(ignoreUnreadable);
    }
  }

  /** Runs `work` after all earlier calls: a check of a name, and the change that depends on it. */
  async inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => {});
    return mine;
  }

  /** Counts a new entry. */
  added(bytes: number): void {
    this.bytes += bytes;
    this.entries += 1;
  }

  /** Counts a removed entry. */
  removed(bytes: number): void {
    this.bytes -= bytes;
    this.entries -= 1;
  }

  /** @throws StorageError `full` if a home with this `quota` may not contain another entry */
  checkEntries(quota: number | undefined): void {
    if (quota === undefined) return;
    const limit = Math.max(ENTRIES_ALWAYS, Math.floor(quota / BYTES_FOR_ENTRY));
    if (this.entries + this.#claims >= limit) throw new StorageError("full");
  }

  /**
   * Starts to reserve space for a file.
   *
   * @param credit bytes of the file that it replaces
   */
  claim(quota: number | undefined, credit: number): Claim {
    let size = 0;
    const part = () => Math.max(0, size - credit);
    this.#claims += 1;
    const release = () => {
      this.#claims -= 1;
      this.#claimed -= part();
      size = 0;
    };
    return {
      grow: (bytes) => {
        const before = part();
        size += bytes;
        this.#claimed += part() - before;
        if (quota !== undefined && this.bytes + this.#claimed > quota) throw new StorageError("full");
      },
      check: (replaced = 0) => {
        const more = size - replaced;
        if (quota !== undefined && more > 0 && this.bytes + more > quota) throw new StorageError("full");
      },
      settle: (replaced) => {
        this.bytes += size - (replaced ?? 0);
        if (replaced === undefined) this.entries += 1;
        release();
      },
      release,
    };
  }
}

/** The space that a running upload occupies. Settle or release it once. */
export interface Claim {
  /** Adds `bytes`. @throws StorageError `full` if they exceed the quota */
  grow(bytes: number): void;
  /**
   * @throws StorageError `full` if it exceeds the quota after replacing a file of `replaced` bytes,
   * if any
   */
  check(replaced: number | undefined): void;
  /** Counts the file, which has replaced one of `replaced` bytes, or none. */
  settle(replaced: number | undefined): void;
  release(): void;
}

/** Returns an identifier of the file that is unique on the host. */
export function identify({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}

/**
 * A folder that is gone, or that the server may not read, contains nothing that this user could
 * have put there.
 */
function ignoreUnreadable(error: unknown): void {
  if (!(error instanceof StorageError) || error.code === "busy" || error.code === "failed") throw error;
}
