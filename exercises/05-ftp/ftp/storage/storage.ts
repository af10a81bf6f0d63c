/**
 * A user's files. Every path is one of path.ts: absolute, with `/` for the user's home. Nothing
 * outside the home exists here (jail.ts), and neither do links, devices, pipes and sockets in it:
 * they are not listed, and cannot be read, written, renamed or removed.
 *
 * Refusals throw a `StorageError`.
 */
import { type BigIntStats, constants } from "node:fs";
import { mkdir, rename, rmdir, unlink } from "node:fs/promises";
import { toHex } from "../../../../lib/bytes/bytes.ts";
import { encodeFields } from "../../../../lib/bytes/fields.ts";
import { systemCode } from "../../../../lib/cli/diagnostics.ts";
import { randomBytes, sha256 } from "../../../../lib/crypto/webcrypto.ts";
import { asStatable, type Entry } from "../protocol/listing.ts";
import { Download } from "./download.ts";
import { entriesOf } from "./entries.ts";
import { isGrowing } from "./growing.ts";
import { checkServed, type Folder, type Held, Jail, same, type Way } from "./jail.ts";
import { splitLast } from "./path.ts";
import { asStorageError, attempt, StorageError } from "./storage-error.ts";
import { Upload, type WriteOptions } from "./upload.ts";
import { lookFor } from "./upload-target.ts";
import { Usage } from "./usage.ts";

export interface StorageOptions {
  /** The user's home, a path below the root; created if missing. */
  home?: string | undefined;
  /** Bytes for all files in the home. */
  quota?: number | undefined;
  readOnly?: boolean | undefined;
  /** How names are resolved (default: the best way that the system has). */
  way?: Way | undefined;
}

const MODE_BITS = 0o777;
const OWNER_BITS = 0o700;
const UNIQUE_LABEL = "sml/05/v1/unique";
const UNIQUE_LENGTH = 12;

const secret = randomBytes(32);

export class Storage {
  readonly readOnly: boolean;
  readonly quota: number | undefined;
  readonly #jail: Jail;
  readonly #usage: Usage;

  /**
   * Opens the user's home below the folder `root` of the host, for one session.
   *
   * @throws Error if it cannot be used
   */
  static async open(root: string, options: StorageOptions = {}): Promise<Storage> {
    const { home = "/", quota, readOnly = false, way } = options;
    const outer = await Jail.open(root, way);
    try {
      const jail = await attempt(() => outer.narrow(home));
      const usage = Usage.share(await jail.in("/", (folder) => folder.stat()));
      const storage = new Storage(jail, usage, quota, readOnly);
      // a failure is reported by the next write, which counts again
      await storage.#count().catch(() => {});
      return storage;
    } finally {
      await outer.close();
    }
  }

  private constructor(jail: Jail, usage: Usage, quota: number | undefined, readOnly: boolean) {
    this.#jail = jail;
    this.#usage = usage;
    this.quota = quota;
    this.readOnly = readOnly;
  }

  /** The bytes that are free; undefined without a quota. */
  get room(): number | undefined {
    if (this.quota === undefined) return undefined;
    return this.#usage.isCounted ? Math.max(0, this.quota - this.#usage.bytes) : 0;
  }

  /** Ends the session. Its uploads and downloads must have ended. */
  async close(): Promise<void> {
    this.#usage.leave();
    await this.#jail.close();
  }

  async stat(path: string): Promise<Entry> {
    return attempt(async () => {
      const last = splitLast(path);
      if (!last) return toEntry("/", await this.#jail.in("/", (folder) => folder.stat()));
      const stats = await this.#jail.in(last.folder, (folder) => folder.look(last.name));
      checkServed(stats);
      return toEntry(last.name, stats);
    });
  }

  /** Yields the entries of the folder at `path`, in no order. */
  async *list(path: string): AsyncGenerator<Entry> {
    try {
      const folder = await this.#jail.open(path);
      try {
        for await (const { name, stats } of entriesOf(folder)) yield await toEntry(name, stats);
      } finally {
        await folder.close();
      }
    } catch (error) {
      throw asStorageError(error);
    }
  }

  /** Opens the file at `path`, to read from `offset`. The caller closes it. */
  async read(path: string, offset = 0): Promise<Download> {
    if (path === "/") throw new StorageError("a folder");
    return this.#at(path, async (folder, name) => {
      const held = await folder.hold(name);
      try {
        const size = Number(held.stats.size);
        if (held.stats.isDirectory()) throw new StorageError("a folder");
        if (offset > size) throw new StorageError("offset");
        return new Download(await held.open(constants.O_RDONLY), size, offset);
      } finally {
        await held.close();
      }
    });
  }

  /** Starts to write the file at `path`. */
  async write(path: string, options: WriteOptions): Promise<Upload> {
    this.#checkWritable();
    const last = splitLast(path);
    if (!last) throw new StorageError("a folder");
    await this.#count();
    return attempt(async () => {
      const folder = await this.#jail.open(last.folder);
      const place = {
        jail: this.#jail,
        usage: this.#usage,
        quota: this.quota,
        path,
        folder,
        name: last.name,
      };
      try {
        return await Upload.begin(place, options);
      } catch (error) {
        await folder.close();
        throw error;
      }
    });
  }

  async remove(path: string): Promise<void> {
    await this.#change(path, async (folder, name) => {
      const stats = await folder.look(name);
      checkServed(stats);
      if (stats.isDirectory()) throw new StorageError("a folder");
      if (isGrowing(stats)) throw new StorageError("busy");
      await unlink(await folder.path(name));
      this.#usage.removed(Number(stats.size));
    });
  }

  async removeFolder(path: string): Promise<void> {
    await this.#change(path, async (folder, name) => {
      const stats = await folder.look(name);
      checkServed(stats);
      if (!stats.isDirectory()) throw new StorageError("not a folder");
      try {
        await rmdir(await folder.path(name));
      } catch (error) {
        if (systemCode(error) !== "ENOTEMPTY") throw error;
        // perhaps it contains only a dead process's temporary files, which a listing removes
        const inner = await folder.enter(name);
        try {
          for await (const _ of entriesOf(inner)) throw error;
        } finally {
          await inner.close();
        }
        await rmdir(await folder.path(name));
      }
      this.#usage.removed(0);
    });
  }

  async makeFolder(path: string): Promise<void> {
    if (path === "/") throw new StorageError("exists");
    this.#checkWritable();
    await this.#count();
    await this.#change(path, async (folder, name) => {
      this.#usage.checkEntries(this.quota);
      await mkdir(await folder.path(name));
      this.#usage.added(0);
    });
  }

  /** Moves `from` to `to`. Replaces a file there, as an upload does, but not a folder. */
  async rename(from: string, to: string): Promise<void> {
    await this.#change(from, async (folder, name) => {
      const stats = await folder.look(name);
      checkServed(stats);
      if (stats.isFile() && isGrowing(stats)) throw new StorageError("busy");
      await this.#jail.at(to, async (target, newName) => {
        const there = await lookFor(target, newName);
        const replaced = there && !same(there, stats) ? there : undefined;
        if (replaced) checkReplaceable(replaced, stats);
        await rename(await folder.path(name), await target.path(newName));
        if (replaced) this.#usage.removed(Number(replaced.size));
        await target.sync();
      });
    });
  }

  /**
   * Sets the lowest nine bits of the mode, and never set-user-id, set-group-id or sticky bits.
   * Returns the new mode: a folder keeps its owner's permissions, without which the server could
   * neither count it nor remove temporary files.
   */
  async setMode(path: string, mode: number): Promise<number> {
    return this.#hold(path, async (held) => {
      const set = (mode & MODE_BITS) | (held.stats.isDirectory() ? OWNER_BITS : 0);
      await held.setMode(set);
      return set;
    });
  }

  /** Returns the time that was set: the file system may round it, or not reach it. */
  async setModified(path: string, date: Date): Promise<Date | undefined> {
    return this.#hold(path, async (held) => asStatable(await held.setModified(date)));
  }

  /** Counts the home if there is a quota. @throws StorageError if that fails */
  async #count(): Promise<void> {
    if (this.quota !== undefined) await this.#usage.count(this.#jail);
  }

  #checkWritable(): void {
    if (this.readOnly) throw new StorageError("denied");
  }

  async #at<T>(path: string, work: (folder: Folder, name: string) => Promise<T>): Promise<T> {
    return attempt(() => this.#jail.at(path, work));
  }

  /**
   * Runs a change of the entry at `path`; one at a time in each home, so that the usage stays
   * correct.
   */
  async #change(path: string, work: (folder: Folder, name: string) => Promise<void>): Promise<void> {
    this.#checkWritable();
    await this.#at(path, (folder, name) => this.#usage.inTurn(() => work(folder, name)));
  }

  async #hold<T>(path: string, work: (held: Held) => Promise<T>): Promise<T> {
    this.#checkWritable();
    return this.#at(path, async (folder, name) => {
      const held = await folder.hold(name);
      try {
        // another hard link may be outside the home, and would change too
        if (held.stats.isFile() && held.stats.nlink > 1n) throw new StorageError("denied");
        return await work(held);
      } finally {
        await held.close();
      }
    });
  }
}

/** @throws StorageError unless an entry with these `stats` may replace the one that is `there` */
function checkReplaceable(there: BigIntStats, stats: BigIntStats): void {
  if (there.isDirectory()) throw new StorageError("exists");
  if (!there.isFile()) throw new StorageError("denied");
  if (!stats.isFile()) throw new StorageError("exists");
  if (isGrowing(there)) throw new StorageError("busy");
}

async function toEntry(name: string, stats: BigIntStats): Promise<Entry> {
  const digest = await sha256(encodeFields([UNIQUE_LABEL, secret, String(stats.dev), String(stats.ino)]));
  return {
    name,
    kind: stats.isDirectory() ? "folder" : "file",
    size: stats.isDirectory() ? 0 : Number(stats.size),
    modified: asStatable(stats.mtime),
    mode: Number(stats.mode) & MODE_BITS,
    unique: toHex(digest.subarray(0, UNIQUE_LENGTH)),
  };
}
