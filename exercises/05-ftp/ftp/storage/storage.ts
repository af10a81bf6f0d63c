/**
 * A user's files. Every path is one of path.ts: absolute, with `/` for the user's home. What lies outside of the home does
 * not exist here (jail.ts), and neither do links, devices, pipes and sockets within it: they are not listed, and can be
 * neither read, written, renamed nor removed.
 *
 * What is refused throws a `StorageError`.
 */
import { type BigIntStats, constants } from "node:fs";
import { mkdir, rename, rmdir, unlink } from "node:fs/promises";
import { toHex } from "../../../../lib/bytes/bytes.ts";
import { encodeFields } from "../../../../lib/bytes/fields.ts";
import { systemCode } from "../../../../lib/cli/diagnostics.ts";
import { randomBytes, sha256 } from "../../../../lib/crypto/webcrypto.ts";
import { Download } from "./download.ts";
import { entriesOf } from "./entries.ts";
import { growNew, growOld, isGrowing } from "./growth.ts";
import { checkServed, type Folder, type Held, Jail, same, type Way } from "./jail.ts";
import { isServed, splitLast } from "./path.ts";
import { replace } from "./replacement.ts";
import { asStorageError, attempt, StorageError } from "./storage-error.ts";
import { lookFor, type Place, type Upload } from "./upload.ts";
import { Usage } from "./usage.ts";

export interface StorageOptions {
  /** The user's home, a path within the root; made when it is not there. */
  home?: string | undefined;
  /** Bytes that the files of the home may have together. */
  quota?: number | undefined;
  readOnly?: boolean | undefined;
  /** How names are reached; by default the best way that the system has. */
  way?: Way | undefined;
}

export interface Entry {
  name: string;
  kind: "file" | "folder";
  /** Bytes; 0 for a folder. */
  size: number;
  modified: Date;
  /** Who may do what, as `chmod` takes it. */
  mode: number;
  /** The same for the same file while this process runs (RFC 3659 §7.5.2), and of no use to know the host by. */
  unique: string;
}

export interface WriteOptions {
  /**
   * replace: the file is made anew; append: what comes is put behind what is there; new name: if the name is taken, a
   * similar one is used, which the upload tells. A file that is not there is made.
   */
  mode: "replace" | "append" | "new name";
  /** How many bytes of the file that is there are kept (REST); not with a new name. */
  offset?: number | undefined;
}

const MODE_BITS = 0o777;
const UNIQUE_LABEL = "sml/05/v1/unique";
const UNIQUE_LENGTH = 12;
const NEW_NAME_TRIES = 10;

const secret = randomBytes(32);

export class Storage {
  readonly readOnly: boolean;
  readonly quota: number | undefined;
  readonly #jail: Jail;
  readonly #usage: Usage;

  /** Opens the user's home in the folder `root` of the host, for one session; to be closed. @throws Error when it cannot be used */
  static async open(root: string, options: StorageOptions = {}): Promise<Storage> {
    const { home = "/", quota, readOnly = false, way } = options;
    const outer = await Jail.open(root, way);
    try {
      const jail = await attempt(() => outer.narrow(home));
      const usage = Usage.share(await jail.in("/", (folder) => folder.stat()));
      const storage = new Storage(jail, usage, quota, readOnly);
      try {
        if (quota !== undefined) await usage.count(jail);
        return storage;
      } catch (error) {
        await storage.close();
        throw error;
      }
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

  /** Bytes that are still free; undefined without a quota. */
  get room(): number | undefined {
    return this.quota === undefined ? undefined : Math.max(0, this.quota - this.#usage.bytes);
  }

  /** Ends the session; its uploads and downloads have ended before. */
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

  /** Yields what is in the folder at `path`, in no order. */
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

  /** Opens the file at `path`; its bytes come from `offset` on. To be closed. */
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

  /** Begins to write the file at `path`. */
  async write(path: string, { mode, offset }: WriteOptions): Promise<Upload> {
    this.#checkWritable();
    const last = splitLast(path);
    if (!last) throw new StorageError("a folder");
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
        if (mode === "new name") return await writeNewName(place);
        return await writeName(place, mode, offset);
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
        // perhaps no more than what a killed process has left: that goes when it is seen
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
    await this.#change(path, async (folder, name) => {
      this.#usage.checkEntries(this.quota);
      await mkdir(await folder.path(name));
      this.#usage.added(0);
    });
  }

  /** Gives the entry at `from` the path `to`. A file there is replaced, as by an upload; a folder is not. */
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

  /** Sets who may do what with the entry at `path`: the lowest nine bits of `mode`, never those that lend somebody's rights. */
  async setMode(path: string, mode: number): Promise<void> {
    await this.#hold(path, (held) => held.setMode(mode & MODE_BITS));
  }

  async setModified(path: string, date: Date): Promise<void> {
    await this.#hold(path, (held) => held.setModified(date));
  }

  #checkWritable(): void {
    if (this.readOnly) throw new StorageError("denied");
  }

  async #at<T>(path: string, work: (folder: Folder, name: string) => Promise<T>): Promise<T> {
    return attempt(() => this.#jail.at(path, work));
  }

  /** Runs what changes the entry at `path`, one at a time in a home, so that the count stays right. */
  async #change(path: string, work: (folder: Folder, name: string) => Promise<void>): Promise<void> {
    this.#checkWritable();
    await this.#at(path, (folder, name) => this.#usage.inTurn(() => work(folder, name)));
  }

  async #hold(path: string, work: (held: Held) => Promise<void>): Promise<void> {
    this.#checkWritable();
    await this.#at(path, async (folder, name) => {
      const held = await folder.hold(name);
      try {
        // a file with a second name may have it outside, and what is changed here would be changed there
        if (held.stats.isFile() && held.stats.nlink > 1n) throw new StorageError("denied");
        await work(held);
      } finally {
        await held.close();
      }
    });
  }
}

/** Begins to write a file of this very name. */
async function writeName(
  place: Place,
  mode: "replace" | "append",
  offset: number | undefined,
): Promise<Upload> {
  const { folder, name } = place;
  if (!(await lookFor(folder, name))) {
    if ((offset ?? 0) > 0) throw new StorageError("offset");
    try {
      return await growNew(place);
    } catch (error) {
      // somebody was quicker
      if (systemCode(error) !== "EEXIST") throw error;
    }
  }
  const old = await folder.hold(name).catch(hideWhatIsThere);
  try {
    const size = Number(old.stats.size);
    const kept = offset ?? (mode === "append" ? size : 0);
    if (old.stats.isDirectory()) throw new StorageError("a folder");
    if (kept > size) throw new StorageError("offset");
    // a file with a second name may have it outside, and must not grow there
    const canGrow = kept === size && size > 0 && old.stats.nlink === 1n;
    return canGrow ? await growOld(place, old) : await replace(place, old, kept);
  } finally {
    await old.close();
  }
}

/** Begins to write a file of this name, or of a similar one that is free. */
async function writeNewName(place: Place): Promise<Upload> {
  for (let tries = 1; ; tries += 1) {
    const name = tries === 1 ? place.name : `${place.name}.${toHex(randomBytes(4))}`;
    if (!isServed(name)) throw new StorageError("name");
    try {
      const path = place.path.slice(0, place.path.length - place.name.length) + name;
      return await growNew({ ...place, name, path });
    } catch (error) {
      if (systemCode(error) !== "EEXIST" || tries === NEW_NAME_TRIES) throw error;
    }
  }
}

/** A link or a device is in the way: nobody learns where it leads, and it is not replaced. */
function hideWhatIsThere(error: unknown): never {
  throw error instanceof StorageError && error.code === "missing" ? new StorageError("denied") : error;
}

/** @throws StorageError unless an entry with these `stats` may take the place of what is `there` */
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
    modified: stats.mtime,
    mode: Number(stats.mode) & MODE_BITS,
    unique: toHex(digest.subarray(0, UNIQUE_LENGTH)),
  };
}
