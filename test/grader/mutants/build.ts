/** Builds a submission: a program as it is, or a copy of another one or of our own with edits. */
import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Honest, Mutant } from "./mutant.ts";
import { honest, mutants } from "./mutants.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const PROGRAMS = fileURLToPath(new URL("programs", import.meta.url));
/** The files and folders that make up our own solution. */
const SOLUTION = ["part1", "part2", "exercises", "lib", "package.json"];

type Parts = Pick<Mutant | Honest, "name" | "of" | "edits">;

/**
 * Returns the folder of a submission: its own in `programs`, or `folder`, in which it is built.
 *
 * @throws Error if `of` names no submission, or if an edit's `find` does not occur exactly once
 */
export function build(submission: Parts, folder: string): string {
  const { name, of, edits } = submission;
  if (of === undefined && !edits) return join(PROGRAMS, name);
  assemble(submission, folder);
  return folder;
}

function assemble({ name, of, edits }: Parts, folder: string): void {
  if (of !== undefined) assemble(named(of), folder);
  else if (edits) copyOwn(folder);
  const files = join(PROGRAMS, name);
  if (existsSync(files)) cpSync(files, folder, { recursive: true });
  for (const { file, find, replace } of edits ?? []) {
    const path = join(folder, file);
    const parts = readFileSync(path, "utf8").split(find);
    if (parts.length !== 2)
      throw new Error(`${name}: expected once in ${file}, found ${parts.length - 1} times: ${find}`);
    writeFileSync(path, parts.join(replace));
  }
}

function named(wanted: string): Parts {
  const submission = [...mutants, ...honest].find(({ name }) => name === wanted);
  if (!submission) throw new Error(`there is no submission named ${wanted}`);
  return submission;
}

function copyOwn(folder: string): void {
  for (const part of SOLUTION) {
    // leave out keys and lists made while trying the exercises
    const filter = (path: string) => !path.endsWith("/keys") && !path.endsWith("/allowed.csv");
    cpSync(join(ROOT, part), join(folder, part), { recursive: true, filter });
  }
}
