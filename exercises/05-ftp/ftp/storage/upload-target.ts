/**
 * The two kinds of file that an upload writes: one that grows in place, and one that replaces
 * another.
 */
import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, rename, unlink } from "node:fs/promises";
import { systemCode } from "../../../../lib/cli/diagnostics.ts";
import { Download } from "./download.ts";
import { countedSize, isGrowing, startGrowing, stopGrowing } from "./growing.ts";
import { type Folder, type Held, type Jail, same } from "./jail.ts";
import { PieceWriter } from "./piece-writer.ts";
import { attempt, StorageError } from "./storage-error.ts";
import { createTemporary, forgetTemporary, removeTemporary } from "./temporary-file.ts";
import type { Claim, Usage } from "./usage.ts";

/** The file that an upload is to write. */
export interface Place {
  jail: Jail;
  usage: Usage;
  quota: number | undefined;
  path: string;
  /** The folder of the file, held open until the upload ends. */
  folder: Folder;
  name: string;
}

export interface Target {
  readonly writer: PieceWriter;
  /** Puts the synced file in place and counts it. Runs in the home's turn. @throws StorageError */
  settle(): Promise<void>;
  /** Closes the file, and undoes it unless `isSettled`. */
  close(isSettled: boolean): Promise<void>;
}

/** @throws StorageError `busy` if the folder was moved, by a client or on the host */
export async function checkPlace({ jail, path, folder }: Place): Promise<void> {
  await jail.at(path, async (now) => {
    if (!same(await now.stat(), await folder.stat()))
      throw new StorageError("busy", "the directory has been moved");
  });
}

/** Returns the stats of the entry `name` of `folder`; undefined if it does not exist. */
export async function lookFor(folder: Folder, name: string): Promise<BigIntStats | undefined> {
  try {
    return await folder.look(name);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** A file that grows under its own name: a new one, or one that is continued at its end. */
export class GrowingFile implements Target {
  readonly writer: PieceWriter;
  readonly #place: Place;
  readonly #handle: FileHandle;
  readonly #stats: BigIntStats;
  /** The bytes it had; undefined if it is new. */
  readonly #before: number | undefined;
  readonly #claim: Claim;

  /** Creates a file. @throws as the system does if the name is taken */
  static async create(place: Place): Promise<GrowingFile> {
    return place.usage.inTurn(async () => {
      place.usage.checkEntries(place.quota);
      return GrowingFile.#open(place, await place.folder.create(place.name), undefined);
    });
  }

  /**
   * Continues the file `old` at its end.
   *
   * @throws StorageError `busy` if another upload does, or it has changed
   */
  static async continue(place: Place, old: Held): Promise<GrowingFile> {
    return place.usage.inTurn(async () =>
      GrowingFile.#open(place, await old.open(constants.O_RDWR), Number(old.stats.size)),
    );
  }

  static async #open(place: Place, handle: FileHandle, before: number | undefined): Promise<GrowingFile> {
    try {
      const stats = await handle.stat({ bigint: true });
      if (isGrowing(stats) || Number(stats.size) !== (before ?? 0)) throw new StorageError("busy");
      return new GrowingFile(place, handle, stats, before);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  private constructor(place: Place, handle: FileHandle, stats: BigIntStats, before: number | undefined) {
    this.#place = place;
    this.#handle = handle;
    this.#stats = stats;
    this.#before = before;
    this.#claim = place.usage.claim(place.quota, 0);
    this.writer = new PieceWriter(handle, before ?? 0, this.#claim);
    startGrowing(stats, before);
  }

  async settle(): Promise<void> {
    if (!(await this.#isInPlace())) throw new StorageError("busy");
    this.#count();
  }

  async close(isSettled: boolean): Promise<void> {
    try {
      // the client may resume behind a part that is kept, so it must be on the disk
      await this.writer.sync().catch(() => {});
      await this.writer.end();
      if (!isSettled) await attempt(() => this.#place.usage.inTurn(() => this.#giveUp()));
    } catch (error) {
      // what is left of the file is unknown
      this.#place.usage.doubt();
      throw error;
    } finally {
      stopGrowing(this.#stats);
      await this.#handle.close();
    }
  }

  /** Keeps what came, so that the client can resume, unless there was no room for all of it. */
  async #giveUp(): Promise<void> {
    const isInPlace = await this.#isInPlace();
    if (isInPlace && this.writer.taken > 0 && !this.writer.isFull) return this.#count();
    this.#claim.release();
    await this.#handle.truncate(this.#before ?? 0);
    if (isInPlace && this.#before === undefined)
      await unlink(await this.#place.folder.path(this.#place.name));
  }

  #count(): void {
    this.#claim.settle(this.#before === undefined ? undefined : 0);
    stopGrowing(this.#stats);
  }

  async #isInPlace(): Promise<boolean> {
    try {
      return same(await this.#place.folder.look(this.#place.name), this.#stats);
    } catch {
      return false;
    }
  }
}

/** A temporary file that replaces another in one step. */
export class Replacement implements Target {
  readonly writer: PieceWriter;
  readonly #place: Place;
  readonly #old: BigIntStats;
  readonly #offset: number;
  readonly #temporary: string;
  readonly #handle: FileHandle;
  readonly #claim: Claim;
  /** The file that had the name. */
  #replaced: Held | undefined;

  /** Starts a file that replaces `old` and keeps its first `offset` bytes. @throws StorageError */
  static async begin(place: Place, old: Held, offset: number): Promise<Replacement> {
    if (offset > 0 && isGrowing(old.stats)) throw new StorageError("busy");
    await old.checkWritable();
    const { name, handle } = await createTemporary(place.folder);
    const target = new Replacement(place, old.stats, offset, name, handle);
    try {
      // not subject to the umask; at most the permissions of the old file, and never set-user-id
      await handle.chmod(Number(old.stats.mode) & 0o777);
      if (offset > 0) {
        const source = new Download(await old.open(constants.O_RDONLY), offset, 0);
        for await (const piece of source.chunks()) await target.writer.write(piece);
      }
      return target;
    } catch (error) {
      await target.close(false);
      throw error;
    }
  }

  private constructor(place: Place, old: BigIntStats, offset: number, temporary: string, handle: FileHandle) {
    this.#place = place;
    this.#old = old;
    this.#offset = offset;
    this.#temporary = temporary;
    this.#handle = handle;
    this.#claim = place.usage.claim(place.quota, countedSize(old) ?? 0);
    this.writer = new PieceWriter(handle, 0, this.#claim);
  }

  async settle(): Promise<void> {
    const { folder, name } = this.#place;
    const now = await lookFor(folder, name);
    // the bytes that were copied must still be the file's
    if (this.#offset > 0 && !(now && isUnchanged(now, this.#old))) throw new StorageError("busy");
    if (now && !now.isFile()) throw new StorageError(now.isDirectory() ? "a folder" : "denied");
    const replaced = now && countedSize(now);
    this.#claim.check(replaced);
    if (now) this.#replaced = await folder.hold(name);
    await rename(await folder.path(this.#temporary), await folder.path(name));
    forgetTemporary(this.#temporary);
    this.#claim.settle(replaced);
  }

  async close(isSettled: boolean): Promise<void> {
    await this.writer.end();
    await this.#handle.close();
    // not awaited: the system now frees the old file, which takes a second for a gigabyte
    this.#replaced?.close().catch(() => {});
    if (isSettled) return;
    this.#claim.release();
    await removeTemporary(this.#place.folder, this.#temporary);
  }
}

function isUnchanged(now: BigIntStats, before: BigIntStats): boolean {
  return same(now, before) && now.size === before.size && now.mtimeNs === before.mtimeNs && !isGrowing(now);
}
