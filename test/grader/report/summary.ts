/** Summaries of a report. */
import type { CheckReport, Report, TaskReport, Verdict } from "../model/report.ts";
import { counted, formatSeconds } from "./visible.ts";

/** The warning of a report without namespaces. */
export const NOT_ISOLATED =
  "not isolated: the programs could see each other, and the network of this machine";

/** How to see evidence whole that a report shortens. */
export const WHOLE_EVIDENCE =
  "Evidence is shortened where it says so (…). With --transcripts DIR, a command above also writes each of its exchanges whole.";

/** What a quick grading is, for the reader of its report. */
export const QUICK =
  "quick: only the cheapest attack of each kind was tried, so the points are provisional and no grade";

/** Seconds after which a report says where the time went. */
const LONG = 300;

/** Returns a line for each task of a long grading, with where its time went. */
export function slowLines({ seconds, tasks }: Report): string[] {
  return seconds <= LONG ? [] : tasks.map(whereTimeWent);
}

function whereTimeWent({ id, checks, shared = [], exchanges, seconds }: TaskReport): string {
  const stages = [...checks.map((check) => ({ title: check.id, seconds: check.seconds })), ...shared];
  const slowest = stages.toSorted((a, b) => b.seconds - a.seconds).slice(0, 2);
  const most = slowest.map((stage) => `${stage.title} ${formatSeconds(stage.seconds)}`).join(", ");
  const ran =
    exchanges &&
    `: ${counted(exchanges.count, "exchange")}, the first of which took ${formatSeconds(exchanges.seconds)}`;
  return `${id} took ${formatSeconds(seconds)}${ran ?? ""}; most for ${most}`;
}

/** Returns a line for each task with the checks that a quick grading left out. */
export function untriedLines({ tasks }: Report): string[] {
  return tasks.flatMap(({ id, untried = [] }) =>
    untried.length === 0 ? [] : [`not tried in ${id}: ${untried.join(", ")}`],
  );
}

/** Returns the number of `checks` with each verdict. */
export function countVerdicts(checks: readonly CheckReport[]): Record<Verdict, number> {
  const counts = { pass: 0, fail: 0, "not shown": 0, "not applicable": 0, error: 0 };
  for (const { verdict } of checks) counts[verdict] += 1;
  return counts;
}

/** Returns all checks of a report. */
export function allChecks({ tasks }: Report): CheckReport[] {
  return tasks.flatMap(({ checks }) => checks);
}

/** Whether the points reach the pass mark; undefined if there is none, or the grader failed. */
export function hasPassed({ points, maximum, passMark, tasks }: Report): boolean | undefined {
  const isCertain = tasks.every(({ checks }) => countVerdicts(checks).error === 0);
  if (passMark === undefined || !isCertain) return undefined;
  return 100 * points >= passMark * maximum;
}

/** Says whether the points reach the pass mark; undefined if there is none. */
export function passLine(report: Report): string | undefined {
  if (report.passMark === undefined) return undefined;
  const result = hasPassed(report) ?? "undecided";
  const words = { true: "passed", false: "not passed", undecided: "undecided" }[`${result}`];
  return `${words}: ${report.passMark} % of the points are required`;
}

/** Returns a summary such as `3 of 14 checks failed, 1 could not be shown`. */
export function summarize(checks: readonly CheckReport[]): string {
  const counts = countVerdicts(checks);
  const applicable = checks.length - counts["not applicable"];
  if (applicable === 0) return "nothing was checked";
  const all = counted(applicable, "check");
  const parts = [
    counts.fail > 0 && `${counts.fail} of ${all} failed`,
    counts["not shown"] > 0 && `${counts["not shown"]} could not be shown`,
    counts.error > 0 &&
      `in ${counts.error} the grader itself failed, which says nothing about the submission`,
  ].filter((part) => part !== false);
  if (counts.pass === applicable) return applicable === 1 ? "the one check passed" : `all ${all} passed`;
  if (counts.fail === 0) return [`${counts.pass} of ${all} passed`, ...parts].join(", ");
  return parts.join(", ");
}
