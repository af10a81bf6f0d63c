/**
 * Flushes a file to the disk while it is being written, so that little remains to wait for at the
 * end.
 */
import type { FileHandle } from "node:fs/promises";

/** Bytes that are worth a flush. */
const WORTHWHILE = 32 * 1024 * 1024;

// for all files: a flush occupies one of libuv's four threads
let isBusy = false;

export class WriteBack {
  readonly #handle: FileHandle;
  #waiting = 0;
  #flushing: Promise<void> = Promise.resolve();

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** Call this after each write of `length` bytes. */
  note(length: number): void {
    this.#waiting += length;
    if (isBusy || this.#waiting < WORTHWHILE) return;
    isBusy = true;
    this.#waiting = 0;
    this.#flushing = this.#flush();
    // the system reports a failure once only: `finish` passes it on
    this.#flushing.catch(() => {});
  }

  /**
   * Resolves once everything is on the disk. @throws as the system does, also for earlier flushes
   */
  async finish(): Promise<void> {
    await this.#flushing;
    await this.#handle.sync();
  }

  /** Resolves once no flush is pending, and the file may be closed. */
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
