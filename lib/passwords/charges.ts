/** How often addresses or accounts were charged lately. */

/** Milliseconds after its last charge until a name is forgotten. */
const MEMORY = 600_000;
/** Names that are remembered; the one charged longest ago is forgotten first. */
const MAX_REMEMBERED = 10_000;

export class Charges {
  readonly #now: () => number;
  // in the order of the last charge
  readonly #entries = new Map<string, { count: number; last: number }>();

  /** @param now a clock in milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  count(name: string): number {
    const entry = this.#entries.get(name);
    return entry && this.#now() - entry.last < MEMORY ? entry.count : 0;
  }

  charge(name: string): void {
    const last = this.#now();
    const count = this.count(name) + 1;
    this.#entries.delete(name);
    for (const [oldest, entry] of this.#entries) {
      if (this.#entries.size < MAX_REMEMBERED && last - entry.last < MEMORY) break;
      this.#entries.delete(oldest);
    }
    this.#entries.set(name, { count, last });
  }

  takeBack(name: string): void {
    const entry = this.#entries.get(name);
    if (!entry) return;
    entry.count -= 1;
    if (entry.count <= 0) this.#entries.delete(name);
  }
}
