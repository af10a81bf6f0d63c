/**
 * Limits how many tasks run at a time, for CPU-heavy work: RSA, Diffie-Hellman, password hashes.
 */
import { setImmediate } from "node:timers";

/**
 * Runs at most `width` tasks at a time.
 *
 * Waiting tasks start in the order of arrival. With a `capacity`, the newest starts first, and when
 * more than `capacity` tasks wait, the oldest is rejected: in the order of arrival, a flooded
 * server would serve each client just before dropping it.
 */
export class Semaphore {
  readonly #capacity: number;
  #free: number;
  readonly #waiting: { start: () => void; reject: (error: Error) => void }[] = [];

  constructor(width: number, capacity = Number.POSITIVE_INFINITY) {
    this.#free = width;
    this.#capacity = capacity;
  }

  /**
   * Runs `task` once there is room for it, and returns its result.
   *
   * @throws Error when the task is rejected
   */
  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await this.#wait();
    try {
      return await task();
    } finally {
      // not immediately: one WebCrypto provider computes on the main thread, and sockets need a
      // turn in between
      setImmediate(() => this.#startNext());
    }
  }

  #wait(): Promise<void> {
    return new Promise((start, reject) => {
      this.#waiting.push({ start, reject });
      if (this.#waiting.length > this.#capacity)
        this.#waiting.shift()?.reject(new Error("rejected: the queue is full"));
    });
  }

  #startNext(): void {
    const next = this.#capacity === Number.POSITIVE_INFINITY ? this.#waiting.shift() : this.#waiting.pop();
    if (next) next.start();
    else this.#free += 1;
  }
}
