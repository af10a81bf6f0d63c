/** Reads the manifest of a submission. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { formatSize } from "../../../lib/bytes/printable.ts";
import { validate } from "../model/validate.ts";
import { MANIFEST_NAME, type Manifest, manifestSchema, type TaskManifest } from "./manifest.ts";
import { ownLayout } from "./own-layout.ts";

/** The longest manifest that is read, in bytes. */
const SIZE_LIMIT = 1 << 20;

/**
 * Reads the manifest of the submission in `folder`: `file`, or else its submission.json. A folder
 * with this repository's layout needs neither.
 *
 * @throws Error that names the file and the field, with the expected and the actual value
 */
export function loadManifest(folder: string, file?: string): Manifest {
  const path = file ?? join(folder, MANIFEST_NAME);
  const name = basename(resolve(folder));
  if (file === undefined && !existsSync(path)) {
    if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
      throw new Error(`${folder}: there is no such folder`);
    const tasks = ownLayout(folder);
    if (Object.keys(tasks).length > 0) return { name, tasks };
    throw new Error(
      `${folder}: there is neither a ${MANIFEST_NAME} nor this repository's layout (part1/server.ts, part2/server.ts, exercises/...)`,
    );
  }
  try {
    return parseManifest(parseJson(readText(path)), name);
  } catch (error) {
    throw error instanceof Error ? new Error(`${path}: ${error.message}`) : error;
  }
}

/**
 * Returns the manifest in `json`, with defaults for absent fields.
 *
 * @throws Error that names the field
 */
export function parseManifest(json: unknown, defaultName: string): Manifest {
  const { name = defaultName, tasks } = validate(manifestSchema, json);
  const given: Record<string, TaskManifest> = {};
  for (const [id, task] of Object.entries(tasks)) if (task !== undefined) given[id] = task;
  return { name, tasks: given };
}

function readText(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isFile()) throw new Error("there is no such file");
  if (stat.size > SIZE_LIMIT)
    throw new Error(`expected at most ${formatSize(SIZE_LIMIT)}, got ${stat.size} bytes`);
  return readFileSync(path, "utf8").replace(/^\ufeff/, "");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(
      `it is not JSON: ${error instanceof Error ? error.message.replaceAll("\n", " ") : error}`,
    );
  }
}
