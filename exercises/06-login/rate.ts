/** Limits the rate of each user by making them wait. */
import { setTimeout as sleep } from "node:timers/promises";

/** Names that are remembered at most before those that need not wait are forgotten. */
const MAX_REMEMBERED = 1000;
const SECOND = 1000;

export class Rate {
  readonly #perSecond: number;
  readonly #now: () => number;
  readonly #wait: (seconds: number) => Promise<void>;
  /** When each name has used up its rate, in milliseconds. */
  readonly #until = new Map<string, number>();

  /**
   * @param perSecond units; a name that has rested may use those of a second at once
   * @param now a clock in milliseconds
   * @param wait waits for some seconds
   */
  constructor(
    perSecond: number,
    now = () => performance.now(),
    wait: (seconds: number) => Promise<void> = (seconds) => sleep(seconds * SECOND),
  ) {
    this.#perSecond = perSecond;
    this.#now = now;
    this.#wait = wait;
  }

  /** Waits until `name` may use `units` more. */
  async take(name: string, units: number): Promise<void> {
    const now = this.#now();
    const from = Math.max(this.#until.get(name) ?? now - SECOND, now - SECOND);
    const until = from + (units * SECOND) / this.#perSecond;
    this.#until.set(name, until);
    if (this.#until.size > MAX_REMEMBERED) this.#forget(now);
    if (until > now) await this.#wait((until - now) / SECOND);
  }

  #forget(now: number): void {
    for (const [name, until] of this.#until) if (until <= now - SECOND) this.#until.delete(name);
  }
}
