/** The changes that a manifest makes to the copy that runs. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { quoted } from "../../lib/printable.ts";
import type { Edit } from "./manifest.ts";

/** Makes the changes to the files in `folder`. @throws Error when a file is not there, or does not contain what is to be replaced */
export function applyEdits(folder: string, edits: readonly Edit[]): void {
  for (const [index, { file, find, replace }] of edits.entries()) {
    const path = join(folder, file);
    const text = read(path, `edits[${index}].file: ${quoted(file)}`);
    if (!text.includes(find))
      throw new Error(`edits[${index}].find: ${quoted(find, 60)} does not occur in ${quoted(file)}`);
    writeFileSync(
      path,
      text.replaceAll(find, () => replace),
      "latin1",
    );
  }
}

function read(path: string, what: string): string {
  try {
    // as bytes: the file need not be UTF-8
    return readFileSync(path, "latin1");
  } catch {
    throw new Error(`${what} cannot be read`);
  }
}
