/**
 * Frames over a byte stream: where one message ends and the next begins.
 *
 *     frame = uint32 length of the payload, big-endian ‖ payload
 *
 * A length over the reader's limit is refused before any of the payload is read.
 */
import type { Duplex } from "node:stream";
import { type Bytes, concat } from "./bytes.ts";
import { decodeUint32, encodeUint32 } from "./fields.ts";

/** Bytes of the longest hello or proof. */
export const HELLO_LIMIT = 8 * 1024;
/** Bytes of the longest frame after those. */
export const FRAME_LIMIT = 2 * 1024 * 1024;

const HEADER_LENGTH = 4;
// each chunk costs some hundred bytes besides its content, so a frame that trickles in byte by byte is joined early
const MAX_CHUNKS = 1024;

/**
 * Reads and writes whole frames on a stream, which must allow one half to end before the other.
 *
 * Nothing is read from the stream before it is asked for, and `write` waits until the stream has taken the frame:
 * neither side holds more than a frame and a chunk. The stream belongs to this object from now on.
 */
export class FramedStream {
  readonly #stream: Duplex;
  #chunks: Bytes[] = [];
  #buffered = 0;
  #wanted = 0;
  #ended = false;
  #failure: Error | undefined;
  #wake: () => void = () => {};
  // a stream that is destroyed need not call back for what it had not written yet
  readonly #abandonWrites = new Set<(error: Error) => void>();

  constructor(stream: Duplex) {
    this.#stream = stream;
    stream.pause();
    stream.on("data", (chunk: Bytes) => this.#take(chunk));
    stream.on("end", () => {
      this.#ended = true;
      this.#wake();
    });
    stream.on("error", (error) => this.#fail(error));
    stream.on("close", () => this.#fail(new Error("the connection is closed")));
  }

  /** Yields each frame until the peer ends its half; @throws as `read`. */
  async *frames(limit: number): AsyncGenerator<Bytes> {
    while (await this.#fill(1)) yield await this.read(limit);
  }

  /**
   * Returns the payload of the next frame.
   *
   * @param limit bytes of payload that are taken at most
   * @throws Error when the frame is longer, when the stream ends before or inside it, or fails
   */
  async read(limit: number): Promise<Bytes> {
    if (!(await this.#fill(HEADER_LENGTH))) throw this.#endedTooSoon("header", HEADER_LENGTH);
    const length = decodeUint32(this.#cut(HEADER_LENGTH), 0);
    if (length > limit)
      throw new Error(`the peer announced a frame of ${length} bytes, at most ${limit} are taken`);
    if (!(await this.#fill(length))) throw this.#endedTooSoon("payload", length);
    return this.#cut(length);
  }

  /**
   * Returns the payload of the next frame once the peer has ended its half: nothing can hang on behind it.
   *
   * @throws Error as `read`, and when anything follows the frame
   */
  async readLast(limit: number): Promise<Bytes> {
    const payload = await this.read(limit);
    if (await this.#fill(1)) throw new Error("the peer sent more than its last frame");
    return payload;
  }

  /** Sends `payload` as a frame, and waits until the stream has taken it. @throws Error when the stream fails */
  async write(payload: Bytes): Promise<void> {
    if (this.#failure) throw this.#failure;
    await new Promise<void>((resolve, reject) => {
      this.#abandonWrites.add(reject);
      this.#stream.cork();
      this.#stream.write(encodeUint32(payload.length));
      this.#stream.write(payload, (error) => {
        this.#abandonWrites.delete(reject);
        if (error) reject(this.#failure ?? describe(error));
        else resolve();
      });
      this.#stream.uncork();
    });
  }

  /** Sends `payload` as a frame, then ends our half of the stream. */
  async writeLast(payload: Bytes): Promise<void> {
    await this.write(payload);
    this.#stream.end();
  }

  #take(chunk: Bytes): void {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    if (this.#chunks.length > MAX_CHUNKS) this.#chunks = [concat(this.#chunks)];
    if (this.#buffered < this.#wanted) return;
    this.#stream.pause();
    this.#wake();
  }

  #fail(error: Error): void {
    const failure = this.#failure ?? describe(error);
    this.#failure = failure;
    this.#wake();
    for (const abandon of this.#abandonWrites) abandon(failure);
    this.#abandonWrites.clear();
  }

  /** Waits until `length` bytes are here; returns false when the stream ends before. */
  async #fill(length: number): Promise<boolean> {
    while (this.#buffered < length) {
      if (this.#ended) return false;
      if (this.#failure) throw this.#failure;
      this.#wanted = length;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        this.#stream.resume();
      });
    }
    return true;
  }

  /** Takes `length` bytes, which are here, off the front. */
  #cut(length: number): Bytes {
    const [first] = this.#chunks;
    const all = first && first.length >= length ? first : concat(this.#chunks);
    const rest = all.subarray(length);
    this.#chunks = all === first ? this.#chunks.slice(1) : [];
    if (rest.length > 0) this.#chunks.unshift(rest);
    this.#buffered -= length;
    return all.subarray(0, length);
  }

  #endedTooSoon(part: string, length: number): Error {
    if (part === "header" && this.#buffered === 0) {
      return new Error("the peer closed the connection early; its own output may say why");
    }
    return new Error(
      `the peer closed the connection inside a frame (${this.#buffered} of ${length} bytes of its ${part})`,
    );
  }
}

/** Returns the error of a connection in the words of the person who reads it. */
export function describe(error: Error): Error {
  if ("code" in error && (error.code === "ECONNRESET" || error.code === "EPIPE")) {
    return new Error("the peer broke the connection off; its own output may say why");
  }
  return error;
}
