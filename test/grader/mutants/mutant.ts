/** What the harness is tried on: a submission, and what is to come of it. */

/** In a copy of what is edited, `find`, which occurs in `file` exactly once, is replaced. */
export interface Edit {
  file: string;
  find: string;
  replace: string;
}

interface Submission {
  /** Unique; of a whole program also the name of its folder in `programs`. */
  name: string;
  /** The one task that it is graded for. */
  task: string;
  /** The program in `programs` that is edited; our own solution by default. */
  of?: string;
  /** How it differs from what is edited; absent where it is a program of its own. */
  edits?: Edit[];
}

export interface Mutant extends Submission {
  /** What is broken, in one sentence. */
  broken: string;
  /** Ids of checks; each must fail. `a|b`: one of them must. */
  kills: string[];
  /** Ids of checks that must pass all the same, so that it is not killed for another reason; by default that both texts arrive. */
  passes?: string[];
}

export interface Honest extends Submission {
  /** What is unusual about it. */
  design: string;
  /** Ids of checks that do not pass, rightly, each with the reason. */
  loses?: Record<string, string>;
}
