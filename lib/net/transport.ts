/**
 * What a channel runs over: anything that carries whole messages, in order, both ways.
 *
 * `FramedStream` is one over TCP; the pair in memory here serves tests, and two ends within one process.
 */
import type { Bytes } from "../bytes/bytes.ts";
import { concat } from "../bytes/bytes.ts";

export interface Transport {
  /**
   * Returns the next message, or undefined once the peer has ended its half.
   *
   * @param limit bytes of the longest message that is taken
   * @param use what becomes of it: `brief` is for whoever is done with it before he asks for the next one, which then may
   *   lie in the same memory; by default it is his to keep
   * @throws Error when the message is longer or cut short, or when the transport has failed
   */
  next(limit: number, use?: "keep" | "brief"): Promise<Bytes | undefined>;
  /** Sends `parts`, joined, as one message; resolves once it is taken off our hands. */
  write(...parts: Bytes[]): Promise<void>;
  /** True when nobody looks at the memory of what was written any more, once `write` has resolved. */
  readonly letsGo: boolean;
  /** Ends our half: nothing more will be written. */
  end(): void;
  /** Ends both halves, after what was written has gone out. */
  close(): void;
  /** Cuts the transport off at once: whoever waits for it gets `error`. */
  destroy(error: Error): void;
  /** True once it can carry nothing any more. */
  readonly closed: boolean;
}

// messages that one end may send before the other takes them
const MEMORY_CAPACITY = 16;

/** Returns the two ends of a transport in memory. */
export function memoryPair(): [Transport, Transport] {
  const left = new MemoryTransport();
  const right = new MemoryTransport();
  left.peer = right;
  right.peer = left;
  return [left, right];
}

class MemoryTransport implements Transport {
  // what is written is copied
  readonly letsGo = true;
  peer: MemoryTransport = this;
  closed = false;
  #inbox: Bytes[] = [];
  #peerEnded = false;
  #ended = false;
  #failure: Error | undefined;
  #wake: (() => void)[] = [];

  async next(limit: number): Promise<Bytes | undefined> {
    for (;;) {
      const message = this.#inbox.shift();
      if (message) {
        this.peer.#changed();
        if (message.length <= limit) return message;
        throw new Error(`the peer sent a message of ${message.length} bytes, at most ${limit} are taken`);
      }
      if (this.#peerEnded) return undefined;
      await this.#change();
    }
  }

  async write(...parts: Bytes[]): Promise<void> {
    if (this.#ended) throw new Error("our half of the connection is closed");
    if (this.#failure) throw this.#failure;
    this.peer.#inbox.push(concat(parts));
    this.peer.#changed();
    while (this.peer.#inbox.length > MEMORY_CAPACITY) await this.#change();
  }

  end(): void {
    this.#ended = true;
    this.peer.#peerEnded = true;
    this.peer.#changed();
  }

  close(): void {
    this.end();
    this.#fail(new Error("the connection is closed"));
  }

  destroy(error: Error): void {
    this.#fail(error);
    this.peer.#fail(new Error("the peer broke the connection off; its own output may say why"));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.closed = true;
    this.#changed();
  }

  async #change(): Promise<void> {
    if (this.#failure) throw this.#failure;
    await new Promise<void>((resolve) => this.#wake.push(resolve));
  }

  #changed(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}
