/** Lets sources, such as the addresses of clients, take turns at costly work. */
import { setImmediate } from "node:timers";
import { type Connection, checkPresence, Line } from "./line.ts";

/** How many connections may be accepted between two tasks. */
const ACCEPTED_BETWEEN = 32;

/** Runs at most `width` tasks at a time; those that wait start in the order of a `Line`. */
export class Turns {
  #free: number;
  readonly #line: Line<void>;
  #accepted = 0;

  /** @param perSource maximum number of tasks of one source that wait */
  constructor(width: number, perSource: number) {
    this.#free = width;
    this.#line = new Line(perSource);
  }

  /** As `FairQueue.know`. */
  know(source: string): void {
    this.#line.know(source);
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
   * @param connection what the task is for: once its peer has gone, the task waits no longer
   * @throws Error when too many newer tasks of the same source wait, or the peer has gone
   */
  async run<T>(source: string, task: () => Promise<T>, connection: Connection): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await this.#line.wait(source, connection);
    try {
      checkPresence(connection);
      return await task();
    } finally {
      // not at once: part of the work is done on the main thread, and sockets need their turn
      setImmediate(() => this.#startNextAfter(ACCEPTED_BETWEEN));
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
    if (!this.#line.serve()) this.#free += 1;
  }
}
