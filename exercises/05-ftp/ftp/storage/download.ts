/** A file on its way out. */
import type { FileHandle } from "node:fs/promises";
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import { asStorageError, StorageError } from "./storage-error.ts";

/** Bytes of the largest piece. */
export const PIECE_LENGTH = 512 * 1024;

export class Download {
  /** Bytes that the file had when it was opened; none behind them are read, even if it grows. */
  readonly size: number;
  /** Where in the file the first piece begins. */
  readonly offset: number;
  readonly #handle: FileHandle;

  constructor(handle: FileHandle, size: number, offset: number) {
    this.#handle = handle;
    this.size = size;
    this.offset = offset;
  }

  /**
   * Yields the bytes from `offset` to `size`, and closes the file. Once only.
   *
   * A piece belongs to the caller until the next one is asked for, and is overwritten then: two buffers take turns, and
   * one is read ahead. So whoever sends a piece waits until it is sent, or copies it.
   *
   * @throws StorageError `busy` when the file has become shorter than it was
   */
  async *chunks(): AsyncGenerator<Bytes> {
    let reading: Promise<Bytes> | undefined;
    try {
      const length = Math.min(PIECE_LENGTH, this.size - this.offset);
      let [buffer, other] = [new Uint8Array(length), new Uint8Array(length)];
      let position = this.offset;
      if (length > 0) reading = this.#read(buffer, position);
      while (reading !== undefined) {
        const piece = await reading;
        position += piece.length;
        [buffer, other] = [other, buffer];
        reading = position < this.size ? this.#read(buffer, position) : undefined;
        // a failure is heard of when it is awaited, if the caller comes for more
        reading?.catch(() => {});
        yield piece;
      }
    } catch (error) {
      throw asStorageError(error);
    } finally {
      // the buffer must not be written to once it is nobody's
      await reading?.catch(() => {});
      await this.close();
    }
  }

  /** Reads what is at `position`: as much as `buffer` takes, or less. */
  async #read(buffer: Bytes, position: number): Promise<Bytes> {
    const length = Math.min(buffer.length, this.size - position);
    const { bytesRead } = await this.#handle.read(buffer, 0, length, position);
    if (bytesRead === 0) throw new StorageError("busy", "the file became shorter while it was read");
    return buffer.subarray(0, bytesRead);
  }

  /** To be called when the pieces are not read to their end; does no harm otherwise. */
  async close(): Promise<void> {
    await this.#handle.close();
  }
}
