/** Writes to a file in large pieces: one fills while another is being written. */
import type { FileHandle } from "node:fs/promises";
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import { attempt, StorageError } from "./storage-error.ts";
import type { Claim } from "./usage.ts";
import { WriteBack } from "./write-back.ts";

/** Bytes of one system call. */
export const PIECE_LENGTH = 256 * 1024;

export class PieceWriter {
  /** Whether the disk or the quota had no room for some bytes. */
  isFull = false;
  /** Bytes accepted. */
  taken = 0;
  readonly #handle: FileHandle;
  readonly #claim: Claim;
  readonly #writeBack: WriteBack;
  /** The offset of the next piece in the file. */
  #position: number;
  #filling: Bytes | undefined;
  #filled = 0;
  #spare: Bytes | undefined;
  #writing: Promise<void> = Promise.resolve();
  #hasEnded = false;

  /** @param position the offset of the first byte @param claim counts the bytes */
  constructor(handle: FileHandle, position: number, claim: Claim) {
    this.#handle = handle;
    this.#position = position;
    this.#claim = claim;
    this.#writeBack = new WriteBack(handle);
  }

  /**
   * Writes `bytes`. The caller may reuse them once this resolves, or at once if it returns
   * undefined: most calls only fill a buffer, and awaiting each of them would cost more than that.
   *
   * @throws StorageError from the quota or the system, for these bytes or earlier ones
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

  /** Accepts no more bytes; resolves once no write is pending. */
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

  /** Copies `part`, which must fit, to the buffer. */
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

  /** Starts to write the buffer, once the previous one is written. */
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
    // reported by the next write or sync
    this.#writing.catch(() => {});
  }

  /** Returns a free buffer: there are two in all. */
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
