/**
 * The allow list: a CSV file (RFC 4180) with the columns name, fingerprint and comment.
 *
 *     name,fingerprint,comment
 *     alice,SHA256:9ilo1LpgDtDbITXC7yXdLHYxN/SbLYPUPxlXt6Ryi9w,her laptop
 */
import { CsvError, parse } from "csv-parse/sync";
import { stringify } from "csv-stringify/sync";
import { isFingerprint, isName } from "../../lib/bytes/names.ts";
import { readSmallFile, reasonOf, replaceSmallFile } from "../../lib/files/small-file.ts";
import { type Listeners, WatchedFile } from "../../lib/files/watched-file.ts";

/** Maximum size of the file in bytes. */
const FILE_LIMIT = 1024 * 1024;
const FILE_MODE = 0o644;

const COLUMNS = ["name", "fingerprint", "comment"] as const;

export interface Entry {
  name: string;
  fingerprint: string;
  comment: string;
}

/**
 * Parses the text of a list.
 *
 * @throws Error that names the line: a wrong header, too few or too many cells, an invalid or
 *   repeated name or fingerprint
 */
export function parseList(text: string): Entry[] {
  const [header, ...rows] = parseRows(text);
  if (COLUMNS.some((column) => header?.record[column] !== column))
    throw new Error(`line 1: expected ${COLUMNS.join(",")}`);
  const seen = new Set<string>();
  return rows.map(({ record: { name, fingerprint, comment }, info: { lines: line } }) => {
    if (!isName(name)) throw new Error(`line ${line}: not a name: ${JSON.stringify(name)}`);
    if (!isFingerprint(fingerprint)) {
      throw new Error(`line ${line}: not a fingerprint: ${JSON.stringify(fingerprint)}`);
    }
    for (const value of [name, fingerprint]) {
      if (seen.has(value)) throw new Error(`line ${line}: ${value} is in the list twice`);
      seen.add(value);
    }
    return { name, fingerprint, comment };
  });
}

/** Formats `entries` as the text of a list. */
export function formatList(entries: readonly Entry[]): string {
  return stringify([...entries], { header: true, columns: [...COLUMNS] });
}

/** Reads the list in `file`. @throws Error that names the file, and the line where there is one */
export async function readList(file: string): Promise<Entry[]> {
  const contents = await readSmallFile(file, FILE_LIMIT);
  try {
    if (!contents) throw new Error("there is no such file");
    return parseList(contents.text);
  } catch (error) {
    throw new Error(`the allow list ${file} cannot be used: ${reasonOf(error)}`);
  }
}

/**
 * Replaces `file` atomically: a concurrent reader sees the old list or the new one.
 *
 * @throws Error when it cannot be written
 */
export async function writeList(file: string, entries: readonly Entry[]): Promise<void> {
  await replaceSmallFile(file, { text: formatList(entries), mode: FILE_MODE });
}

/**
 * A list in a file that may change at any time; an invalid version leaves the last valid one in
 * force.
 */
export class AllowList {
  readonly #file: WatchedFile<Map<string, Entry>>;

  /** Reads `file`. @throws as `readList` */
  static async open(file: string): Promise<AllowList> {
    return new AllowList(await WatchedFile.open(file, async () => byFingerprint(await readList(file))));
  }

  private constructor(file: WatchedFile<Map<string, Entry>>) {
    this.#file = file;
  }

  /** Returns the entry with this fingerprint, or undefined if there is none. */
  find(fingerprint: string): Entry | undefined {
    return this.#file.value.get(fingerprint);
  }

  /** Watches the file, as `WatchedFile` does. */
  watch(listeners: Listeners): () => void {
    return this.#file.watch(listeners);
  }
}

function byFingerprint(entries: readonly Entry[]): Map<string, Entry> {
  return new Map(entries.map((entry) => [entry.fingerprint, entry]));
}

/** Parses CSV into records, each with the number of its last line. */
function parseRows(text: string): { record: Entry; info: { lines: number } }[] {
  try {
    return parse(text, { bom: true, columns: [...COLUMNS], info: true, skip_empty_lines: true, trim: true });
  } catch (error) {
    if (error instanceof CsvError) throw new Error(`line ${error["lines"]}: ${error.message}`);
    throw error;
  }
}
