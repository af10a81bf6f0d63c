/** The entries of a folder that a client may see. */
import type { BigIntStats } from "node:fs";
import { systemCode } from "../../../../lib/cli/diagnostics.ts";
import type { Folder } from "./jail.ts";
import { isServed } from "./path.ts";
import { removeIfStale } from "./temporary-file.ts";

/** Entries that are examined together. */
const LOOKS_AT_ONCE = 64;

export interface FolderEntry {
  name: string;
  stats: BigIntStats;
}

/**
 * Yields the files and folders in `folder` whose names a client can use, in no order.
 *
 * Skips links, devices, pipes and sockets. Removes the temporary files of dead processes.
 */
export async function* entriesOf(folder: Folder): AsyncGenerator<FolderEntry> {
  let names: string[] = [];
  for await (const name of folder.names()) {
    if (names.push(name) < LOOKS_AT_ONCE) continue;
    yield* await lookAt(folder, names);
    names = [];
  }
  yield* await lookAt(folder, names);
}

async function lookAt(folder: Folder, names: string[]): Promise<FolderEntry[]> {
  const seen = await Promise.all(names.map((name) => look(folder, name)));
  return seen.filter((entry) => entry !== undefined);
}

async function look(folder: Folder, name: string): Promise<FolderEntry | undefined> {
  try {
    const stats = await folder.look(name);
    if (!isServed(name)) {
      if (stats.isFile()) await removeIfStale(folder, name, Number(stats.mtimeMs));
      return undefined;
    }
    return stats.isFile() || stats.isDirectory() ? { name, stats } : undefined;
  } catch (error) {
    // removed meanwhile, or its name is not UTF-8
    if (systemCode(error) === "ENOENT" || systemCode(error) === "EILSEQ") return undefined;
    throw error;
  }
}
