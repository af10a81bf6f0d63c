/**
 * Lines on standard error about what clients cause. Of each kind there are so many characters a
 * minute, and then a line such as `and 1,204 more lines about dropped clients`: no client can fill
 * the disk that keeps them.
 */
import { Allowance, STRANGERS_LIMIT } from "../async/allowance.ts";

export class Reports {
  readonly #write: (line: string) => void;
  readonly #allowance: Allowance<string>;

  /** @param write replaced in tests */
  constructor(write: (line: string) => void = console.error) {
    this.#write = write;
    this.#allowance = new Allowance((kind, more) => write(`${more} lines about ${kind}`));
  }

  /** Prints `line`, one of those about `kind`, such as "dropped clients". */
  add(kind: string, line: string): void {
    const allowed = this.#allowance.spend(kind, STRANGERS_LIMIT, () => line);
    if (allowed !== undefined) this.#write(allowed);
  }

  /** Prints how many lines were left out; call it before the program ends. */
  close(): void {
    this.#allowance.endPeriod();
  }
}
