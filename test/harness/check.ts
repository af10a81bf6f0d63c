/** What a check is: data, and one function that runs exchanges and returns, or throws what it found. */
import type { Lab } from "./lab.ts";
import type { Finding } from "./report.ts";

export interface Task {
  /** `part1`, `part2`, `01` to `07`. */
  id: string;
  title: string;
  /** In the order in which they are tried; the points are 100 together. */
  checks: Check[];
}

export interface Check {
  /** Unique within its task. */
  id: string;
  title: string;
  points: number;
  /** Ids of the checks that must have passed before this one can show anything. */
  needs: string[];
  /** Returns when all is well. @throws Found, NotShown; anything else is the harness's own failure */
  run(lab: Lab): Promise<void>;
}

/** The submission fails a check. */
export class Found extends Error {
  readonly finding: Finding;

  constructor(finding: Finding) {
    super(finding.happened);
    this.finding = finding;
  }
}

/** A check could not be tried; the message says why. */
export class NotShown extends Error {}
