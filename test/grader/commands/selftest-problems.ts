/** The wrong verdicts of the selftest, as data and as text. */
import type { TaskReport } from "../model/report.ts";
import { accused, better, broken, survivors, type Tried } from "../report/kill-table.ts";
import { MARKS } from "../report/marks.ts";
import type { Result } from "./selftest-trial.ts";

/** Whether a verdict is wrong, or the grader failed. */
export function isWrong({ row, failure }: Result): boolean {
  return failure !== undefined || problemsOf(row).length > 0;
}

/**
 * Returns the wrong verdicts of one submission: mistakes of the grader, or of the list of mutants.
 */
export function problemsOf(row: Tried): { what: string; checks: string[] }[] {
  const table = { submissions: [row], checks: [] };
  return Object.entries({
    survives: survivors(table),
    "does not pass": accused(table),
    "passes, though it is listed to lose": better(table),
    "makes the grader fail in": broken(table),
  }).flatMap(([what, problems]) => problems.map(({ checks }) => ({ what, checks })));
}

/** Returns one line, and below it the wrong verdicts. */
export function describeResult({ row, report, failure }: Result): string {
  const { name, kind, seconds } = row;
  // without a report there are no verdicts to judge
  const problems = failure === undefined ? problemsOf(row) : [];
  const killers = Object.keys(row.verdicts).filter((id) => row.verdicts[id] === "fail");
  const points = `${report?.points ?? 0} of ${report?.maximum ?? 0} points`;
  const verdicts = kind === "honest" ? points : `killed by ${killers.join(", ") || "nothing"}`;
  const outcome = failure === undefined ? verdicts : "not graded";
  const lines = problems.map(({ what, checks }) => {
    const observation = checks.map((check) => `${check}${whyOf(report, check)}`).join("; ");
    return `    ${what} ${observation || "all checks"}`;
  });
  const failed = failure === undefined ? [] : [`    the grader failed: ${failure}`];
  const mark = problems.length > 0 || failure !== undefined ? MARKS.fail : MARKS.pass;
  return [`${mark} ${row.task} ${name}: ${outcome}, ${seconds.toFixed(1)} s`, ...lines, ...failed].join("\n");
}

/** Returns the verdict on each check in `group`, and its reason. */
function whyOf(report: TaskReport | undefined, group: string): string {
  const found = report?.checks.filter(({ id }) => group.split("|").includes(id)) ?? [];
  if (found.length === 0) return " (there is no such check)";
  return ` (${found.map(({ verdict, reason, finding }) => [verdict, finding?.happened ?? reason].filter(Boolean).join(": ")).join("; ")})`;
}
