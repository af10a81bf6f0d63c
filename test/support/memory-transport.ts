/** A transport in memory, for tests. */
import { type Bytes, concat } from "../../lib/bytes/bytes.ts";
import type { Transport } from "../../lib/net/transport.ts";

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
  peer: MemoryTransport = this;
  #inbox: Bytes[] = [];
  #peerEnded = false;
  #ended = false;
  #failure: Error | undefined;
  #wake: (() => void)[] = [];

  get ended(): boolean {
    return this.#failure !== undefined || (this.#peerEnded && this.#inbox.length === 0);
  }

  async next(limit: number): Promise<Bytes | undefined> {
    for (;;) {
      const message = this.#inbox.shift();
      if (message) {
        this.peer.#changed();
        if (message.length <= limit) return message;
        throw new Error(`the peer sent a message of ${message.length} bytes, at most ${limit} are accepted`);
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
    this.peer.#fail(new Error("the peer reset the connection; its own output may say why"));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
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
