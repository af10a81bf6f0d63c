/** Ports to lend out: each to one at a time, the one that was given back longest ago first. */
import { UsageError } from "../cli/diagnostics.ts";

/** Ports of the largest pool: one for each channel that a server has at a time. */
export const MAX_POOL = 1000;

const MAX_PORT = 65_535;
const RANGE = /^(\d{1,5})-(\d{1,5})$/;

/**
 * Returns the ports of a pool as `text`, the value of `flag`, says: `FIRST-LAST`, both included.
 *
 * @param main the port that is taken already
 * @throws UsageError that says what is wrong with it
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

/** What was opened on a port that is lent. */
export interface Lent<T> {
  port: number;
  opened: T;
}

export class PortPool {
  readonly #lent = new Set<number>();
  readonly #free: number[];
  readonly #onHeld: (port: number) => void;
  // ports that could not be opened when they were last tried
  readonly #held = new Set<number>();

  /** @param onHeld is told of a port that is passed over, once until it can be opened again */
  constructor(ports: readonly number[], onHeld: (port: number) => void = () => {}) {
    this.#free = [...ports];
    this.#onHeld = onHeld;
  }

  /** How many ports nobody has of us; another program may hold some of them. */
  get free(): number {
    return this.#free.length;
  }

  /**
   * Lends a port that `open` can open, until it is given back; undefined when there is none.
   *
   * A port for which `open` rejects with a plain `Error`, since another program holds it, is passed over, and tried again
   * after all others.
   */
  async lend<T>(open: (port: number) => Promise<T>): Promise<Lent<T> | undefined> {
    const tried = new Set<number>();
    for (let port = this.#next(tried); port !== undefined; port = this.#next(tried)) {
      tried.add(port);
      // nobody else gets it while we wait
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

  /** Takes `port` back. @throws RangeError when it is not lent */
  giveBack(port: number): void {
    if (!this.#lent.delete(port)) throw new RangeError(`port ${port} is not lent`);
    this.#free.push(port);
  }

  /** Takes the first free port that was not `tried` yet. */
  #next(tried: ReadonlySet<number>): number | undefined {
    const index = this.#free.findIndex((port) => !tried.has(port));
    return index < 0 ? undefined : this.#free.splice(index, 1)[0];
  }
}
