/** The files of a submission in which keys may be written. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import { MANIFEST_NAME, type TaskManifest } from "../../manifest/manifest.ts";
import type { PreparedTask } from "../../run/prepared-task.ts";

const MAX_FILE = 256 << 10;
const MAX_FILES = 500;
const LEFT_OUT = /(?:^|\/)(?:node_modules|\.git|test)\//;

type Programs = Pick<TaskManifest, "programs">;

/** Returns the submission's files, those nearest to the programs of the task first. */
export function sourceFiles({
  source,
  manifest,
}: Pick<PreparedTask, "source"> & { manifest: Programs & Pick<TaskManifest, "folder"> }): {
  name: string;
  bytes: Bytes;
}[] {
  const folder = join(source, manifest.folder);
  const homes = homesOf(manifest);
  const paths = readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    // what the manifest types is not in the submission's source
    .filter((path) => path !== join(source, MANIFEST_NAME))
    .filter((path) => !LEFT_OUT.test(relative(folder, path)) && statSync(path).size <= MAX_FILE)
    .map((path) => ({ path, way: Math.min(...homes.map((home) => stepsBetween(join(folder, home), path))) }))
    .toSorted((a, b) => a.way - b.way || (a.path < b.path ? -1 : 1))
    .slice(0, MAX_FILES);
  return paths.map(({ path }) => ({
    name: relative(source, path),
    bytes: new Uint8Array(readFileSync(path)),
  }));
}

/** The folders of the files that the commands name. */
function homesOf({ programs }: Programs): string[] {
  const words = Object.values(programs).flatMap(({ command, next }) => [command, ...next].flat());
  return ["", ...words.filter((word) => /^[\w.][\w./-]*\/[\w.-]+$/.test(word)).map(dirname)];
}

/** The number of folders between a folder and a file. */
function stepsBetween(folder: string, file: string): number {
  return relative(folder, dirname(file)).split(sep).filter(Boolean).length;
}
