/** Sends what was written to a file on its way to the disk while more comes, so that little of it is left to wait for at the end. */
import type { FileHandle } from "node:fs/promises";

/** Bytes that are worth a way to the disk. */
const WORTHWHILE = 32 * 1024 * 1024;

// of all files: one at a time, since it holds one of libuv's four threads
let isBusy = false;

export class WriteBack {
  readonly #handle: FileHandle;
  #waiting = 0;
  #flushing: Promise<void> = Promise.resolve();

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** To be told of each `length` bytes that were written. */
  note(length: number): void {
    this.#waiting += length;
    if (isBusy || this.#waiting < WORTHWHILE) return;
    isBusy = true;
    this.#waiting = 0;
    this.#flushing = this.#flush();
    // the system tells of a failure once only: `finish` passes it on
    this.#flushing.catch(() => {});
  }

  /** Resolves once all that was written is on the disk. @throws as the system does, about any of it */
  async finish(): Promise<void> {
    await this.#flushing;
    await this.#handle.sync();
  }

  /** Resolves once nothing is under way, and the file may be closed. */
  async end(): Promise<void> {
    await this.#flushing.catch(() => {});
  }

  async #flush(): Promise<void> {
    const before = this.#flushing;
    try {
      await before;
      await this.#handle.datasync();
    } finally {
      isBusy = false;
    }
  }
}
