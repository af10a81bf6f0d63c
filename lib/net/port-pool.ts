/** A pool of ports: each is lent to one borrower at a time, the least recently returned first. */
import { UsageError } from "../cli/diagnostics.ts";

/** Maximum size of a pool: one port for each channel that a server may have. */
export const MAX_POOL = 1000;

const MAX_PORT = 65_535;
const RANGE = /^(\d{1,5})-(\d{1,5})$/;

/**
 * Parses the value of `flag`, `FIRST-LAST` (inclusive), into the ports of a pool.
 *
 * @param main the port that is in use already
 * @throws UsageError that says what is wrong with the value
 */
export function parsePool(flag: string, text = "", main = 0): number[] {
  const [, first = Number.NaN, last = Number.NaN] = RANGE.exec(text)?.map(Number) ?? [];
  const length = last - first + 1;
  if (!(first >= 1 && last <= MAX_PORT && length >= 1 && length <= MAX_POOL))
    throw new UsageError(
      `${flag} ${JSON.stringify(text)}: expected FIRST-LAST, such as 10100-10109, from 1 to ${MAX_PORT}, at most ${MAX_POOL} ports`,
    );
  if (first <= main && main <= last)
    throw new UsageError(`${flag} ${JSON.stringify(text)}: expected ports other than --port ${main}`);
  return Array.from({ length }, (_, index) => first + index);
}

/** A lent port, and what was opened on it. */
export interface Lent<T> {
  port: number;
  opened: T;
}

export class PortPool {
  readonly #lent = new Set<number>();
  readonly #free: number[];
  readonly #onHeld: (port: number) => void;
  // ports that could not be opened at the last attempt
  readonly #held = new Set<number>();

  /**
   * called when a port is skipped because another program holds it, once until it can be opened
   * again
   */
  constructor(ports: readonly number[], onHeld: (port: number) => void = () => {}) {
    this.#free = [...ports];
    this.#onHeld = onHeld;
  }

  /** The number of ports that are not lent; other programs may hold some of them. */
  get free(): number {
    return this.#free.length;
  }

  /**
   * Lends a port that `open` can open, until it is given back; returns undefined if there is none.
   *
   * A port for which `open` rejects with a plain `Error`, because another program holds it, is
   * skipped and tried again after all others.
   */
  async lend<T>(open: (port: number) => Promise<T>): Promise<Lent<T> | undefined> {
    const tried = new Set<number>();
    for (let port = this.#next(tried); port !== undefined; port = this.#next(tried)) {
      tried.add(port);
      // lent meanwhile, so that no concurrent call gets it
      this.#lent.add(port);
      try {
        const opened = await open(port);
        this.#held.delete(port);
        return { port, opened };
      } catch (error) {
        this.giveBack(port);
        if (!(error instanceof Error) || error.constructor !== Error) throw error;
        if (!this.#held.has(port)) this.#onHeld(port);
        this.#held.add(port);
      }
    }
    return undefined;
  }

  /** Returns `port` to the pool. @throws RangeError when it is not lent */
  giveBack(port: number): void {
    if (!this.#lent.delete(port)) throw new RangeError(`port ${port} is not lent`);
    this.#free.push(port);
  }

  /** Takes the first free port that has not been tried. */
  #next(tried: ReadonlySet<number>): number | undefined {
    const index = this.#free.findIndex((port) => !tried.has(port));
    return index < 0 ? undefined : this.#free.splice(index, 1)[0];
  }
}
