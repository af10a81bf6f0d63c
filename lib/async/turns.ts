/** Lets sources, such as the addresses of clients, take turns at costly work. */
import { setImmediate } from "node:timers";
import { FairQueue } from "./fair-queue.ts";

/** How many connections may be accepted between two tasks. */
const ACCEPTED_BETWEEN = 32;

// one for all: a flood would pay for each new error
const DISPLACED = new Error("rejected: too many others from its address are waiting");
const GONE = new Error("the peer has gone before its turn came");

/** Such as a socket. */
interface Closeable {
  once(event: "close", listener: () => void): unknown;
  off(event: "close", listener: () => void): unknown;
}

interface Waiting {
  start: () => void;
  reject: (error: Error) => void;
}

/** Runs at most `width` tasks at a time; those that wait start in the order of a `FairQueue`. */
export class Turns {
  #free: number;
  readonly #waiting: FairQueue<Waiting>;
  #accepted = 0;

  /** @param perSource maximum number of tasks of one source that wait */
  constructor(width: number, perSource: number) {
    this.#free = width;
    this.#waiting = new FairQueue(perSource);
  }

  /** As `FairQueue.know`. */
  know(source: string): void {
    this.#waiting.know(source);
  }

  /**
   * Call this for each connection that is accepted: the next task then waits for another.
   *
   * Node accepts one connection in each turn of the event loop, so without this a busy server
   * would accept as few as it computes, and the system would refuse the rest.
   */
  accept(): void {
    this.#accepted += 1;
  }

  /**
   * Runs `task` once it is the turn of `source`, and returns its result.
   *
   * @param connection what the task is for: once it closes, the task waits no longer
   * @throws Error when too many newer tasks of the same source wait, or `connection` has closed
   */
  async run<T>(source: string, task: () => Promise<T>, connection?: Closeable): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await this.#wait(source, connection);
    try {
      return await task();
    } finally {
      // not at once: part of the work is done on the main thread, and sockets need their turn
      setImmediate(() => this.#startNextAfter(ACCEPTED_BETWEEN));
    }
  }

  async #wait(source: string, connection: Closeable | undefined): Promise<void> {
    let leave = () => {};
    try {
      await new Promise<void>((start, reject) => {
        const waiting = { start, reject };
        leave = () => {
          this.#waiting.remove(source, waiting);
          reject(GONE);
        };
        connection?.once("close", leave);
        this.#waiting.push(source, waiting)?.reject(DISPLACED);
      });
    } finally {
      connection?.off("close", leave);
    }
  }

  /**
   * Starts the next task after a turn of the event loop that accepts no connection, at the latest
   * after `turns`.
   */
  #startNextAfter(turns: number): void {
    const before = this.#accepted;
    setImmediate(() => {
      if (this.#accepted > before && turns > 1) this.#startNextAfter(turns - 1);
      else this.#startNext();
    });
  }

  #startNext(): void {
    const next = this.#waiting.shift();
    if (next) next.start();
    else this.#free += 1;
  }
}
