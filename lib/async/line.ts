/** A line of callers that wait for something: their sources take turns, and who leaves is out. */
import { FairQueue } from "./fair-queue.ts";

// one for all: a flood would pay for each new error
const DISPLACED = new Error("rejected: too many others from its address are waiting");
const GONE = new Error("the peer has gone before its turn came");

/** The connection of a waiting peer, such as a socket. */
export interface Connection {
  readonly destroyed: boolean;
  /** Whether everything that the peer has sent before it ended its half was read. */
  readonly readableEnded: boolean;
  once(event: "end" | "close", listener: () => void): unknown;
  off(event: "end" | "close", listener: () => void): unknown;
}

interface Waiting<T> {
  resolve: (value: T) => void;
  reject: (error: Error) => void;
}

/** Callers that wait for values; they are served in the order of a `FairQueue`. */
export class Line<T> {
  readonly #waiting: FairQueue<Waiting<T>>;

  /** @param perSource maximum number of callers of one source */
  constructor(perSource: number) {
    this.#waiting = new FairQueue(perSource);
  }

  /** As `FairQueue.know`. */
  know(source: string): void {
    this.#waiting.know(source);
  }

  /** The sources that wait. */
  get sources(): string[] {
    return this.#waiting.sources;
  }

  /** The number of callers. */
  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Waits for a value.
   *
   * @param connection once it closes, or its peer ends it, the caller leaves the line
   * @throws Error when it has left, or too many newer callers of the same source wait
   */
  async wait(source: string, connection: Connection): Promise<T> {
    checkPresence(connection);
    let leave = () => {};
    try {
      return await new Promise<T>((resolve, reject) => {
        const waiting = { resolve, reject };
        leave = () => {
          this.#waiting.remove(source, waiting);
          reject(GONE);
        };
        connection.once("end", leave);
        connection.once("close", leave);
        this.#waiting.push(source, waiting)?.reject(DISPLACED);
      });
    } finally {
      connection.off("end", leave);
      connection.off("close", leave);
    }
  }

  /** Gives `value` to the next caller; returns false if none waits. */
  serve(value: T): boolean {
    const next = this.#waiting.shift();
    next?.resolve(value);
    return next !== undefined;
  }

  /** Rejects the next caller, if any. */
  fail(error: Error): void {
    this.#waiting.shift()?.reject(error);
  }
}

/** @throws Error if the peer of `connection` has gone */
export function checkPresence(connection: Connection): void {
  if (connection.destroyed || connection.readableEnded) throw GONE;
}
