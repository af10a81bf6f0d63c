/** Lets sources, such as the addresses of clients, take turns at costly work. */
import { setImmediate } from "node:timers";
import { FairQueue } from "./fair-queue.ts";

interface Waiting {
  start: () => void;
  reject: (error: Error) => void;
}

/** Runs at most `width` tasks at a time; those that wait start in the order of a `FairQueue`. */
export class Turns {
  #free: number;
  readonly #waiting: FairQueue<Waiting>;

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
   * Runs `task` once it is the turn of `source`, and returns its result.
   *
   * @throws Error when too many newer tasks of the same source wait
   */
  async run<T>(source: string, task: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await this.#wait(source);
    try {
      return await task();
    } finally {
      // not immediately: part of the work is done on the main thread, and sockets need a turn in
      // between
      setImmediate(() => this.#startNext());
    }
  }

  #wait(source: string): Promise<void> {
    return new Promise((start, reject) => {
      const displaced = this.#waiting.push(source, { start, reject });
      displaced?.reject(new Error("rejected: too many others from its address are waiting"));
    });
  }

  #startNext(): void {
    const next = this.#waiting.shift();
    if (next) next.start();
    else this.#free += 1;
  }
}
