/**
 * The bytes and entries in a home. They are counted when the first session with a quota opens it,
 * and tracked from then on. All sessions of this process share the numbers, with a quota or
 * without. Uploads in progress are claims, which are not part of a count.
 *
 * What cannot be counted is never counted as nothing: a home with a quota accepts no write until a
 * count has succeeded.
 *
 * Changes made on the host, or through a home that contains this one, appear at the next count.
 */
import type { BigIntStats } from "node:fs";
import { printable } from "../../../../lib/bytes/printable.ts";
import { entriesOf } from "./entries.ts";
import { countedSize, identify } from "./growing.ts";
import type { Folder, Jail } from "./jail.ts";
import { attempt, StorageError } from "./storage-error.ts";

/**
 * Files and folders that any home with a quota may contain; a large quota allows one for each
 * `BYTES_FOR_ENTRY`.
 */
export const ENTRIES_ALWAYS = 100_000;
const BYTES_FOR_ENTRY = 4096;
/** Seconds after which a count that has failed is tried again. */
export const RECOUNT_SECONDS = 1;

const homes = new Map<string, Usage>();

export class Usage {
  /** Bytes of all files, once they are counted. */
  bytes = 0;
  /** Files and folders, once they are counted. */
  entries = 0;
  /** Whether `bytes` and `entries` are those of the home. */
  isCounted = false;
  /** Why the last count failed, for a while. */
  #failure: unknown;
  #claimed = 0;
  #claims = 0;
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

  /**
   * Counts the home unless it is counted. Removes the temporary files of dead processes there.
   *
   * @throws StorageError that names the folder; the next call tries again, unless it comes within
   *   `RECOUNT_SECONDS`
   */
  async count(jail: Jail): Promise<void> {
    if (this.isCounted) return;
    // in turn: nothing changes meanwhile, and concurrent callers count once
    await this.inTurn(async () => {
      if (this.isCounted) return;
      if (this.#failure !== undefined) throw this.#failure;
      try {
        const { bytes, entries } = await countHome(jail);
        this.bytes = bytes;
        this.entries = entries;
        this.isCounted = true;
      } catch (error) {
        this.#failure = error;
        setTimeout(() => (this.#failure = undefined), RECOUNT_SECONDS * 1000).unref();
        throw error;
      }
    });
  }

  /** Runs `work` after all earlier calls: a check of a name, and the change that depends on it. */
  async inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => {});
    return mine;
  }

  /** Records a new entry. */
  added(bytes: number): void {
    this.#change(bytes, 1);
  }

  /** Records a removed entry. */
  removed(bytes: number): void {
    this.#change(-bytes, -1);
  }

  /** Makes the next write count the home again. */
  doubt(): void {
    this.isCounted = false;
  }

  #change(bytes: number, entries: number): void {
    if (!this.isCounted) return;
    this.bytes += bytes;
    this.entries += entries;
    // an entry was removed that the host has added
    if (this.bytes < 0 || this.entries < 0) this.doubt();
  }

  /** @throws StorageError `full` if `more` bytes exceed the `quota`, `busy` if it is unknown */
  #checkRoom(quota: number | undefined, more: number): void {
    if (quota === undefined) return;
    if (!this.isCounted) throw new StorageError("busy");
    if (this.bytes + more > quota) throw new StorageError("full");
  }

  /** @throws StorageError `full` if a home with this `quota` may not contain another entry */
  checkEntries(quota: number | undefined): void {
    if (quota === undefined) return;
    if (!this.isCounted) throw new StorageError("busy");
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
        this.#checkRoom(quota, this.#claimed);
      },
      check: (replaced = 0) => {
        const more = size - replaced;
        if (more > 0) this.#checkRoom(quota, more);
      },
      settle: (replaced) => {
        this.#change(size - (replaced ?? 0), replaced === undefined ? 1 : 0);
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

/** Adds up all files and folders, except what running uploads add. @throws StorageError */
async function countHome(jail: Jail): Promise<{ bytes: number; entries: number }> {
  const total = { bytes: 0, entries: 0 };
  const folders: string[] = ["/"];
  for (let path = folders.pop(); path !== undefined; path = folders.pop()) {
    const parent = path === "/" ? "" : path;
    const count = async (folder: Folder) => {
      for await (const { name, stats } of entriesOf(folder)) {
        const size = stats.isDirectory() ? 0 : countedSize(stats);
        if (size === undefined) continue;
        total.bytes += size;
        total.entries += 1;
        if (stats.isDirectory()) folders.push(`${parent}/${name}`);
      }
    };
    await attempt(() => jail.in(path, count)).catch((error) => refuseUncounted(path, error));
  }
  return total;
}

/** Accepts that the folder at `path` was removed, and nothing else. */
function refuseUncounted(path: string, error: unknown): void {
  if (!(error instanceof StorageError)) throw error;
  if (error.code === "missing" || error.code === "not a folder") return;
  const message = `cannot count the files in ${printable(path)}: ${error.message}`;
  throw new StorageError(error.code === "busy" ? "busy" : "failed", message, { cause: error });
}
