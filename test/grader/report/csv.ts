/**
 * The grades of a class as CSV (RFC 4180, in UTF-8), for a spreadsheet or a course's own tools. It
 * begins with a byte order mark, without which Excel takes it for text in the country's code page.
 */
import { stringify } from "csv-stringify/sync";
import { cellOf, checkColumns } from "./check-matrix.ts";
import { type Grade, hasError, hasPassMark, isCertain, isQuick, noteOn, tasksOf } from "./grade.ts";
import { VERDICTS } from "./marks.ts";
import { allChecks, countVerdicts, hasPassed } from "./summary.ts";
import { formatPoints, oneLine, shorten } from "./visible.ts";

const TEXT_LIMIT = 500;
/** Stands for unknown points; not a number, so that no tool counts it as one. */
const UNKNOWN = "!";
const PASSED = { true: "yes", false: "no", unknown: UNKNOWN };
const FORMULA_INSIDE = /(;["'\s]*)(?=[=+\-@＝＋－＠])/g;

/**
 * Returns a header and a row for each of `grades`: student, total, maximum, whether the pass mark
 * was reached if there is one, the points of each task, the number of checks with each verdict,
 * seconds, a note, and the verdict of each check.
 *
 * If the grader failed, the total and the points of that task are `!`; without a grade they are
 * empty.
 *
 * A spreadsheet reads a cell as a formula if it begins with `=`, `+`, `-`, `@`, a tab, a carriage
 * return or the full-width form of one of these. Such a text gets a `'` before it, and so does such
 * a character after a semicolon, at which some spreadsheets split. Control characters are escaped
 * first.
 */
export function gradesCsv(grades: readonly Grade[]): string {
  const tasks = tasksOf(grades);
  const columns = checkColumns(grades);
  const checks = columns.map(({ task, id }) => `${task}/${id}`);
  const passed = hasPassMark(grades) ? ["passed"] : [];
  const header = [
    "student",
    // a tool that reads totals must find none
    isQuick(grades) ? "provisional total" : "total",
    "maximum",
    ...passed,
    ...tasks,
    ...VERDICTS,
    "seconds",
    "note",
    ...checks,
  ];
  const rows = grades.map((grade) => [
    ...row(grade, tasks, passed.length > 0),
    ...columns.map((column) => cellOf(grade, column)?.verdict ?? ""),
  ]);
  return stringify([header, ...rows], {
    bom: true,
    escape_formulas: true,
    quoted_string: true,
  });
}

function row(grade: Grade, tasks: readonly string[], withPassed: boolean): (string | number)[] {
  const { student, outcome, seconds } = grade;
  const ends = [Math.round(seconds * 10) / 10, safe(noteOn(grade))];
  if (outcome.kind !== "graded") {
    const points = outcome.kind === "failed" ? UNKNOWN : "";
    const passed = withPassed ? [points] : [];
    return [
      safe(student),
      points,
      "",
      ...passed,
      ...tasks.map(() => points),
      ...VERDICTS.map(() => ""),
      ...ends,
    ];
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
    ...(withPassed ? [PASSED[`${hasPassed(report) ?? "unknown"}`]] : []),
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
