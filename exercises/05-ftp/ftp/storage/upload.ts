/**
 * A file on its way in.
 *
 * - A **new** file grows under its own name (growth.ts). When its upload breaks, or the server is killed, what came is
 *   there, and the client goes on behind it.
 * - A file that is **continued** grows likewise: nothing that it had is touched, and no gigabytes are copied first.
 * - A file that is **replaced** (replacement.ts), from its beginning or from some offset, stays as it is until the new one
 *   is whole and on the disk, and then changes in one step. Until then the new one is a temporary file, which goes when the
 *   upload breaks.
 *
 * When the disk or the quota is full, each is as it was before.
 *
 * No bytes mix. One upload at a time makes a file grow; another that wants to is told `busy`. Any number may replace it,
 * each writes a file of its own, and the last to commit has its way; who was making the old one grow is told at its end.
 */
import type { BigIntStats } from "node:fs";
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import { systemCode } from "../../../../lib/cli/diagnostics.ts";
import { type Folder, type Jail, same } from "./jail.ts";
import { StorageError } from "./storage-error.ts";
import type { Usage } from "./usage.ts";

export interface Upload {
  /** What the file is called. */
  readonly path: string;
  /**
   * Takes `bytes`, which the caller may use again once this has resolved, or at once where it returns nothing.
   *
   * @throws StorageError, and is to be aborted then
   */
  write(bytes: Bytes): Promise<void> | undefined;
  /**
   * Resolves once the file is in place and on the disk.
   *
   * @throws StorageError when it is not: then all is as after `abort`
   */
  commit(): Promise<void>;
  /** Gives up. Does nothing after `commit`. */
  abort(): Promise<void>;
}

/** Where a file goes. */
export interface Place {
  jail: Jail;
  usage: Usage;
  quota: number | undefined;
  path: string;
  /** The folder, held open until the upload ends. */
  folder: Folder;
  name: string;
}

/** @throws StorageError `busy` when the folder of the file is not where it was, which takes a client or somebody on the host */
export async function checkPlace({ jail, path, folder }: Place): Promise<void> {
  await jail.at(path, async (now) => {
    if (!same(await now.stat(), await folder.stat()))
      throw new StorageError("busy", "its folder has been moved meanwhile");
  });
}

/** Returns what there is to know about the entry `name` of `folder`; undefined when there is none. */
export async function lookFor(folder: Folder, name: string): Promise<BigIntStats | undefined> {
  try {
    return await folder.look(name);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
