/** Reads the manifest of a submission. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { formatSize, printable } from "../../../lib/bytes/printable.ts";
import { validate } from "../model/validate.ts";
import { MANIFEST_NAME, type Manifest, manifestSchema, type TaskManifest } from "./manifest.ts";
import { ownLayout } from "./own-layout.ts";
import { nearManifest } from "./submission-folder.ts";

/** The longest manifest that is read, in bytes. */
const SIZE_LIMIT = 1 << 20;

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
    const message = error instanceof Error ? error.message.replaceAll("\n", " ") : String(error);
    throw new Error(`line ${lineOfError(text, message)}: it is not JSON: ${message}`);
  }
}

/** Returns the line of an error of JSON.parse, which names a position unless the text ended. */
function lineOfError(text: string, message: string): number {
  const position = Number(/ at position (\d+)/.exec(message)?.[1] ?? text.length);
  return text.trimEnd().slice(0, position).split("\n").length;
}
