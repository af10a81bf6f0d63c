/** A file that is edited while a server runs, and reloaded when it changes. */
import { explain } from "../cli/diagnostics.ts";
import { readSmallFile, type SmallFile } from "./small-file.ts";

/** Polling interval in milliseconds. */
const WATCH_INTERVAL = 250;

export interface Listeners {
  /** Called after a new version was loaded. */
  changed: () => void;
  /**
   * Called once when the file cannot be read or a version cannot be used; the previous value stays
   * in force until one can.
   */
  failed: (error: unknown) => void;
}

/** How a file is read. */
export interface Reader<T> {
  /** Maximum size in bytes. */
  limit: number;
  /** Returns the value of a version; undefined stands for a file that does not exist. */
  parse: (contents: SmallFile | undefined) => T;
}

/**
 * The value of a file that may change at any time.
 *
 * Each poll reads the whole file: time stamps would miss a change within their granularity. A file
 * that cannot be read counts as a version of its own, so it is reported once, and what is read next
 * differs from it.
 */
export class WatchedFile<T> {
  /** The value of the last valid version. */
  value: T;
  readonly #file: string;
  readonly #reader: Reader<T>;
  /** The last version, valid or not. */
  #version: string;

  /** Reads `file`. @throws Error as `readSmallFile`, or what `parse` throws */
  static async open<T>(file: string, reader: Reader<T>): Promise<WatchedFile<T>> {
    const contents = await readSmallFile(file, reader.limit);
    return new WatchedFile(file, reader, contents);
  }

  private constructor(file: string, reader: Reader<T>, contents: SmallFile | undefined) {
    this.#file = file;
    this.#reader = reader;
    this.value = reader.parse(contents);
    this.#version = versionOf(contents);
  }

  /** Watches the file, and reports changes. Returns a function that stops it. */
  watch({ changed, failed }: Listeners): () => void {
    let looking = false;
    let stopped = false;
    const timer = setInterval(async () => {
      if (looking) return;
      looking = true;
      const look = await this.#look();
      looking = false;
      if (stopped || look.version === this.#version) return;
      this.#version = look.version;
      try {
        this.value = look.parse();
      } catch (error) {
        failed(error);
        return;
      }
      changed();
    }, WATCH_INTERVAL);
    return () => {
      stopped = true;
      clearInterval(timer);
    };
  }

  /** Reads the file; `parse` throws the error if that failed. */
  async #look(): Promise<{ version: string; parse: () => T }> {
    try {
      const contents = await readSmallFile(this.#file, this.#reader.limit);
      return { version: versionOf(contents), parse: () => this.#reader.parse(contents) };
    } catch (error) {
      const parse = () => {
        throw error;
      };
      return { version: `error: ${explain(error)}`, parse };
    }
  }
}

/** Returns a text that differs for different contents or permissions. */
function versionOf(contents: SmallFile | undefined): string {
  return contents === undefined ? "missing" : `${contents.mode} ${contents.text}`;
}
