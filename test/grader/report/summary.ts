/** What a report comes to, in a sentence. */
import type { CheckReport, Report, Verdict } from "../model/report.ts";
import { counted } from "./visible.ts";

/** What is to be said where there are no namespaces. */
export const NOT_ISOLATED =
  "not isolated: the programs could see each other, and the network of this machine";

/** How many of `checks` came out how. */
export function countVerdicts(checks: readonly CheckReport[]): Record<Verdict, number> {
  const counts = { pass: 0, fail: 0, "not shown": 0, "not applicable": 0, error: 0 };
  for (const { verdict } of checks) counts[verdict] += 1;
  return counts;
}

/** All checks of a report. */
export function allChecks({ tasks }: Report): CheckReport[] {
  return tasks.flatMap(({ checks }) => checks);
}

/** Returns how `checks` came out, such as `3 of 14 checks failed, 1 could not be tried`. */
export function summarize(checks: readonly CheckReport[]): string {
  const counts = countVerdicts(checks);
  const applicable = checks.length - counts["not applicable"];
  if (applicable === 0) return "nothing was checked";
  const all = counted(applicable, "check");
  const parts = [
    counts.fail > 0 && `${counts.fail} of ${all} failed`,
    counts["not shown"] > 0 && `${counts["not shown"]} could not be shown`,
    counts.error > 0 && `in ${counts.error} the harness itself failed, which says nothing of the submission`,
  ].filter((part) => part !== false);
  if (counts.pass === applicable) return applicable === 1 ? "the one check passed" : `all ${all} passed`;
  if (counts.fail === 0) return [`${counts.pass} of ${all} passed`, ...parts].join(", ");
  return parts.join(", ");
}
