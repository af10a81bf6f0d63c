/**
 * The allow list: a CSV file (RFC 4180) with the columns name, fingerprint and comment.
 *
 *     name,fingerprint,comment
 *     alice,SHA256:9ilo1LpgDtDbITXC7yXdLHYxN/SbLYPUPxlXt6Ryi9w,her laptop
 */
import { isFingerprint, isName } from "../../lib/bytes/names.ts";
import { quoted } from "../../lib/bytes/printable.ts";
import { formatEntries, parseEntries, TableFile, type TableFormat } from "../../lib/files/table-file.ts";
import type { Listeners, WatchedFile } from "../../lib/files/watched-file.ts";

export interface Entry {
  name: string;
  fingerprint: string;
  comment: string;
}

const FORMAT: TableFormat<Entry> = {
  title: "allow list",
  columns: ["name", "fingerprint", "comment"],
  mode: 0o644,
  parse: ([name = "", fingerprint = "", comment = ""]) => {
    if (!isName(name)) throw new Error(`not a name: ${quoted(name, 64)}`);
    if (!isFingerprint(fingerprint)) throw new Error(`not a fingerprint: ${quoted(fingerprint, 64)}`);
    return { name, fingerprint, comment };
  },
  format: ({ name, fingerprint, comment }) => [name, fingerprint, comment],
  unique: ({ name, fingerprint }) => [name, fingerprint],
};

/** Parses the text of a list. @throws Error that names the line */
export function parseList(text: string): Entry[] {
  return parseEntries(text, FORMAT);
}

/** Returns the text of a list. */
export function formatList(entries: readonly Entry[]): string {
  return formatEntries(entries, FORMAT);
}

/** Returns the list in `file`, to read and to edit. */
export function allowListFile(file: string): TableFile<Entry> {
  return new TableFile(file, FORMAT);
}

/**
 * A list in a file that may change at any time; an invalid version leaves the last valid one in
 * force.
 */
export class AllowList {
  readonly #file: WatchedFile<Map<string, Entry>>;

  /** Reads `file`. @throws Error that names the file, and the line if there is one */
  static async open(file: string): Promise<AllowList> {
    return new AllowList(await allowListFile(file).open(byFingerprint));
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
