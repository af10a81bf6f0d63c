/** How long a peer may keep us waiting, while time in which nobody waits does not count. */

/** Calls `onStall` when something has been waited for during `timeout` seconds and nothing of it has come. */
export class Patience {
  readonly #timer: NodeJS.Timeout;
  #waits = 0;
  #since = 0;

  constructor(timeout: number, onStall: () => void) {
    this.#timer = setInterval(
      () => {
        if (this.#waits > 0 && performance.now() - this.#since > timeout * 1000) onStall();
      },
      Math.min(timeout * 250, 1000),
    );
  }

  /** Waits for `work`, several at a time perhaps; each that is done shows that the peer lives. */
  async wait<T>(work: Promise<T>): Promise<T> {
    if (this.#waits === 0) this.#since = performance.now();
    this.#waits += 1;
    try {
      return await work;
    } finally {
      this.#waits -= 1;
      this.#since = performance.now();
    }
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
