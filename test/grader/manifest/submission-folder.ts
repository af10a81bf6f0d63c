/** Finds the folder of a submission, which an archive may have put into another folder. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { MANIFEST_NAME } from "./manifest.ts";
import { ownLayout } from "./own-layout.ts";

/** Archives nest a submission in two folders at most: their own, and that of the project. */
const MAX_DEPTH = 2;
/** Made by macOS in each archive. */
const ARCHIVE_DEBRIS = "__MACOSX";

/** Whether a folder of this name is neither hidden nor left behind by an archive. */
export function isVisible(name: string): boolean {
  return !name.startsWith(".") && name !== ARCHIVE_DEBRIS;
}

/**
 * Returns `folder`, or the folder in it that holds the submission, if that is all that it contains.
 *
 * @param manifest the teacher's manifest; a folder that it names is a part of the submission
 */
export function findSubmissionFolder(folder: string, manifest?: string): string {
  const named = manifest === undefined ? "" : readOrEmpty(manifest);
  let found = folder;
  for (let depth = 0; depth < MAX_DEPTH; depth += 1) {
    if (manifest === undefined && hasSubmission(found)) return found;
    const [only, ...more] = visibleEntries(found);
    if (only === undefined || more.length > 0 || !isFolder(join(found, only))) return found;
    const name = JSON.stringify(only);
    if (named.includes(name) || named.includes(`${name.slice(1, -1)}/`)) return found;
    found = join(found, only);
  }
  return found;
}

/** Returns what to look at where `folder` has no manifest; undefined if nothing comes near one. */
export function nearManifest(folder: string): string | undefined {
  const names = visibleEntries(folder);
  const misnamed = names.find((name) => /^submission(\.json)?(\.txt|\.json)?$/i.test(name));
  if (misnamed !== undefined && !isFolder(join(folder, misnamed)))
    return `rename ${misnamed} to ${MANIFEST_NAME}`;
  const inner = names.find((name) => isFolder(join(folder, name)) && hasSubmission(join(folder, name)));
  return inner === undefined ? undefined : `there is one in ${inner}/`;
}

function hasSubmission(folder: string): boolean {
  return existsSync(join(folder, MANIFEST_NAME)) || Object.keys(ownLayout(folder)).length > 0;
}

function visibleEntries(folder: string): string[] {
  return isFolder(folder) ? readdirSync(folder).filter(isVisible) : [];
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function readOrEmpty(file: string): string {
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}
