/**
 * Frames: messages over a byte stream.
 *
 *     frame = uint32 length of the payload, big-endian ‖ payload
 *
 * A length over the limit of the reader is refused before any of the payload is read.
 *
 * On a socket, a reset right after data may look like an orderly end, and an attacker on the wire
 * can end a stream. So the end of a stream proves nothing: that the data before it is complete must
 * be established by other means.
 */
import { Buffer } from "node:buffer";
import { Socket } from "node:net";
import process from "node:process";
import type { Duplex } from "node:stream";
import { type Bytes, concat } from "../bytes/bytes.ts";
import { decodeUint32, encodeUint32 } from "../bytes/fields.ts";
import { release } from "../bytes/release.ts";
import { systemCode } from "../cli/diagnostics.ts";
import type { Transport } from "./transport.ts";

/** Maximum length of a hello or a proof. */
export const HELLO_LIMIT = 8 * 1024;
/** Maximum length of all other frames. */
export const FRAME_LIMIT = 2 * 1024 * 1024;

const HEADER_LENGTH = 4;
// each chunk costs some hundred bytes of overhead, so the chunks of a frame that trickles in are
// merged early
const MAX_CHUNKS = 1024;
// below this length, joining the parts of a frame costs less than writing them one by one
const SMALL_FRAME = 4 * 1024;

/**
 * Reads and writes whole frames on a stream, which must allow half-open connections.
 *
 * The stream is read only while a frame is requested, up to one chunk ahead, and `write` waits
 * until the stream has accepted the frame: neither side buffers more than two frames and two
 * chunks. The stream belongs to this object from now on.
 */
export class FramedStream implements Transport {
  readonly #stream: Duplex;
  #chunks: Bytes[] = [];
  #buffered = 0;
  #wanted = 0;
  #ended = false;
  #corked = false;
  #failure: Error | undefined;
  #wake: () => void = () => {};
  // a destroyed stream may never call back for pending writes
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

  get ended(): boolean {
    return this.#failure !== undefined || (this.#ended && this.#buffered === 0);
  }

  /** Yields the frames until the peer ends its half. @throws as `read` */
  async *frames(limit: number): AsyncGenerator<Bytes> {
    for (let frame = await this.next(limit); frame; frame = await this.next(limit)) yield frame;
  }

  /**
   * Returns the payload of the next frame, or undefined when the peer has ended its half after the
   * last one.
   *
   * @param limit maximum length of the payload
   * @throws Error when the frame is longer, or when the stream ends inside it or fails
   */
  async next(limit: number): Promise<Bytes | undefined> {
    // buffered data is returned without waiting: each wait is expensive for a small frame
    if (this.#buffered < HEADER_LENGTH && !(await this.#fill(HEADER_LENGTH))) {
      if (this.#buffered === 0) return undefined;
      throw this.#endedInside("header", HEADER_LENGTH);
    }
    const length = decodeUint32(this.#cut(HEADER_LENGTH), 0);
    if (length > limit)
      throw new Error(`the peer announced a frame of ${length} bytes, at most ${limit} are accepted`);
    if (this.#buffered < length && !(await this.#fill(length))) throw this.#endedInside("payload", length);
    return this.#cut(length);
  }

  /**
   * Returns the payload of the next frame.
   *
   * @param limit maximum length of the payload
   * @throws Error when the frame is longer, or when the stream ends before or inside it or fails
   */
  async read(limit: number): Promise<Bytes> {
    const payload = await this.next(limit);
    if (payload) return payload;
    throw new Error("the peer closed the connection early; its own output may say why");
  }

  /**
   * Returns the payload of the next frame once the peer has ended its half, so that nothing follows
   * it.
   *
   * @throws Error as `read`, and when anything follows the frame
   */
  async readLast(limit: number): Promise<Bytes> {
    const payload = await this.read(limit);
    if (await this.#fill(1)) throw new Error("the peer sent more than its last frame");
    return payload;
  }

  /**
   * Sends `parts`, joined, as one frame, and waits until the stream has accepted it.
   *
   * @throws Error when the stream fails
   */
  write(...parts: Bytes[]): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure);
      this.#abandonWrites.add(reject);
      const length = parts.reduce((sum, part) => sum + part.length, 0);
      const frame = [encodeUint32(length), ...parts];
      const chunks = length <= SMALL_FRAME ? [concat(frame)] : joinStart(frame);
      this.#cork();
      const last = chunks.pop();
      for (const chunk of chunks) this.#stream.write(chunk);
      this.#stream.write(last, (error) => {
        this.#abandonWrites.delete(reject);
        if (error) reject(this.#failure ?? describe(error));
        else resolve();
      });
    });
  }

  /**
   * Sends `payload` as a frame, ends our half of the stream, and waits until both are flushed: on a
   * socket, to the system. This does not mean that the peer has read them.
   *
   * @throws Error when the stream fails
   */
  async writeLast(payload: Bytes): Promise<void> {
    await this.write(payload);
    await new Promise<void>((resolve, reject) => {
      if (this.#failure) return reject(this.#failure);
      this.#abandonWrites.add(reject);
      this.#stream.end((error?: Error | null) => {
        this.#abandonWrites.delete(reject);
        if (error) reject(this.#failure ?? describe(error));
        else resolve();
      });
    });
  }

  /** Ends our half of the stream. */
  end(): void {
    this.#stream.end();
  }

  /** Ends both halves once pending writes are flushed. */
  close(): void {
    this.#stream.end(() => this.#stream.destroy());
  }

  /** Destroys the stream; pending reads and writes fail with `error`. */
  destroy(error: Error): void {
    this.#fail(error);
    this.#stream.destroy();
  }

  /** Sends the frames that are written in one turn of the event loop in one segment. */
  #cork(): void {
    if (this.#corked) return;
    this.#corked = true;
    this.#stream.cork();
    process.nextTick(() => {
      this.#corked = false;
      this.#stream.uncork();
    });
  }

  #take(chunk: Bytes): void {
    // no reader waits for more: this chunk is the last for now
    if (this.#wanted === 0) this.#stream.pause();
    // a Uint8Array, not a Buffer, whose slice() would not copy
    this.#chunks.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length));
    this.#buffered += chunk.length;
    if (this.#chunks.length > MAX_CHUNKS) this.#chunks = [concat(this.#chunks)];
    if (this.#buffered < this.#wanted) return;
    // immediately: a stream in memory may deliver its next chunk before the waiting reader runs
    this.#wanted = 0;
    this.#wake();
  }

  #fail(error: Error): void {
    const failure = this.#failure ?? describe(error);
    this.#failure = failure;
    this.#wake();
    for (const abandon of this.#abandonWrites) abandon(failure);
    this.#abandonWrites.clear();
  }

  /** Waits until `length` bytes are buffered; returns false when the stream ends first. */
  async #fill(length: number): Promise<boolean> {
    while (this.#buffered < length) {
      if (this.#ended) return false;
      if (this.#failure) throw this.#failure;
      this.#wanted = length;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        if (this.#stream.isPaused()) this.#stream.resume();
      });
    }
    return true;
  }

  /**
   * Removes the first `length` bytes of the buffer, and copies them only if they span several
   * chunks.
   */
  #cut(length: number): Bytes {
    this.#buffered -= length;
    const first = this.#cutChunk(length);
    if (first.length === length) return first;
    const whole = allocate(length);
    for (let [offset, part] = [0, first]; ; part = this.#cutChunk(length - offset)) {
      whole.set(part, offset);
      offset += part.length;
      this.#drop(part);
      if (offset === length) return whole;
    }
  }

  /** Removes at most `length` bytes of the first chunk. */
  #cutChunk(length: number): Bytes {
    const [first = new Uint8Array()] = this.#chunks;
    if (first.length > length) this.#chunks[0] = first.subarray(length);
    else this.#chunks.shift();
    return first.subarray(0, length);
  }

  /**
   * Frees the memory of a chunk once `part`, its last bytes, has been copied: only this object
   * refers to data read from a socket.
   */
  #drop(part: Bytes): void {
    const isLast = part.byteOffset + part.length === part.buffer.byteLength;
    if (isLast && this.#stream instanceof Socket) release(new Uint8Array(part.buffer));
  }

  #endedInside(part: string, length: number): Error {
    return new Error(
      `the peer closed the connection inside a frame (${this.#buffered} of ${length} bytes of its ${part})`,
    );
  }
}

/** Joins the short parts at the beginning of `parts`. */
function joinStart(parts: Bytes[]): Bytes[] {
  const start = parts.findIndex((part) => part.length > SMALL_FRAME);
  return start > 1 ? [concat(parts.slice(0, start)), ...parts.slice(start)] : parts;
}

/** Allocates `length` bytes without zeroing them. */
function allocate(length: number): Bytes {
  return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
}

/** Returns the error to show for a failed connection. */
export function describe(error: Error): Error {
  if (["ECONNRESET", "EPIPE"].includes(systemCode(error) ?? "")) {
    return new Error("the peer reset the connection; its own output may say why");
  }
  return error;
}
