/**
 * The grade of one student of a class: plain data, from which the table, the pages and the CSV are
 * made.
 */
import type { Report, TaskReport, Verdict } from "../model/report.ts";
import { countVerdicts } from "./summary.ts";

export interface Grade {
  /** The name of the folder. */
  student: string;
  /** How long grading took. */
  seconds: number;
  outcome: GradeOutcome;
  /** What is different from the grading before, if there was one. */
  changes?: Change[] | undefined;
}

/** A check whose verdict is not that of the grading before. */
export interface Change {
  /** Such as `part2/secret`. */
  check: string;
  before: Verdict;
  after: Verdict;
}

export type GradeOutcome =
  | { kind: "graded"; report: Report }
  /**
   * The grader itself failed, hung or was ended, or the manifest is wrong. That says nothing about
   * the submission, so there are no points.
   */
  | { kind: "failed"; reason: string; log: string }
  /** Not graded yet. */
  | { kind: "waiting" };

/** Returns the checks of both reports whose verdicts differ. */
export function changesBetween(before: Report, after: Report): Change[] {
  const verdicts = (report: Report) =>
    new Map(
      report.tasks.flatMap(({ id, checks }) => checks.map((each) => [`${id}/${each.id}`, each.verdict])),
    );
  const old = verdicts(before);
  return [...verdicts(after)].flatMap(([check, verdict]) => {
    const previous = old.get(check);
    return previous === undefined || previous === verdict
      ? []
      : [{ check, before: previous, after: verdict }];
  });
}

/** Whether the grader failed in a check of `tasks`: then their points may be too few. */
export function hasError(tasks: readonly TaskReport[]): boolean {
  return tasks.some(({ checks }) => countVerdicts(checks).error > 0);
}

/** Whether the points can be used without a second look. */
export function isCertain({ outcome }: Grade): boolean {
  return outcome.kind === "graded" && !hasError(outcome.report.tasks);
}

/** Checks that a text arrives: the first of every task. */
const ARRIVALS = ["message", "reply"];

/** Whether no text arrived in either direction, so that nothing else could be tried. */
export function isDead({ checks }: TaskReport): boolean {
  const arrivals = checks.filter(({ id }) => ARRIVALS.includes(id));
  return (
    arrivals.length > 0 && arrivals.every(({ verdict }) => verdict === "fail" || verdict === "not shown")
  );
}

/** Whether the teacher has set a pass mark. */
export function hasPassMark(grades: readonly Grade[]): boolean {
  return grades.some(({ outcome }) => outcome.kind === "graded" && outcome.report.passMark !== undefined);
}

/** Whether only the cheapest attacks were tried, so that the points are provisional. */
export function isQuick(grades: readonly Grade[]): boolean {
  return grades.some(({ outcome }) => outcome.kind === "graded" && outcome.report.quick === true);
}

/** Returns one line that a teacher should read with this grade; empty if there is none. */
export function noteOn({ outcome, changes = [] }: Grade): string {
  if (outcome.kind === "waiting") return "not graded yet";
  if (outcome.kind === "failed") return `! not graded: ${outcome.reason}`;
  const { report } = outcome;
  const broken = report.tasks.flatMap(({ id, checks }) =>
    checks.filter(({ verdict }) => verdict === "error").map((check) => `${id}/${check.id}`),
  );
  return [
    ...(broken.length > 0 ? [`! the grader failed in ${broken.join(", ")}: the points are incomplete`] : []),
    ...report.tasks.filter(isDead).map(({ id }) => `${id} does not work: no text arrived`),
    ...(report.quick ? ["quick, so the points are provisional"] : []),
    ...(report.isolation.kind === "none" ? ["not isolated"] : []),
    ...(changes.length > 0 ? [`since the last grading: ${changes.map(describeChange).join(", ")}`] : []),
  ].join("; ");
}

function describeChange({ check, before, after }: Change): string {
  return `${check} ${before} → ${after}`;
}

const ORDER = ["part1", "part2", "01", "02", "03", "04", "05", "06", "07"];

/** The tasks that occur in `grades`, in the order of the course. */
export function tasksOf(grades: readonly Grade[]): string[] {
  const ids = new Set(
    grades.flatMap(({ outcome }) =>
      outcome.kind === "graded" ? outcome.report.tasks.map(({ id }) => id) : [],
    ),
  );
  const rank = (id: string) => (ORDER.includes(id) ? ORDER.indexOf(id) : ORDER.length);
  return [...ids].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}
