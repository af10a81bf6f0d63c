/** Applies the edits of a manifest to the copy that runs. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Bytes } from "../../../lib/bytes/bytes.ts";
import { quoted } from "../../../lib/bytes/printable.ts";
import type { Edit } from "./manifest.ts";
import { type Fill, placeholders } from "./placeholders.ts";

export interface EditedFile {
  name: string;
  content: Bytes;
  mode: number;
}

/**
 * Applies the edits whose placeholders `fill` can fill in to the files in `folder`; returns the
 * others, for later.
 *
 * @throws Error if a file is missing, or does not contain the text to replace
 */
export function applyEdits(folder: string, edits: readonly Edit[], fill: Fill): Edit[] {
  return edits.filter((edit, index) => {
    const { file, find } = edit;
    const path = join(folder, file);
    const source = read(path, `edits[${index}].file: ${quoted(file)}`);
    if (!source.includes(toLatin1(find)))
      throw new Error(`edits[${index}].find: ${quoted(find, 60)} does not occur in ${quoted(file)}`);
    const isLater = placeholders(fill(edit.replace)).length > 0;
    if (!isLater) writeFileSync(path, change(source, edit, fill), "latin1");
    return isLater;
  });
}

/**
 * Returns the edited files of `folder`, after the edits whose placeholders `fill` can fill in.
 */
export function editedFiles(folder: string, edits: readonly Edit[], fill: Fill): EditedFile[] {
  const files = new Map<string, string>();
  for (const edit of edits) {
    // this program must not know the other side's text
    if (placeholders(fill(edit.replace)).length > 0) continue;
    const source = files.get(edit.file) ?? read(join(folder, edit.file), quoted(edit.file));
    files.set(edit.file, change(source, edit, fill));
  }
  return [...files].map(([name, source]) => ({
    name,
    content: new Uint8Array(Buffer.from(source, "latin1")),
    mode: statSync(join(folder, name)).mode & 0o777,
  }));
}

function change(source: string, { find, replace }: Edit, fill: Fill): string {
  return source.replaceAll(toLatin1(find), () => toLatin1(fill(replace)));
}

/** Files are read as Latin-1, one byte a character, because they need not be UTF-8. */
function toLatin1(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

function read(path: string, subject: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    throw new Error(`${subject} cannot be read`);
  }
}
