/** A file that people edit while a server runs: it is read again once it has changed. */
import { stat } from "node:fs/promises";

/** How often it is looked at, in milliseconds. */
const WATCH_INTERVAL = 250;

export interface Listeners {
  /** Another version is in force. */
  changed: () => void;
  /** The file has changed to something that cannot be used; the version before stays in force. */
  failed: (error: unknown) => void;
}

export class WatchedFile<T> {
  /** What the last version says that could be used. */
  value: T;
  readonly #file: string;
  readonly #read: (file: string) => Promise<T>;
  #version: string;

  /** Reads `file`. @throws what `read` throws */
  static async open<T>(file: string, read: (file: string) => Promise<T>): Promise<WatchedFile<T>> {
    // a change that comes between the two is seen at the first look
    const version = await versionOf(file);
    return new WatchedFile(file, read, await read(file), version);
  }

  private constructor(file: string, read: (file: string) => Promise<T>, value: T, version: string) {
    this.#file = file;
    this.#read = read;
    this.value = value;
    this.#version = version;
  }

  /** Looks at the file from now on, and tells what became of it. Returns a function that ends it. */
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

  /** Reads the file if it has changed since the last look, and says whether it did. */
  async #reread(): Promise<boolean> {
    const version = await versionOf(this.#file);
    if (version === this.#version) return false;
    this.#version = version;
    this.value = await this.#read(this.#file);
    return true;
  }
}

/** What changes whenever the file does; also when it goes. */
async function versionOf(file: string): Promise<string> {
  try {
    const { ino, size, mode, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
    return [ino, size, mode, mtimeNs, ctimeNs].join();
  } catch {
    return "gone";
  }
}
