/** Streams in memory for what reads and writes frames. */
import { Duplex } from "node:stream";
import { type Bytes, concat } from "../../lib/bytes/bytes.ts";

/** A stream with both ends in the test's hands. */
export interface Playback {
  stream: Duplex;
  /** Returns how many chunks have been asked for. */
  pulled(): number;
  /** Returns all that was written to the stream. */
  written(): Bytes;
}

/**
 * Returns a stream that yields `chunks`, each when it is asked for, and then ends; what is written
 * to it is kept.
 */
export function playback(chunks: Iterable<Bytes>): Playback {
  const source = chunks[Symbol.iterator]();
  const written: Bytes[] = [];
  let pulled = 0;
  const stream = new Duplex({
    readableHighWaterMark: 1,
    read() {
      const { done, value } = source.next();
      if (!done) pulled += 1;
      this.push(done ? null : value);
    },
    write(chunk: Bytes, _encoding, done) {
      written.push(chunk);
      done();
    },
  });
  return { stream, pulled: () => pulled, written: () => concat(written) };
}

/** Returns `bytes` as chunks that end at each of the offsets `cuts` and at the end. */
export function split(bytes: Bytes, cuts: readonly number[]): Bytes[] {
  const edges = [0, ...cuts, bytes.length].sort((a, b) => a - b);
  return edges
    .slice(1)
    .map((end, index) => bytes.slice(edges[index], end))
    .filter((chunk) => chunk.length > 0);
}

/** Waits until everything that is already under way in the event loop has run. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
