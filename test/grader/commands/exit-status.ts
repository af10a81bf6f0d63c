/** The exit statuses of `npm run grade`; 2 is wrong usage, as everywhere in this project. */
import type { Report } from "../model/report.ts";
import { allChecks, countVerdicts } from "../report/summary.ts";

export const PASSED = 0;
export const FAILED = 1;
export const GRADER_FAILED = 3;
/** As a shell reports a program that Ctrl-C ended. */
export const INTERRUPTED = 130;

/** Returns the status for one report. */
export function statusOf(report: Report): number {
  const counts = countVerdicts(allChecks(report));
  if (counts.error > 0) return GRADER_FAILED;
  return counts.fail + counts["not shown"] > 0 ? FAILED : PASSED;
}
