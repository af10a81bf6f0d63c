/** Reading a file that goes to a client. */
import type { FileHandle } from "node:fs/promises";
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import { asStorageError, StorageError } from "./storage-error.ts";

export const PIECE_LENGTH = 512 * 1024;

export class Download {
  /** Bytes of the file when it was opened. If it grows, the rest is not read. */
  readonly size: number;
  /** The offset of the first piece. */
  readonly offset: number;
  readonly #handle: FileHandle;

  constructor(handle: FileHandle, size: number, offset: number) {
    this.#handle = handle;
    this.size = size;
    this.offset = offset;
  }

  /**
   * Yields the bytes from `offset` to `size`, and closes the file. Call it once.
   *
   * A piece is valid until the next one is requested: there are two buffers, and one is read ahead.
   * A caller that sends a piece must wait until it is sent, or copy it.
   *
   * @throws StorageError `busy` if the file has become shorter
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
        // reported when it is awaited, if the caller requests another piece
        reading?.catch(() => {});
        yield piece;
      }
    } catch (error) {
      throw asStorageError(error);
    } finally {
      // the read must not write to a released buffer
      await reading?.catch(() => {});
      await this.close();
    }
  }

  /** Reads at `position`, until `buffer` is full or less. */
  async #read(buffer: Bytes, position: number): Promise<Bytes> {
    const length = Math.min(buffer.length, this.size - position);
    const { bytesRead } = await this.#handle.read(buffer, 0, length, position);
    if (bytesRead === 0) throw new StorageError("busy", "the file became shorter while it was read");
    return buffer.subarray(0, bytesRead);
  }

  /** Required if `chunks` is not read to its end; otherwise harmless. */
  async close(): Promise<void> {
    await this.#handle.close();
  }
}
