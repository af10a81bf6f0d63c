/** Puts a submission together: a program as it is, or a copy of one or of our own solutions, with some edits. */
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Honest, Mutant } from "./mutant.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const PROGRAMS = fileURLToPath(new URL("programs", import.meta.url));
/** What our own solutions consist of. */
const SOLUTION = ["part1", "part2", "exercises", "lib", "package.json"];

/**
 * Returns the folder of a submission; where it is made of edits, that is `folder`, which is empty before.
 *
 * @throws Error when what is to be replaced does not occur exactly once
 */
export function build(
  { name, of, edits }: Pick<Mutant | Honest, "name" | "of" | "edits">,
  folder: string,
): string {
  if (!edits) return join(PROGRAMS, name);
  if (of === undefined) copyOwn(folder);
  else cpSync(join(PROGRAMS, of), folder, { recursive: true });
  for (const { file, find, replace } of edits) {
    const path = join(folder, file);
    const parts = readFileSync(path, "utf8").split(find);
    if (parts.length !== 2) throw new Error(`${name}: in ${file}, ${parts.length - 1} times: ${find}`);
    writeFileSync(path, parts.join(replace));
  }
  return folder;
}

function copyOwn(folder: string): void {
  for (const part of SOLUTION) {
    // keys that somebody made while trying the exercises are not part of it
    const filter = (path: string) => !path.endsWith("/keys") && !path.endsWith("/allowed.csv");
    cpSync(join(ROOT, part), join(folder, part), { recursive: true, filter });
  }
}
