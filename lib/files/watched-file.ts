/** A file that is edited while a server runs, and reloaded when it changes. */
import { stat } from "node:fs/promises";

/** Polling interval in milliseconds. */
const WATCH_INTERVAL = 250;

export interface Listeners {
  /** Called after a new version was loaded. */
  changed: () => void;
  /** Called when a new version cannot be used; the previous value stays in force. */
  failed: (error: unknown) => void;
}

export class WatchedFile<T> {
  /** The value of the last valid version. */
  value: T;
  readonly #file: string;
  readonly #read: (file: string) => Promise<T>;
  #version: string;

  /** Reads `file`. @throws what `read` throws */
  static async open<T>(file: string, read: (file: string) => Promise<T>): Promise<WatchedFile<T>> {
    // a change between the two calls is noticed at the first poll
    const version = await versionOf(file);
    return new WatchedFile(file, read, await read(file), version);
  }

  private constructor(file: string, read: (file: string) => Promise<T>, value: T, version: string) {
    this.#file = file;
    this.#read = read;
    this.value = value;
    this.#version = version;
  }

  /** Watches the file, and reports changes. Returns a function that stops it. */
  watch({ changed, failed }: Listeners): () => void {
    let looking = false;
    const timer = setInterval(async () => {
      if (looking) return;
      looking = true;
      try {
        if (await this.#reread()) changed();
      } catch (error) {
        failed(error);
      } finally {
        looking = false;
      }
    }, WATCH_INTERVAL);
    return () => clearInterval(timer);
  }

  /** Reloads the file if it has changed since the last poll; says whether it has. */
  async #reread(): Promise<boolean> {
    const version = await versionOf(this.#file);
    if (version === this.#version) return false;
    this.#version = version;
    this.value = await this.#read(this.#file);
    return true;
  }
}

/** Returns a text that changes whenever the file does, or disappears. */
async function versionOf(file: string): Promise<string> {
  try {
    const { ino, size, mode, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
    return [ino, size, mode, mtimeNs, ctimeNs].join();
  } catch {
    return "gone";
  }
}
