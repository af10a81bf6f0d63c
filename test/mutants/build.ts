/** Puts a submission together: a program as it is, or a copy of our own solutions with some edits. */
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Edit } from "./mutant.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PROGRAMS = fileURLToPath(new URL("programs", import.meta.url));
/** What our own solutions consist of. */
const SOLUTION = ["part1", "part2", "exercises", "lib", "package.json"];

/**
 * Returns the folder of the submission `name`; where it is made of `edits`, that is `folder`, which is empty before.
 *
 * @throws Error when what is to be replaced does not occur exactly once
 */
export function build({ name, edits }: { name: string; edits?: Edit[] }, folder: string): string {
  if (!edits) return join(PROGRAMS, name);
  for (const part of SOLUTION) {
    // keys that somebody made while trying the exercises are not part of it
    const filter = (path: string) => !path.endsWith("/keys") && !path.endsWith("/allowed.csv");
    cpSync(join(ROOT, part), join(folder, part), { recursive: true, filter });
  }
  for (const { file, find, replace } of edits) {
    const path = join(folder, file);
    const parts = readFileSync(path, "utf8").split(find);
    if (parts.length !== 2) throw new Error(`${name}: in ${file}, ${parts.length - 1} times: ${find}`);
    writeFileSync(path, parts.join(replace));
  }
  return folder;
}
