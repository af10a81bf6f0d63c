/** Reads the manifest of a submission. */
import { existsSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { printable } from "../../../lib/bytes/printable.ts";
import { validate } from "../model/validate.ts";
import { MANIFEST_NAME, type Manifest, manifestSchema, type TaskManifest } from "./manifest.ts";
import { ownLayout } from "./own-layout.ts";
import { readJson } from "./read-json.ts";
import { nearManifest } from "./submission-folder.ts";

/**
 * Reads the manifest of the submission in `folder`: `file`, or else its submission.json. A folder
 * with this repository's layout needs neither.
 *
 * @param name the name of the submission, if the manifest has none
 * @throws Error that names the file and the field, with the expected and the actual value
 */
export function loadManifest(
  folder: string,
  file?: string,
  name: string = basename(resolve(folder)),
): Manifest {
  const path = file ?? join(folder, MANIFEST_NAME);
  if (file === undefined && !existsSync(path)) {
    if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
      throw new Error(`${folder}: there is no such folder`);
    const tasks = ownLayout(folder);
    if (Object.keys(tasks).length > 0) return { name, tasks };
    const near = nearManifest(folder);
    throw new Error(
      `${folder}: there is neither a ${MANIFEST_NAME} nor this repository's layout (part1/server.ts, part2/server.ts, exercises/...)${near === undefined ? "" : `; ${printable(near)}`}`,
    );
  }
  try {
    return parseManifest(readJson(path), name);
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
