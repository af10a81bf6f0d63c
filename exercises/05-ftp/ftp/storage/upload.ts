/**
 * Writing a file that comes from a client.
 *
 * - A **new** file grows under its own name. If its upload breaks off, or the server is killed,
 *   what came stays, and the client can resume.
 * - A file that is **continued** at its end grows too: nothing is copied first.
 * - A file that is **replaced**, from its start or from an offset, stays as it is until the new one
 *   is complete and on the disk. The new one is a temporary file until then, and is removed if the
 *   upload breaks off.
 *
 * If the disk or the quota is full, the file is restored in all cases.
 *
 * The bytes of two uploads never mix. Only one upload at a time may let a file grow; others get
 * `busy`. Any number may replace a file: each writes its own temporary file, and the last to commit
 * wins. An upload whose growing file was replaced fails at its commit.
 */
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import { toHex } from "../../../../lib/bytes/bytes.ts";
import { systemCode } from "../../../../lib/cli/diagnostics.ts";
import { randomBytes } from "../../../../lib/crypto/webcrypto.ts";
import { isServed } from "./path.ts";
import { attempt, StorageError } from "./storage-error.ts";
import { checkPlace, GrowingFile, lookFor, type Place, Replacement, type Target } from "./upload-target.ts";

const NEW_NAME_TRIES = 10;

export interface WriteOptions {
  /**
   * "replace" and "append" also create a missing file. "new name" picks a similar name if the name
   * is taken; `Upload.path` returns it.
   */
  mode: "replace" | "append" | "new name";
  /** The bytes of an existing file to keep (REST); not for a new name. */
  offset?: number | undefined;
}

export class Upload {
  readonly path: string;
  readonly #place: Place;
  readonly #target: Target;
  #isSettled = false;
  #hasEnded = false;

  /** Starts to write the file at `place`. @throws StorageError, or as the system does */
  static async begin(place: Place, { mode, offset }: WriteOptions): Promise<Upload> {
    if (mode === "new name") return beginNewName(place);
    return new Upload(place, await openTarget(place, mode, offset));
  }

  constructor(place: Place, target: Target) {
    this.path = place.path;
    this.#place = place;
    this.#target = target;
  }

  /**
   * Writes `bytes`. The caller may reuse them once this resolves, or at once if it returns
   * undefined.
   *
   * @throws StorageError after which the caller must abort
   */
  write(bytes: Bytes): Promise<void> | undefined {
    return this.#target.writer.write(bytes);
  }

  /**
   * Resolves once the file is in place and on the disk.
   *
   * @throws StorageError after it has aborted
   */
  async commit(): Promise<void> {
    const { usage, folder } = this.#place;
    try {
      await this.#target.writer.sync();
      await attempt(async () => {
        await usage.inTurn(async () => {
          await checkPlace(this.#place);
          await this.#target.settle();
          this.#isSettled = true;
        });
        await folder.sync();
      });
    } catch (error) {
      // the first error matters more than one of the abort
      await this.abort().catch(() => {});
      throw error;
    }
    await this.abort();
  }

  /** Gives up. Does nothing after `commit`. */
  async abort(): Promise<void> {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    try {
      await this.#target.close(this.#isSettled);
    } finally {
      await this.#place.folder.close();
    }
  }
}

async function openTarget(
  place: Place,
  mode: "replace" | "append",
  offset: number | undefined,
): Promise<Target> {
  const { folder, name } = place;
  if (!(await lookFor(folder, name))) {
    if ((offset ?? 0) > 0) throw new StorageError("offset");
    try {
      return await GrowingFile.create(place);
    } catch (error) {
      // another upload was faster
      if (systemCode(error) !== "EEXIST") throw error;
    }
  }
  const old = await folder.hold(name).catch(hideWhatIsThere);
  try {
    const size = Number(old.stats.size);
    const kept = offset ?? (mode === "append" ? size : 0);
    if (old.stats.isDirectory()) throw new StorageError("a folder");
    if (kept > size) throw new StorageError("offset");
    // another hard link may be outside the home, and must not grow
    const canGrow = kept === size && size > 0 && old.stats.nlink === 1n;
    return canGrow ? await GrowingFile.continue(place, old) : await Replacement.begin(place, old, kept);
  } finally {
    await old.close();
  }
}

async function beginNewName(place: Place): Promise<Upload> {
  for (let tries = 1; ; tries += 1) {
    const name = tries === 1 ? place.name : `${place.name}.${toHex(randomBytes(4))}`;
    if (!isServed(name)) throw new StorageError("name");
    const path = place.path.slice(0, place.path.length - place.name.length) + name;
    const chosen = { ...place, name, path };
    try {
      return new Upload(chosen, await GrowingFile.create(chosen));
    } catch (error) {
      if (systemCode(error) !== "EEXIST" || tries === NEW_NAME_TRIES) throw error;
    }
  }
}

/** A link or a device is not replaced, and the client does not learn what it is. */
function hideWhatIsThere(error: unknown): never {
  throw error instanceof StorageError && error.code === "missing" ? new StorageError("denied") : error;
}
