/** The errors that a check throws: each leads to a verdict other than "pass". */
import type { Evidence, Finding } from "./report.ts";

/** The submission fails the check. */
export class Found extends Error {
  readonly finding: Finding;

  constructor(finding: Omit<Finding, "evidence"> & { evidence?: Evidence[] }) {
    super(finding.happened);
    this.finding = { evidence: [], ...finding };
  }
}

/** The check could not be tried; the message says why. */
export class NotShown extends Error {}

/**
 * The task does not ask for it; the message says why. A submission's behaviour never decides this.
 */
export class NotApplicable extends Error {}
