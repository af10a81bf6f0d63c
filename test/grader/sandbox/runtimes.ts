/** Where on this machine the programs are that a submission's commands begin with, and what a box must show of them. */
import { existsSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { basename, delimiter, dirname, isAbsolute, join, sep } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** The packages of this project, which submissions may use. */
export const MODULES = fileURLToPath(new URL("../../../node_modules", import.meta.url));
/** Where a box looks by itself, all of it shown to it. */
export const SYSTEM_PATH = ["/usr/local/bin", "/usr/bin", "/bin"];
const SYSTEM = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64"];
/** What stands beside `bin` in a folder that belongs to one runtime. */
const BESIDE_BIN = ["lib", "lib64", "pyvenv.cfg", "include", "share", "jre", "conf", "libexec"];

export interface Runtimes {
  /** Folders to show, under their own path. */
  folders: string[];
  /** Where programs are searched, in this order. */
  path: string[];
}

/**
 * Finds what `commands` begin with.
 *
 * A bare name is looked up where a box looks, and then on our own PATH, but `node` is the one that runs us.
 */
export function findRuntimes(commands: readonly string[], searched = process.env["PATH"] ?? ""): Runtimes {
  const folders = new Set<string>();
  const path = new Set<string>();
  for (const command of new Set(commands)) {
    const found = locate(command, searched);
    if (found === undefined) continue;
    // the command may be a link to its runtime, and both places are needed
    for (const file of [found, realpathSync(found)]) {
      if (!isBelow(file, SYSTEM)) folders.add(home(file));
    }
    if (!isAbsolute(command) && !SYSTEM_PATH.includes(dirname(found))) path.add(dirname(found));
  }
  return { folders: [...folders], path: [...path, ...SYSTEM_PATH] };
}

function locate(command: string, searched: string): string | undefined {
  if (isAbsolute(command)) return existsSync(command) ? command : undefined;
  if (command.includes("/")) return undefined; // a file of the submission's own
  if (command === "node") return process.execPath;
  return [...SYSTEM_PATH, ...searched.split(delimiter).filter(isAbsolute)]
    .map((folder) => join(folder, command))
    .find((file) => existsSync(file));
}

/** The folder that `file` cannot do without: that above its `bin` where the two belong together, and else its own. */
function home(file: string): string {
  const own = dirname(file);
  const above = dirname(own);
  const isPrivate =
    isBelow(homedir(), [above]) || isBelow(process.cwd(), [above]) || dirname(above) === above;
  const together = basename(own) === "bin" && BESIDE_BIN.some((name) => existsSync(join(above, name)));
  return together && !isPrivate ? above : own;
}

function isBelow(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => path === folder || path.startsWith(folder + sep));
}
