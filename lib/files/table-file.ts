/**
 * Lists that people and programs edit at the same time, each a table in a file (`csv.ts`).
 *
 * A program edits under a lock, so that no edit undoes another, and replaces the file atomically,
 * so that a reader sees the old list or the new one. An edit changes the rows that it is about and
 * keeps everything else: comments, order, spelling, line ends, permissions and owner.
 */
import { encodeUtf8 } from "../bytes/bytes.ts";
import { formatSize } from "../bytes/printable.ts";
import { reasonOf } from "../cli/diagnostics.ts";
import { formatRows, parseTable, type Row, rewriteTable, type Table } from "./csv.ts";
import { withLock } from "./lock.ts";
import {
  findExposure,
  followLinks,
  isPrivate,
  readSmallFile,
  replaceSmallFile,
  type SmallFile,
} from "./small-file.ts";
import { WatchedFile } from "./watched-file.ts";

/** Maximum size of a list in bytes: some thousands of entries. */
export const TABLE_LIMIT = 1024 * 1024;

/** Describes a list. */
export interface TableFormat<T> {
  /** What it is called in errors, such as `allow list`. */
  title: string;
  columns: readonly string[];
  /** Permissions of a new file. If it is private, an existing file has to be, too. */
  mode: number;
  /** Returns the entry in a row. @throws Error that says what is wrong with it */
  parse: (cells: string[]) => T;
  format: (entry: T) => string[];
  /** Values that only one entry may have; the first identifies it. */
  unique: (entry: T) => [string, ...string[]];
}

/** A row, and the entry in it. */
interface Item<T> {
  row: Row;
  entry: T;
}

export class TableFile<T> {
  readonly #file: string;
  readonly #format: TableFormat<T>;

  constructor(file: string, format: TableFormat<T>) {
    this.#file = file;
    this.#format = format;
  }

  /**
   * Returns the entries; undefined if the file does not exist.
   *
   * @throws Error that names the file, and the line if there is one
   */
  async read(): Promise<T[] | undefined> {
    const contents = await readSmallFile(this.#file, TABLE_LIMIT);
    return contents && this.#entries(contents);
  }

  /** Returns the entries. @throws Error as `read`, or if the file does not exist */
  async load(): Promise<T[]> {
    return this.#entries(await readSmallFile(this.#file, TABLE_LIMIT));
  }

  /**
   * Replaces the entries with the result of `change`, which gets none if the file does not exist.
   * An entry that stays as it is must stay the same object.
   *
   * @throws Error as `read`, what `change` throws, or when the file cannot be written
   */
  async edit(change: (entries: T[]) => T[]): Promise<void> {
    const { mode } = this.#format;
    const place = await followLinks(this.#file);
    await withLock(place, async () => {
      const before = await readSmallFile(place, TABLE_LIMIT);
      const { table, items } = this.#parse(before ?? { text: formatEntries([], this.#format), mode });
      const entries = change(items.map(({ entry }) => entry));
      const text = rewriteTable(table, this.#compare(items, entries));
      if (encodeUtf8(text).length > TABLE_LIMIT)
        throw new Error(`${this.#file} is full: it may have at most ${formatSize(TABLE_LIMIT)}`);
      await replaceSmallFile(place, { text, mode }, async () => {
        // an editor does not know the lock
        if ((await readSmallFile(place, TABLE_LIMIT))?.text !== before?.text)
          throw new Error("another program has changed it; try again");
      });
    });
  }

  /**
   * Reads the list as a file to watch.
   *
   * @param index turns the entries into the value to watch
   * @throws Error as `load`
   */
  async open<V>(index: (entries: T[]) => V): Promise<WatchedFile<V>> {
    const parse = (contents: SmallFile | undefined) => index(this.#entries(contents));
    return WatchedFile.open(this.#file, { limit: TABLE_LIMIT, parse });
  }

  #entries(contents: SmallFile | undefined): T[] {
    return this.#parse(contents).items.map(({ entry }) => entry);
  }

  #parse(contents: SmallFile | undefined): { table: Table; items: Item<T>[] } {
    try {
      if (!contents) throw new Error("there is no such file");
      const exposure = isPrivate(this.#format.mode) ? findExposure(this.#file, contents) : undefined;
      if (exposure !== undefined) throw new Error(exposure);
      return parseItems(contents.text, this.#format);
    } catch (error) {
      throw new Error(`the ${this.#format.title} ${this.#file} cannot be used: ${reasonOf(error)}`);
    }
  }

  /** Returns what has to change in the table of `items` for it to have `entries`. */
  #compare(items: Item<T>[], entries: T[]): Parameters<typeof rewriteTable>[1] {
    const { unique, format } = this.#format;
    const left = new Map(entries.map((entry) => [unique(entry)[0], entry]));
    const replaced = items.flatMap(({ row, entry }) => {
      const key = unique(entry)[0];
      const now = left.get(key);
      left.delete(key);
      return now === entry ? [] : [{ row, cells: now && format(now) }];
    });
    return { replaced, added: [...left.values()].map(format) };
  }
}

/** Formats the text of a list. */
export function formatEntries<T>(entries: readonly T[], format: TableFormat<T>): string {
  return formatRows([[...format.columns], ...entries.map(format.format)]);
}

/** Parses the text of a list. @throws Error that names the line */
export function parseEntries<T>(text: string, format: TableFormat<T>): T[] {
  return parseItems(text, format).items.map(({ entry }) => entry);
}

function parseItems<T>(text: string, format: TableFormat<T>): { table: Table; items: Item<T>[] } {
  const table = parseTable(text, format.columns);
  const seen = new Set<string>();
  const items = table.rows.map((row) => {
    try {
      const entry = format.parse(row.cells);
      for (const [index, value] of format.unique(entry).entries()) {
        if (seen.has(`${index} ${value}`)) throw new Error(`${value} is in the list twice`);
        seen.add(`${index} ${value}`);
      }
      return { row, entry };
    } catch (error) {
      throw new Error(`line ${row.line}: ${reasonOf(error)}`);
    }
  });
  return { table, items };
}
