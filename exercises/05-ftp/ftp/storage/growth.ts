/** An upload that makes a file grow under its own name: a new one, or one that is continued at its end. */
import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, unlink } from "node:fs/promises";
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import { type Held, same } from "./jail.ts";
import { PieceWriter } from "./piece-writer.ts";
import { attempt, StorageError } from "./storage-error.ts";
import { checkPlace, type Place, type Upload } from "./upload.ts";
import { type Claim, identify } from "./usage.ts";

/** The files that are growing, each with the bytes that count for it by now; undefined when it is new, and does not count yet. */
const growing = new Map<string, number | undefined>();

/** Says whether an upload is making this file grow. */
export function isGrowing(stats: BigIntStats): boolean {
  return growing.has(identify(stats));
}

/** Returns the bytes that the usage of a home counts for this file; undefined when it does not count yet. */
export function countedSize(stats: BigIntStats): number | undefined {
  return isGrowing(stats) ? growing.get(identify(stats)) : Number(stats.size);
}

/** Makes a new file. @throws as the system does when its name is taken */
export async function growNew(place: Place): Promise<Upload> {
  place.usage.checkEntries(place.quota);
  return grow(place, await place.folder.create(place.name), undefined);
}

/** Continues the file `old` at its end. @throws StorageError `busy` when another upload does, or it has changed just now */
export async function growOld(place: Place, old: Held): Promise<Upload> {
  return grow(place, await old.open(constants.O_RDWR), Number(old.stats.size));
}

async function grow(place: Place, handle: FileHandle, before: number | undefined): Promise<Upload> {
  try {
    const stats = await handle.stat({ bigint: true });
    if (isGrowing(stats) || Number(stats.size) !== (before ?? 0)) throw new StorageError("busy");
    return new Growth(place, handle, stats, before);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

class Growth implements Upload {
  readonly path: string;
  readonly #place: Place;
  readonly #handle: FileHandle;
  readonly #stats: BigIntStats;
  /** Bytes that it had; undefined when it is new. */
  readonly #before: number | undefined;
  readonly #claim: Claim;
  readonly #writer: PieceWriter;
  #isSettled = false;
  #hasEnded = false;

  constructor(place: Place, handle: FileHandle, stats: BigIntStats, before: number | undefined) {
    this.path = place.path;
    this.#place = place;
    this.#handle = handle;
    this.#stats = stats;
    this.#before = before;
    this.#claim = place.usage.claim(place.quota, 0);
    this.#writer = new PieceWriter(handle, before ?? 0, this.#claim);
    growing.set(identify(stats), before);
  }

  write(bytes: Bytes): Promise<void> | undefined {
    return this.#writer.write(bytes);
  }

  async commit(): Promise<void> {
    try {
      await this.#writer.sync();
      await attempt(async () => {
        await this.#place.usage.inTurn(() => this.#settle());
        await this.#place.folder.sync();
      });
    } catch (error) {
      // what goes wrong after that is of less interest
      await this.abort().catch(() => {});
      throw error;
    }
    await this.abort();
  }

  async abort(): Promise<void> {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const { usage, folder } = this.#place;
    try {
      // the part that is kept is worth as much as what was acknowledged
      await this.#writer.sync().catch(() => {});
      await this.#writer.end();
      if (!this.#isSettled) await attempt(() => usage.inTurn(() => this.#giveUp()));
    } finally {
      growing.delete(identify(this.#stats));
      await this.#handle.close();
      await folder.close();
    }
  }

  /** Counts the file, if it is where it should be. */
  async #settle(): Promise<void> {
    await checkPlace(this.#place);
    if (!(await this.#isInPlace())) throw new StorageError("busy");
    this.#keep();
  }

  /** Keeps what came, so that the client can go on behind it; but not when there was no room for all of it. */
  async #giveUp(): Promise<void> {
    const isInPlace = await this.#isInPlace();
    if (isInPlace && this.#writer.taken > 0 && !this.#writer.isFull) return this.#keep();
    this.#claim.release();
    await this.#handle.truncate(this.#before ?? 0);
    if (isInPlace && this.#before === undefined)
      await unlink(await this.#place.folder.path(this.#place.name));
  }

  #keep(): void {
    this.#claim.settle(this.#before === undefined ? undefined : 0);
    this.#isSettled = true;
    growing.delete(identify(this.#stats));
  }

  async #isInPlace(): Promise<boolean> {
    try {
      return same(await this.#place.folder.look(this.#place.name), this.#stats);
    } catch {
      return false;
    }
  }
}
