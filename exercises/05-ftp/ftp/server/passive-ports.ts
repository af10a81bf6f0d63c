/** The ports for passive data connections, shared among users. */
import type { Lent, PortPool } from "../../../../lib/net/port-pool.ts";

/** Seconds that a client waits for a port. */
export const PORT_WAIT = 5;

interface Waiting {
  user: string;
  wake: () => void;
}

/**
 * A user may take another port while more are free than the user has. So each user leaves some to
 * others, no matter how many of them do the same.
 */
export class PassivePorts {
  readonly #pool: PortPool;
  /** How many ports each user has. */
  readonly #taken = new Map<string, number>();
  readonly #waiting = new Set<Waiting>();

  constructor(pool: PortPool) {
    this.#pool = pool;
  }

  /**
   * Lends a port that `open` can open, as `PortPool.lend`; waits a moment if there is none.
   *
   * @param signal aborted once the session ends
   */
  async lend<T>(
    user: string,
    open: (port: number) => Promise<T>,
    signal: AbortSignal,
  ): Promise<Lent<T> | undefined> {
    const waiting = { user, wake: () => {} };
    let isOver = signal.aborted;
    const giveUp = () => {
      isOver = true;
      waiting.wake();
    };
    const deadline = setTimeout(giveUp, PORT_WAIT * 1000);
    signal.addEventListener("abort", giveUp, { once: true });
    try {
      for (;;) {
        const lent = await this.#tryToLend(user, open);
        if (lent || isOver) return lent;
        await new Promise<void>((resolve) => {
          waiting.wake = resolve;
          this.#waiting.add(waiting);
        });
      }
    } finally {
      clearTimeout(deadline);
      signal.removeEventListener("abort", giveUp);
      this.#waiting.delete(waiting);
    }
  }

  giveBack(user: string, port: number): void {
    this.#pool.giveBack(port);
    this.#count(user, -1);
    const next = [...this.#waiting].sort((a, b) => this.#takenBy(a.user) - this.#takenBy(b.user));
    for (const { wake } of next) wake();
  }

  async #tryToLend<T>(user: string, open: (port: number) => Promise<T>): Promise<Lent<T> | undefined> {
    if (this.#takenBy(user) >= this.#pool.free) return undefined;
    this.#count(user, 1);
    let lent: Lent<T> | undefined;
    try {
      lent = await this.#pool.lend(open);
      return lent;
    } finally {
      if (!lent) this.#count(user, -1);
    }
  }

  #takenBy(user: string): number {
    return this.#taken.get(user) ?? 0;
  }

  #count(user: string, change: number): void {
    const count = this.#takenBy(user) + change;
    if (count > 0) this.#taken.set(user, count);
    else this.#taken.delete(user);
  }
}
