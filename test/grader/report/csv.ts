/** The grades of a class as CSV (RFC 4180, in UTF-8), for a spreadsheet or a course's own tools. */
import { stringify } from "csv-stringify/sync";
import type { Verdict } from "../model/report.ts";
import { type Grade, hasError, isCertain, noteOn, tasksOf } from "./grade.ts";
import { allChecks, countVerdicts } from "./summary.ts";
import { formatPoints, oneLine, shorten } from "./visible.ts";

const VERDICTS: Verdict[] = ["pass", "fail", "not shown", "not applicable", "error"];
const TEXT_LIMIT = 500;
/** In place of points that the harness could not find out: no number, so that nobody takes it for one. */
const UNKNOWN = "!";
const FORMULA_INSIDE = /(;["'\s]*)(?=[=+\-@＝＋－＠])/g;

/**
 * Returns a header and a row for each of `grades`: student, total, maximum, the points of each task, how many checks came out
 * how, seconds, and a note.
 *
 * Where the harness failed, the total and the points of that task are `!`; where there is nothing yet, they are empty.
 *
 * A spreadsheet takes a cell for a formula when it begins with `=`, `+`, `-`, `@`, a tab, a carriage return or the full-width
 * form of one of these. Such a text gets a `'` before it, and so does such a character behind a semicolon, at which some
 * spreadsheets split. Control characters are escaped before.
 */
export function gradesCsv(grades: readonly Grade[]): string {
  const tasks = tasksOf(grades);
  const header = ["student", "total", "maximum", ...tasks, ...VERDICTS, "seconds", "note"];
  return stringify([header, ...grades.map((grade) => row(grade, tasks))], {
    escape_formulas: true,
    quoted_string: true,
  });
}

function row(grade: Grade, tasks: readonly string[]): (string | number)[] {
  const { student, outcome, seconds } = grade;
  const ends = [Math.round(seconds * 10) / 10, safe(noteOn(grade))];
  if (outcome.kind !== "graded") {
    const points = outcome.kind === "failed" ? UNKNOWN : "";
    return [safe(student), points, "", ...tasks.map(() => points), ...VERDICTS.map(() => ""), ...ends];
  }
  const { report } = outcome;
  const counts = countVerdicts(allChecks(report));
  const pointsOf = (id: string) => {
    const task = report.tasks.find((each) => each.id === id);
    if (task === undefined) return "";
    return hasError([task]) ? UNKNOWN : rounded(task.points);
  };
  return [
    safe(student),
    isCertain(grade) ? rounded(report.points) : UNKNOWN,
    rounded(report.maximum),
    ...tasks.map(pointsOf),
    ...VERDICTS.map((verdict) => counts[verdict]),
    ...ends,
  ];
}

function safe(text: string): string {
  return oneLine(shorten(text, TEXT_LIMIT)).replace(FORMULA_INSIDE, "$1'");
}

function rounded(points: number): number {
  return Number(formatPoints(points));
}
