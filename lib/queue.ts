/** A queue for work that would otherwise take the processor from everybody else, such as RSA. */
import { setImmediate } from "node:timers";

/** Runs at most `width` tasks at a time, first come first served. */
export class Queue {
  #free: number;
  #waiting: (() => void)[] = [];

  constructor(width: number) {
    this.#free = width;
  }

  /** Runs `task` when its turn comes, and returns what it returns. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await task();
    } finally {
      // not at once: one of the WebCrypto providers computes on the main thread, and sockets want their turn between
      setImmediate(() => this.#next());
    }
  }

  #next(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free += 1;
  }
}
