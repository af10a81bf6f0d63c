/** An entry of the selftest: a submission, and the verdicts that it must get. */

/** Replaces `find`, which occurs exactly once in `file`. */
export interface Edit {
  file: string;
  find: string;
  replace: string;
}

/** Built from `of`, then the files in `programs/<name>` if there are any, then `edits`. */
interface Submission {
  /** Unique across all submissions. */
  name: string;
  /** The one task that it is graded for. */
  task: string;
  /** The submission that it starts from; by default our own solution if it has edits. */
  of?: string;
  /** The places in which it differs from what it starts from. */
  edits?: Edit[];
}

/** A broken submission, which the grader must kill. */
export interface Mutant extends Submission {
  /** The flaw, in one sentence. */
  broken: string;
  /** Ids of the checks that must fail. `a|b`: at least one of the two. */
  kills: string[];
  /**
   * Ids of the checks that must pass, to show that only the flaw kills it; by default, both texts
   * arrive.
   */
  passes?: string[];
}

/** A sound submission, which must lose no point. */
export interface Honest extends Submission {
  /** What is unusual about it. */
  design: string;
  /** Ids of the checks that it does not pass, each with the reason why that is right. */
  loses?: Record<string, string>;
}
