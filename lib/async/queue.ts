/** A queue for work that would otherwise take the processor from everybody else, such as RSA and Diffie-Hellman. */
import { setImmediate } from "node:timers";

/**
 * Runs at most `width` tasks at a time, and the newest of those that wait first; when more than `capacity` wait, the
 * oldest is turned away.
 *
 * In order of arrival, a server that is flooded would serve each client just before it drops it as the oldest.
 */
export class Queue {
  readonly #capacity: number;
  #free: number;
  #waiting: { start: () => void; turnAway: (error: Error) => void }[] = [];

  constructor(width: number, capacity: number) {
    this.#free = width;
    this.#capacity = capacity;
  }

  /** Runs `task` when its turn comes, and returns what it returns. @throws Error when it is turned away */
  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await this.#wait();
    try {
      return await task();
    } finally {
      // not at once: one of the WebCrypto providers computes on the main thread, and sockets want their turn between
      setImmediate(() => this.#next());
    }
  }

  #wait(): Promise<void> {
    return new Promise((start, turnAway) => {
      this.#waiting.push({ start, turnAway });
      if (this.#waiting.length > this.#capacity)
        this.#waiting.shift()?.turnAway(new Error("turned away: too many wait already"));
    });
  }

  #next(): void {
    const next = this.#waiting.pop();
    if (next) next.start();
    else this.#free += 1;
  }
}
