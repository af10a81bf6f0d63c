/** How long a wrong password has its client wait: longer each time, and for all sessions of an address together. */

/** Addresses that are remembered; the one that failed longest ago is forgotten first. */
const MAX_ADDRESSES = 10_000;
/** Milliseconds after which an address that did not fail again is forgotten. */
const MEMORY = 600_000;
const LONGEST = 16;

export class Throttle {
  readonly #unit: number;
  readonly #now: () => number;
  // in the order of their last failure
  readonly #failures = new Map<string, { count: number; last: number }>();

  /** @param unit seconds that the first failure costs; each further one doubles it, up to 16 times that */
  constructor(unit: number, now = () => performance.now()) {
    this.#unit = unit;
    this.#now = now;
  }

  /** Notes a failure of `address`; returns how many seconds it is to wait. */
  fail(address: string): number {
    const now = this.#now();
    const before = this.#failures.get(address);
    this.#failures.delete(address);
    for (const [oldest, { last }] of this.#failures) {
      if (this.#failures.size < MAX_ADDRESSES && now - last < MEMORY) break;
      this.#failures.delete(oldest);
    }
    const count = before && now - before.last < MEMORY ? before.count + 1 : 1;
    this.#failures.set(address, { count, last: now });
    return this.#unit * Math.min(2 ** (count - 1), LONGEST);
  }
}
