/** Folders that are made when they are needed. */
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { systemCode } from "../cli/diagnostics.ts";

/**
 * Creates `folder`, and those above it; existing ones are left as they are.
 *
 * Without `recursive` of `mkdir`, with which Node reports a read-only disk as ENOENT, and tries for
 * ever in a file system that takes no folders (/proc).
 *
 * @throws Error of the system
 */
export async function makeFolder(folder: string, mode = 0o777): Promise<void> {
  const make = () =>
    mkdir(folder, { mode }).catch((error) => {
      if (systemCode(error) !== "EEXIST") throw error;
    });
  try {
    await make();
  } catch (error) {
    const above = dirname(folder);
    if (systemCode(error) !== "ENOENT" || above === folder) throw error;
    await makeFolder(above, mode);
    await make();
  }
}
