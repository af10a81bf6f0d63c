/** An upload that takes the place of a file in one step, once it is whole and on the disk. */
import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, rename } from "node:fs/promises";
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import { Download } from "./download.ts";
import { countedSize, isGrowing } from "./growth.ts";
import { type Held, same } from "./jail.ts";
import { PieceWriter } from "./piece-writer.ts";
import { attempt, StorageError } from "./storage-error.ts";
import { createTemporary, forgetTemporary, removeTemporary } from "./temporary-file.ts";
import { checkPlace, lookFor, type Place, type Upload } from "./upload.ts";
import type { Claim } from "./usage.ts";

/** Begins a file that is to take the place of `old`, with the first `offset` bytes of that. @throws StorageError */
export async function replace(place: Place, old: Held, offset: number): Promise<Upload> {
  if (offset > 0 && isGrowing(old.stats)) throw new StorageError("busy");
  await old.checkWritable();
  const { name, handle } = await createTemporary(place.folder);
  const upload = new Replacement(place, old.stats, offset, name, handle);
  try {
    // what the umask has taken away; no more than the old one had, and never set-user-id
    await handle.chmod(Number(old.stats.mode) & 0o777);
    if (offset > 0) {
      const source = new Download(await old.open(constants.O_RDONLY), offset, 0);
      for await (const piece of source.chunks()) await upload.write(piece);
    }
    return upload;
  } catch (error) {
    await upload.undo();
    throw error;
  }
}

class Replacement implements Upload {
  readonly path: string;
  readonly #place: Place;
  readonly #old: BigIntStats;
  readonly #offset: number;
  readonly #temporary: string;
  readonly #handle: FileHandle;
  readonly #claim: Claim;
  readonly #writer: PieceWriter;
  /** What had the name before. */
  #replaced: Held | undefined;
  #isSettled = false;
  #hasEnded = false;

  constructor(place: Place, old: BigIntStats, offset: number, temporary: string, handle: FileHandle) {
    this.path = place.path;
    this.#place = place;
    this.#old = old;
    this.#offset = offset;
    this.#temporary = temporary;
    this.#handle = handle;
    this.#claim = place.usage.claim(place.quota, countedSize(old) ?? 0);
    this.#writer = new PieceWriter(handle, 0, this.#claim);
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
    try {
      await this.undo();
    } finally {
      await this.#place.folder.close();
    }
  }

  /** Closes the temporary file, and removes it unless it is in place; leaves the folder open. */
  async undo(): Promise<void> {
    this.#hasEnded = true;
    await this.#writer.end();
    await this.#handle.close();
    // the system gives its space back now, which takes a second with a gigabyte: nobody need wait for that
    this.#replaced?.close().catch(() => {});
    if (this.#isSettled) return;
    this.#claim.release();
    await removeTemporary(this.#place.folder, this.#temporary);
  }

  async #settle(): Promise<void> {
    await checkPlace(this.#place);
    const { folder, name } = this.#place;
    const now = await lookFor(folder, name);
    // what was copied from it must be all there still
    if (this.#offset > 0 && !(now && isUnchanged(now, this.#old))) throw new StorageError("busy");
    if (now && !now.isFile()) throw new StorageError(now.isDirectory() ? "a folder" : "denied");
    const replaced = now && countedSize(now);
    this.#claim.check(replaced);
    if (now) this.#replaced = await folder.hold(name);
    await rename(await folder.path(this.#temporary), await folder.path(name));
    this.#isSettled = true;
    forgetTemporary(this.#temporary);
    this.#claim.settle(replaced);
  }
}

function isUnchanged(now: BigIntStats, before: BigIntStats): boolean {
  return same(now, before) && now.size === before.size && now.mtimeNs === before.mtimeNs && !isGrowing(now);
}
