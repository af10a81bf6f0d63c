/** Steps in place of seconds, so that the same capture gives the same proofs on any machine. */

/** About three seconds' worth on a common machine: a step is about a nanosecond. */
export const DEFAULT_STEPS = 3_000_000_000;

export class Budget {
  /** What is left. */
  steps: number;
  readonly #whole: Budget | undefined;

  constructor(steps = DEFAULT_STEPS, whole?: Budget) {
    this.steps = steps;
    this.#whole = whole;
  }

  /** Takes `steps` off; says whether there were any left. Whoever gets false stops, with what was found so far. */
  spend(steps: number): boolean {
    if (this.steps <= 0) return false;
    this.steps -= steps;
    this.#whole?.spend(steps);
    return true;
  }

  /** A part of what is left, so that one attack cannot starve those behind it; what it leaves, the others have. */
  part(share: number): Budget {
    return new Budget(this.steps * share, this);
  }
}
