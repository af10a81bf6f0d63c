/** Bytes on their way into a file: gathered into large pieces, the next of which fills while one is being written. */
import type { FileHandle } from "node:fs/promises";
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import { attempt, StorageError } from "./storage-error.ts";
import type { Claim } from "./usage.ts";
import { WriteBack } from "./write-back.ts";

/** Bytes that one system call writes. */
export const PIECE_LENGTH = 256 * 1024;

export class PieceWriter {
  /** Whether there was no room for something. */
  isFull = false;
  /** Bytes that were taken. */
  taken = 0;
  readonly #handle: FileHandle;
  readonly #claim: Claim;
  readonly #writeBack: WriteBack;
  /** Where in the file the next piece goes. */
  #position: number;
  #filling: Bytes | undefined;
  #filled = 0;
  #spare: Bytes | undefined;
  #writing: Promise<void> = Promise.resolve();
  #hasEnded = false;

  /** @param position where in the file of `handle` the first byte goes; claim: what counts them */
  constructor(handle: FileHandle, position: number, claim: Claim) {
    this.#handle = handle;
    this.#position = position;
    this.#claim = claim;
    this.#writeBack = new WriteBack(handle);
  }

  /**
   * Takes `bytes`, which the caller may use again once this has resolved, or at once where it returns nothing: most calls
   * only fill a piece, and to wait for each costs more than that.
   *
   * @throws StorageError what the quota or the system refused, now or at an earlier piece
   */
  write(bytes: Bytes): Promise<void> | undefined {
    if (this.#hasEnded || this.#filled + bytes.length >= PIECE_LENGTH)
      return this.#heed(() => this.#writePieces(bytes));
    try {
      this.#count(bytes);
    } catch (error) {
      return this.#heed(() => Promise.reject(error));
    }
    this.#fill(bytes);
    return undefined;
  }

  /** Resolves once all bytes are on the disk. @throws StorageError as `write` */
  async sync(): Promise<void> {
    await this.#heed(async () => {
      if (this.#filled > 0) await this.#start();
      await this.#writing;
      await this.#writeBack.finish();
    });
  }

  /** Takes no more; resolves once nothing is being written. */
  async end(): Promise<void> {
    this.#hasEnded = true;
    await this.#writing.catch(() => {});
    await this.#writeBack.end();
  }

  async #writePieces(bytes: Bytes): Promise<void> {
    this.#checkOpen();
    this.#count(bytes);
    for (let rest = bytes; rest.length > 0; ) {
      const part = rest.subarray(0, PIECE_LENGTH - this.#filled);
      this.#fill(part);
      rest = rest.subarray(part.length);
      if (this.#filled === PIECE_LENGTH) await this.#start();
    }
  }

  #count({ length }: Bytes): void {
    this.#claim.grow(length);
    this.taken += length;
  }

  /** Puts `part` into the piece that is being filled, where there is room for it. */
  #fill(part: Bytes): void {
    this.#filling ??= this.#takeSpare();
    this.#filling.set(part, this.#filled);
    this.#filled += part.length;
  }

  #checkOpen(): void {
    if (this.#hasEnded) throw new Error("the upload has ended");
  }

  async #heed(work: () => Promise<void>): Promise<void> {
    try {
      await attempt(work);
    } catch (error) {
      if (error instanceof StorageError && error.code === "full") this.isFull = true;
      throw error;
    }
  }

  /** Begins to write the piece that was filled, once the one before is written. */
  async #start(): Promise<void> {
    await this.#writing;
    this.#checkOpen();
    const piece = this.#filling;
    if (!piece) return;
    this.#filling = undefined;
    const length = this.#filled;
    this.#filled = 0;
    const position = this.#position;
    this.#position += length;
    this.#writing = this.#put(piece, length, position);
    // whoever writes or flushes next will hear of it
    this.#writing.catch(() => {});
  }

  /** Returns a buffer that is not in use: there are two in all. */
  #takeSpare(): Bytes {
    const spare = this.#spare ?? new Uint8Array(PIECE_LENGTH);
    this.#spare = undefined;
    return spare;
  }

  async #put(piece: Bytes, length: number, position: number): Promise<void> {
    for (let done = 0; done < length; ) {
      const { bytesWritten } = await this.#handle.write(piece, done, length - done, position + done);
      done += bytesWritten;
    }
    this.#writeBack.note(length);
    this.#spare = piece;
  }
}
