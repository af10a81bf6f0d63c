/** Digests that change when anything in a folder does. */
import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { systemCode } from "../../../lib/cli/diagnostics.ts";
import { ROOT } from "../../support/launch.ts";

const MAX_ENTRIES = 100_000;
// larger files count by size and time only
const MAX_FILE_LENGTH = 64 * 1024 * 1024;
/** The files that a grade depends on, besides the submission. */
const GRADER = ["lib", "package-lock.json", "test/grade.ts", "test/grader"];

/**
 * Returns a digest of the names, contents and permissions of everything in the folder or file
 * `path`. Links are not followed.
 *
 * @throws Error if a file cannot be read, or there are more than 100,000 files
 */
export async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  await add(hash, path, "", { left: MAX_ENTRIES, withModes: true });
  return hash.digest("hex");
}

/**
 * Returns a digest of this grader: the same for every checkout of the same files, under any umask.
 */
export async function graderDigest(): Promise<string> {
  const hash = createHash("sha256");
  const budget = { left: MAX_ENTRIES, withModes: false };
  for (const name of GRADER) await add(hash, join(ROOT, name), name, budget);
  return hash.digest("hex");
}

interface Budget {
  /** How many more files are allowed. */
  left: number;
  withModes: boolean;
}

async function add(hash: Hash, path: string, name: string, budget: Budget): Promise<void> {
  budget.left -= 1;
  if (budget.left < 0) throw new Error(`there are more than ${MAX_ENTRIES} files in it`);
  const stat = await lstat(path).catch((error: unknown) => {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  });
  if (stat === undefined) return;
  const note = (...what: (string | number)[]) =>
    hash.update(`${JSON.stringify([name, budget.withModes && stat.mode, ...what])}\n`);
  if (stat.isDirectory()) {
    note("folder");
    for (const entry of (await readdir(path)).sort())
      await add(hash, join(path, entry), `${name}/${entry}`, budget);
  } else if (stat.isSymbolicLink()) note("link", await readlink(path));
  else if (!stat.isFile()) note("other");
  else if (stat.size > MAX_FILE_LENGTH) note("large", stat.size, stat.mtimeMs);
  else {
    note("file", stat.size);
    for await (const chunk of createReadStream(path)) hash.update(chunk);
  }
}
