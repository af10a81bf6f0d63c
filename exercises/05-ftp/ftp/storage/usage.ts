/**
 * How much a home holds. It is counted once, when the first session that has a quota opens it, and kept from then on; all
 * sessions of this process share it, and what is being uploaded counts as it comes.
 *
 * Changes that others make on the host, or through a home that this one lies in, are seen at the next count.
 */
import type { BigIntStats } from "node:fs";
import { entriesOf } from "./entries.ts";
import type { Jail } from "./jail.ts";
import { attempt, StorageError } from "./storage-error.ts";

/** Files and folders that a home with a quota may always hold; above that, one for each `BYTES_FOR_ENTRY` of its quota. */
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

  /** Returns what is known of the home with these `stats`, for one session more. */
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

  /** One session less. */
  leave(): void {
    this.#sessions -= 1;
    if (this.#sessions === 0) homes.delete(this.#home);
  }

  /** Counts the home, unless that is done; also removes what killed processes have left there. */
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

  /** Runs `work` after all that was asked for before: what looks at a name and then changes it. */
  async inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => {});
    return mine;
  }

  /** Notes that an entry has come. */
  added(bytes: number): void {
    this.bytes += bytes;
    this.entries += 1;
  }

  /** Notes that an entry has gone. */
  removed(bytes: number): void {
    this.bytes -= bytes;
    this.entries -= 1;
  }

  /** @throws StorageError `full` when one more entry is more than a home with this `quota` may hold */
  checkEntries(quota: number | undefined): void {
    if (quota === undefined) return;
    const limit = Math.max(ENTRIES_ALWAYS, Math.floor(quota / BYTES_FOR_ENTRY));
    if (this.entries + this.#claims >= limit) throw new StorageError("full");
  }

  /**
   * Begins to claim room for a file.
   *
   * @param credit bytes of the file that it takes the place of
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

/** Room that an upload takes while it goes on. To be settled or released, once. */
export interface Claim {
  /** Takes `bytes` more. @throws StorageError `full` when that is over the quota */
  grow(bytes: number): void;
  /** @throws StorageError `full` when it is over the quota in the place of a file with `replaced` bytes, if any */
  check(replaced: number | undefined): void;
  /** Notes that it is in the place of a file with `replaced` bytes; undefined when it is one more. */
  settle(replaced: number | undefined): void;
  release(): void;
}

/** Returns what no two files of the host share. */
export function identify({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}

/** A folder that has gone meanwhile, or that we may not read, holds nothing that this user could have put there. */
function ignoreUnreadable(error: unknown): void {
  if (!(error instanceof StorageError) || error.code === "busy" || error.code === "failed") throw error;
}
