import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * A folder for temporary files that is in memory where there is such a place: there it costs
 * nothing to wait for the disk.
 */
export const MEMORY = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** Makes a folder in `parent`, lets `use` at it, and removes it with all that is in it. */
export async function withFolder(
  use: (folder: string) => Promise<void>,
  parent: string = tmpdir(),
): Promise<void> {
  const folder = await mkdtemp(join(parent, "sml-test-"));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
