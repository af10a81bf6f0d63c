/**
 * Frames over a byte stream: where one message ends and the next begins.
 *
 *     frame = uint32 length of the payload, big-endian ‖ payload
 *
 * A length over the reader's limit is refused before any of the payload is read.
 *
 * On a socket, a reset that follows data closely may look like an orderly end; and anybody on the wire can end a stream. So
 * the end of a stream vouches for nothing by itself: what came before it must be known to be whole by other means.
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

/** Bytes of the longest hello or proof. */
export const HELLO_LIMIT = 8 * 1024;
/** Bytes of the longest frame after those. */
export const FRAME_LIMIT = 2 * 1024 * 1024;

const HEADER_LENGTH = 4;
// each chunk costs some hundred bytes besides its content, so a frame that trickles in byte by byte is joined early
const MAX_CHUNKS = 1024;
// below this, joining the parts of a frame costs less than handing them to the stream one by one
const SMALL_FRAME = 4 * 1024;

/**
 * Reads and writes whole frames on a stream, which must allow one half to end before the other.
 *
 * The stream is read only while a frame is asked for, up to a chunk more, and `write` waits until the stream has taken
 * the frame: neither side holds more than two frames and two chunks. The stream belongs to this object from now on.
 */
export class FramedStream implements Transport {
  /** On a socket, where the system has it by then; another stream may hand it on to somebody. */
  readonly letsGo: boolean;
  readonly #stream: Duplex;
  #chunks: Bytes[] = [];
  #buffered = 0;
  #wanted = 0;
  #ended = false;
  #corked = false;
  #failure: Error | undefined;
  #wake: () => void = () => {};
  // where frames are joined whose bytes are not kept
  #joined: Bytes = new Uint8Array();
  // a stream that is destroyed need not call back for what it had not written yet
  readonly #abandonWrites = new Set<(error: Error) => void>();

  constructor(stream: Duplex) {
    this.#stream = stream;
    this.letsGo = stream instanceof Socket;
    stream.pause();
    stream.on("data", (chunk: Bytes) => this.#take(chunk));
    stream.on("end", () => {
      this.#ended = true;
      this.#wake();
    });
    stream.on("error", (error) => this.#fail(error));
    stream.on("close", () => this.#fail(new Error("the connection is closed")));
  }

  /** True once the stream is closed or has failed. */
  get closed(): boolean {
    return this.#failure !== undefined;
  }

  /** Yields each frame until the peer ends its half; @throws as `read`. */
  async *frames(limit: number): AsyncGenerator<Bytes> {
    for (let frame = await this.next(limit); frame; frame = await this.next(limit)) yield frame;
  }

  /**
   * Returns the payload of the next frame, or undefined when the peer has ended its half after the last one.
   *
   * @param limit bytes of payload that are taken at most
   * @param use what becomes of it: `brief` is for whoever is done with it before he asks for the next one, which then may
   *   lie in the same memory
   * @throws Error when the frame is longer, when the stream ends inside it, or fails
   */
  async next(limit: number, use: "keep" | "brief" = "keep"): Promise<Bytes | undefined> {
    // what is here already is taken without waiting: each wait costs a small frame dear
    if (this.#buffered < HEADER_LENGTH && !(await this.#fill(HEADER_LENGTH))) {
      if (this.#buffered === 0) return undefined;
      throw this.#endedInside("header", HEADER_LENGTH);
    }
    const length = decodeUint32(this.#cut(HEADER_LENGTH), 0);
    if (length > limit)
      throw new Error(`the peer announced a frame of ${length} bytes, at most ${limit} are taken`);
    if (this.#buffered < length && !(await this.#fill(length))) throw this.#endedInside("payload", length);
    return this.#cut(length, use);
  }

  /**
   * Returns the payload of the next frame.
   *
   * @param limit bytes of payload that are taken at most
   * @throws Error when the frame is longer, when the stream ends before or inside it, or fails
   */
  async read(limit: number): Promise<Bytes> {
    const payload = await this.next(limit);
    if (payload) return payload;
    throw new Error("the peer closed the connection early; its own output may say why");
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

  /**
   * Sends `parts`, joined, as one frame, and waits until the stream has taken it.
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
   * Sends `payload` as a frame, ends our half of the stream, and waits until both are out: on a socket, in the hands of the
   * system. Whether the peer has read them, only the peer can tell.
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

  /** Ends both halves, after what was written has gone out. */
  close(): void {
    this.#stream.end(() => this.#stream.destroy());
  }

  /** Cuts the stream off at once: whoever waits for a frame gets `error`. */
  destroy(error: Error): void {
    this.#fail(error);
    this.#stream.destroy();
  }

  /** Lets the frames that are written in one turn of the event loop go out in one piece. */
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
    // nobody waits for more: this chunk is the last for now
    if (this.#wanted === 0) this.#stream.pause();
    // a plain array, not a Buffer: the same type for every frame, whose slice() copies
    this.#chunks.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length));
    this.#buffered += chunk.length;
    if (this.#chunks.length > MAX_CHUNKS) this.#chunks = [concat(this.#chunks)];
    if (this.#buffered < this.#wanted) return;
    // at once: a stream in memory may hand over its next chunk before whoever waits for this one runs
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

  /** Waits until `length` bytes are here; returns false when the stream ends before. */
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

  /** Takes `length` bytes, which are here, off the front, and copies them only when they lie in several chunks. */
  #cut(length: number, use: "keep" | "brief" = "keep"): Bytes {
    this.#buffered -= length;
    const first = this.#cutChunk(length);
    if (first.length === length) return first;
    const whole = use === "keep" ? allocate(length) : this.#reuse(length);
    for (let [offset, part] = [0, first]; ; part = this.#cutChunk(length - offset)) {
      whole.set(part, offset);
      offset += part.length;
      this.#drop(part);
      if (offset === length) return whole;
    }
  }

  /** Returns `length` bytes, the same ones each time: fresh memory costs more than the copy into it. */
  #reuse(length: number): Bytes {
    // nor is more of it held on to than frames need now
    if (this.#joined.length < length || this.#joined.length > 4 * length) this.#joined = allocate(length);
    return this.#joined.subarray(0, length);
  }

  /** Takes at most `length` bytes off the first chunk. */
  #cutChunk(length: number): Bytes {
    const [first = new Uint8Array()] = this.#chunks;
    if (first.length > length) this.#chunks[0] = first.subarray(length);
    else this.#chunks.shift();
    return first.subarray(0, length);
  }

  /** Gives the memory of a chunk back once `part`, its last bytes, has been copied: what a socket has read is nobody else's. */
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

/** Returns `parts` with the short ones at the beginning joined. */
function joinStart(parts: Bytes[]): Bytes[] {
  const start = parts.findIndex((part) => part.length > SMALL_FRAME);
  return start > 1 ? [concat(parts.slice(0, start)), ...parts.slice(start)] : parts;
}

/** Returns `length` bytes that will be overwritten, without the cost of zeroing them. */
function allocate(length: number): Bytes {
  return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
}

/** Returns the error of a connection in the words of the person who reads it. */
export function describe(error: Error): Error {
  if (["ECONNRESET", "EPIPE"].includes(systemCode(error) ?? "")) {
    return new Error("the peer broke the connection off; its own output may say why");
  }
  return error;
}
