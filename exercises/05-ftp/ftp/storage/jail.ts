/**
 * A folder of the host that no path leads out of.
 *
 * No symbolic link is followed: each folder on the way to a name is opened with `O_NOFOLLOW`,
 * relative to the one before, and held open while it is used. On Linux a name in it is then reached
 * as `/proc/self/fd/N/name`, so it stays the same folder even if another process replaces its path.
 *
 * On other systems Node cannot open a file relative to a folder. There the real path of the folder
 * is used, and compared with the open folder before each use. A process on the host that swaps
 * folders between these two system calls can still win. Clients cannot create links, so it takes an
 * account on the host.
 */
import { type BigIntStats, constants } from "node:fs";
import {
  access,
  chmod,
  type FileHandle,
  lstat,
  mkdir,
  open,
  opendir,
  realpath,
  stat,
  utimes,
} from "node:fs/promises";
import { dirname } from "node:path";
import process from "node:process";
import { systemCode } from "../../../../lib/cli/diagnostics.ts";
import { splitLast, splitPath } from "./path.ts";
import { StorageError } from "./storage-error.ts";

/**
 * How names are reached from an open folder: `descriptors` where /proc/self/fd exists, else `real
 * paths`.
 */
export type Way = "descriptors" | "real paths";

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR } = constants;
// opens only the name, so that devices and pipes do not notice (Linux; Node does not export it)
const O_PATH = 0o10000000;
/** Names that one system call reads. */
const NAMES_AT_ONCE = 256;

export class Jail {
  readonly #root: Folder;

  /**
   * @param wish the default is the best way that the system has @throws Error if `root` is not a
   * usable folder
   */
  static async open(root: string, wish?: Way): Promise<Jail> {
    if (O_NOFOLLOW === undefined || O_DIRECTORY === undefined)
      throw new Error(
        "this system cannot open a file without following links; the server needs Linux or macOS",
      );
    const way = wish ?? (await bestWay());
    const real = await realpath(root);
    const handle = await open(real, O_RDONLY | O_DIRECTORY);
    const jail = new Jail(new Folder(handle, way, real));
    try {
      await jail.#root.check();
      return jail;
    } catch (error) {
      await jail.close();
      throw error;
    }
  }

  private constructor(root: Folder) {
    this.#root = root;
  }

  /**
   * Opens the folder at `path`; the caller closes it.
   *
   * @throws StorageError `missing`, `not a folder`
   */
  async open(path: string): Promise<Folder> {
    let folder = await this.#root.again();
    for (const name of splitPath(path)) {
      const parent = folder;
      try {
        folder = await parent.enter(name);
      } finally {
        await parent.close();
      }
    }
    return folder;
  }

  /**
   * Returns a jail for the folder at `path`. Creates it, private to the server's user, if it is
   * missing.
   */
  async narrow(path: string): Promise<Jail> {
    const names = splitPath(path);
    for (const [index, name] of names.entries()) {
      await this.in(`/${names.slice(0, index).join("/")}`, (folder) => folder.make(name, 0o700));
    }
    return new Jail(await this.open(path));
  }

  /** Runs `work` with the folder at `path`, and closes it. */
  async in<T>(path: string, work: (folder: Folder) => Promise<T>): Promise<T> {
    const folder = await this.open(path);
    try {
      return await work(folder);
    } finally {
      await folder.close();
    }
  }

  /**
   * Runs `work` with the parent folder of `path` and the name in it.
   *
   * @throws StorageError `denied` for `/`
   */
  async at<T>(path: string, work: (folder: Folder, name: string) => Promise<T>): Promise<T> {
    const last = splitLast(path);
    if (!last) throw new StorageError("denied");
    return this.in(last.folder, (folder) => work(folder, last.name));
  }

  async close(): Promise<void> {
    await this.#root.close();
  }
}

/** An open folder. Its methods take names of a single component, never paths. */
export class Folder {
  readonly #handle: FileHandle;
  readonly #way: Way;
  /** A path to it: through the descriptor, or its real path. */
  readonly #place: string;

  constructor(handle: FileHandle, way: Way, realPath: string) {
    this.#handle = handle;
    this.#way = way;
    this.#place = way === "descriptors" ? `/proc/self/fd/${handle.fd}` : realPath;
  }

  /**
   * Returns a path to the entry `name`, for functions of node:fs that do not follow a link there.
   */
  async path(name: string): Promise<string> {
    if (this.#way === "real paths") await this.check();
    return `${this.#place}/${name}`;
  }

  /** @throws StorageError `missing` if its path now leads elsewhere */
  async check(): Promise<void> {
    const there = await stat(this.#place, { bigint: true });
    const isReal = this.#way === "descriptors" || (await realpath(this.#place)) === this.#place;
    if (!isReal || !same(there, await this.stat())) throw new StorageError("missing");
  }

  async stat(): Promise<BigIntStats> {
    return this.#handle.stat({ bigint: true });
  }

  /** Returns the stats of the entry `name`, without following a link. */
  async look(name: string): Promise<BigIntStats> {
    return lstat(await this.path(name), { bigint: true });
  }

  /** Opens the same folder again. */
  async again(): Promise<Folder> {
    const flags = O_RDONLY | O_DIRECTORY;
    return new Folder(await open(this.#place, flags | this.#pathOnly()), this.#way, this.#place);
  }

  /**
   * Opens the folder `name` in it.
   *
   * @throws StorageError `missing` for a link, `not a folder` for a file
   */
  async enter(name: string): Promise<Folder> {
    const path = await this.path(name);
    let handle: FileHandle;
    try {
      handle = await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | this.#pathOnly());
    } catch (error) {
      // the error is the same for a link and for a file
      const isFile = systemCode(error) === "ENOTDIR" && (await lstat(path)).isFile();
      if (systemCode(error) === "ENOTDIR") throw new StorageError(isFile ? "not a folder" : "missing");
      throw error;
    }
    if (this.#way === "descriptors") return new Folder(handle, this.#way, "");
    try {
      const real = await realpath(path);
      const folder = new Folder(handle, this.#way, real);
      if (dirname(real) !== this.#place) throw new StorageError("missing");
      await folder.check();
      return folder;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /**
   * Holds the file or folder `name`.
   *
   * @throws StorageError `missing` for anything else, such as a link or a device
   */
  async hold(name: string): Promise<Held> {
    const path = await this.path(name);
    // without O_PATH, opening a device could have an effect
    if (this.#way === "real paths") checkServed(await lstat(path, { bigint: true }));
    const flags = this.#pathOnly() === 0 ? O_RDONLY | O_NONBLOCK | O_NOFOLLOW : O_PATH | O_NOFOLLOW;
    const handle = await open(path, flags);
    try {
      const stats = await handle.stat({ bigint: true });
      checkServed(stats);
      if (this.#way === "real paths" && !same(stats, await this.look(name)))
        throw new StorageError("missing");
      return new Held(handle, stats, this.#way, path);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Creates the file `name`, which must not exist, and opens it to read and write. */
  async create(name: string, mode = 0o666): Promise<FileHandle> {
    return open(await this.path(name), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
  }

  /** Creates the folder `name`, unless the name is taken. */
  async make(name: string, mode: number): Promise<void> {
    try {
      await mkdir(await this.path(name), mode);
    } catch (error) {
      if (systemCode(error) !== "EEXIST") throw error;
    }
  }

  /**
   * Yields all names in it, in no order, also of links and devices. A name that is not UTF-8 is
   * garbled, so that no entry has it.
   */
  async *names(): AsyncGenerator<string> {
    await this.check();
    const folder = await opendir(this.#place, { bufferSize: NAMES_AT_ONCE });
    for await (const { name } of folder) yield name;
  }

  /** Waits until its entries are on the disk. */
  async sync(): Promise<void> {
    await this.check();
    const handle = await open(this.#place, O_RDONLY | O_DIRECTORY);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  #pathOnly(): number {
    return this.#way === "descriptors" ? O_PATH : 0;
  }
}

/** A held file or folder. It stays the same if its name is given to another. */
export class Held {
  readonly stats: BigIntStats;
  readonly #handle: FileHandle;
  readonly #way: Way;
  readonly #path: string;

  constructor(handle: FileHandle, stats: BigIntStats, way: Way, path: string) {
    this.#handle = handle;
    this.stats = stats;
    this.#way = way;
    // the kernel resolves this path to the held file only
    this.#path = way === "descriptors" ? `/proc/self/fd/${handle.fd}` : path;
  }

  /**
   * Opens the file.
   *
   * @throws StorageError `busy` if it is reached by its name, and another file has taken that
   */
  async open(flags: number): Promise<FileHandle> {
    const handle = await open(
      this.#path,
      flags | O_NONBLOCK | (this.#way === "descriptors" ? 0 : O_NOFOLLOW),
    );
    try {
      if (!same(await handle.stat({ bigint: true }), this.stats)) throw new StorageError("busy");
      return handle;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** @throws as the system does if the server may not write to it */
  async checkWritable(): Promise<void> {
    await access(this.#path, constants.W_OK);
  }

  async setMode(mode: number): Promise<void> {
    if (this.#way === "descriptors") await chmod(this.#path, mode);
    else await this.#handle.chmod(mode);
  }

  /** Returns the time that the file then has. */
  async setModified(date: Date): Promise<Date> {
    if (this.#way === "descriptors") await utimes(this.#path, date, date);
    else await this.#handle.utimes(date, date);
    return (await this.#handle.stat()).mtime;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/** Reports whether both are the same file or folder. */
export function same(a: BigIntStats, b: BigIntStats): boolean {
  return a.dev === b.dev && a.ino === b.ino;
}

/** @throws StorageError `missing` unless it is a file or a folder */
export function checkServed(stats: BigIntStats): void {
  if (!stats.isFile() && !stats.isDirectory()) throw new StorageError("missing");
}

async function bestWay(): Promise<Way> {
  if (process.platform !== "linux") return "real paths";
  return access("/proc/self/fd").then(
    (): Way => "descriptors",
    (): Way => "real paths",
  );
}
