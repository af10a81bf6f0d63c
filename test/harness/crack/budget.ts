/** Steps in place of seconds, so that the same capture gives the same proofs on any machine. */

/** About three seconds' worth on a common machine: a step is about a nanosecond. */
export const DEFAULT_STEPS = 3_000_000_000;

export class Budget {
  /** What is left. */
  steps: number;

  constructor(steps = DEFAULT_STEPS) {
    this.steps = steps;
  }

  /** Takes `steps` off; says whether there were any left. Whoever gets false stops, with what was found so far. */
  spend(steps: number): boolean {
    if (this.steps <= 0) return false;
    this.steps -= steps;
    return true;
  }

  /** Sets aside a part of what is left, so that one attack cannot starve those behind it. */
  share(part: number): Budget {
    return new Budget(this.steps * part);
  }
}
