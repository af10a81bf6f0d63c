/** Locates the programs that a submission's commands start, and the folders that these need. */
import { existsSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { basename, delimiter, dirname, isAbsolute, join, sep } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** The packages of this project, which submissions may use too. */
export const MODULES = fileURLToPath(new URL("../../../node_modules", import.meta.url));
/** The part of PATH that every box has. */
export const SYSTEM_PATH = ["/usr/local/bin", "/usr/bin", "/bin"];
const SYSTEM = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64"];
/** Names beside `bin` that mark a folder as belonging to one runtime. */
const BESIDE_BIN = ["lib", "lib64", "pyvenv.cfg", "include", "share", "jre", "conf", "libexec"];

export interface Runtimes {
  /** Folders to make visible, under the same path. */
  folders: string[];
  /** PATH, in order. */
  path: string[];
}

/**
 * Locates the programs that `commands` name.
 *
 * A bare name is looked up in the box's PATH, then in `searched`; `node` is the one that runs the
 * grader.
 */
export function findRuntimes(commands: readonly string[], searched = process.env["PATH"] ?? ""): Runtimes {
  const folders = new Set<string>();
  const path = new Set<string>();
  for (const command of new Set(commands)) {
    const found = locate(command, searched);
    if (found === undefined) continue;
    // the command may be a link into its runtime: both folders are needed
    for (const file of [found, realpathSync(found)]) {
      if (!isBelow(file, SYSTEM)) folders.add(runtimeFolder(file));
    }
    if (!isAbsolute(command) && !SYSTEM_PATH.includes(dirname(found))) path.add(dirname(found));
  }
  return { folders: [...folders], path: [...path, ...SYSTEM_PATH] };
}

function locate(command: string, searched: string): string | undefined {
  if (isAbsolute(command)) return existsSync(command) ? command : undefined;
  if (command.includes("/")) return undefined; // a file of the submission
  if (command === "node") return process.execPath;
  return [...SYSTEM_PATH, ...searched.split(delimiter).filter(isAbsolute)]
    .map((folder) => join(folder, command))
    .find((file) => existsSync(file));
}

/**
 * Returns the folder of packages that `file` is in, the folder above `bin` if that belongs to one
 * runtime, and otherwise the file's own.
 */
function runtimeFolder(file: string): string {
  const [packages] = /^.*?\/node_modules(?=\/)/.exec(file) ?? [];
  if (packages !== undefined) return packages;
  const own = dirname(file);
  const above = dirname(own);
  const isPrivate =
    isBelow(homedir(), [above]) || isBelow(process.cwd(), [above]) || dirname(above) === above;
  const isRuntime = basename(own) === "bin" && BESIDE_BIN.some((name) => existsSync(join(above, name)));
  return isRuntime && !isPrivate ? above : own;
}

function isBelow(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => path === folder || path.startsWith(folder + sep));
}
