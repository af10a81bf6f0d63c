/** A transfer that is under way. */

import type { DataStream, Direction } from "../../protection.ts";
import type { DataConnection } from "./data-connection.ts";

/** What a transfer that was aborted ends with. */
export class Aborted extends Error {}

export class Transfer {
  readonly direction: Direction;
  /** Of the file or folder. */
  readonly path: string;
  /** Bytes so far. */
  bytes = 0;
  /** Resolves once its last reply is on the way. */
  readonly over: Promise<void>;
  /** To be called once that is so. */
  finish: () => void = () => {};
  readonly #connection: DataConnection;
  readonly #start = performance.now();
  #stream: DataStream | undefined;
  #aborted: Aborted | undefined;
  #isSettled = false;

  constructor(connection: DataConnection, direction: Direction, path: string) {
    this.#connection = connection;
    this.direction = direction;
    this.path = path;
    this.over = new Promise((resolve) => {
      this.finish = resolve;
    });
  }

  /** Bytes so far, and seconds, for the log. */
  figures(): { bytes: number; seconds: number } {
    return { bytes: this.bytes, seconds: (performance.now() - this.#start) / 1000 };
  }

  /** Waits for the data connection. @throws Aborted, or as `DataConnection.open` */
  async open(): Promise<DataStream> {
    try {
      const stream = await this.#connection.open(this.direction);
      if (this.#aborted) stream.destroy(this.#aborted);
      this.#stream = stream;
      return stream;
    } finally {
      this.check();
    }
  }

  /** @throws Aborted when it has been aborted */
  check(): void {
    if (this.#aborted) throw this.#aborted;
  }

  /** From here on it cannot be aborted: all has come, and is being put in place. @throws Aborted when it was before */
  settle(): void {
    this.check();
    this.#isSettled = true;
  }

  abort(reason: string): void {
    if (this.#isSettled || this.#aborted) return;
    this.#aborted = new Aborted(reason);
    this.#stream?.destroy(this.#aborted);
    this.#connection.close();
  }
}
