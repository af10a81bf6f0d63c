/** Steps instead of seconds: a capture gives the same proofs on every machine. */

/** About five seconds: a step takes two or three nanoseconds on an ordinary machine. */
export const DEFAULT_STEPS = 2_000_000_000;

export class Budget {
  /** The steps that are left. */
  steps: number;
  readonly #whole: Budget | undefined;

  constructor(steps = DEFAULT_STEPS, whole?: Budget) {
    this.steps = steps;
    this.#whole = whole;
  }

  /**
   * Deducts `steps`. Returns false if none were left: the caller then stops with its results so
   * far.
   */
  spend(steps: number): boolean {
    if (this.steps <= 0) return false;
    this.steps -= steps;
    this.#whole?.spend(steps);
    return true;
  }

  /**
   * Returns a share of the rest, so that one attack cannot starve the next; unused steps remain.
   */
  part(share: number): Budget {
    return new Budget(this.steps * share, this);
  }
}
