/** A report as the `results.json` of a Gradescope autograder. */
import type { CheckReport, Report } from "../model/report.ts";
import { findingText } from "./finding-text.ts";
import { allChecks, countVerdicts, NOT_ISOLATED, summarize } from "./summary.ts";
import { oneLine, shorten, visible } from "./visible.ts";

const TEXT_LIMIT = 800;

/** When students see a result. */
export type Visibility = "hidden" | "after_due_date" | "after_published" | "visible";

/** The fields of the specification that this project uses. */
export interface GradescopeResults {
  /** Overrides the sum of the tests. Absent if the grader failed: no score is not a score of 0. */
  score?: number;
  execution_time: number;
  output: string;
  output_format: "text";
  test_output_format: "text";
  test_name_format: "text";
  visibility: Visibility;
  stdout_visibility: Visibility;
  extra_data: Record<string, string>;
  tests: GradescopeTest[];
}

export interface GradescopeTest {
  /** Both absent if the grader failed. */
  score?: number;
  max_score?: number;
  status: "passed" | "failed";
  name: string;
  name_format: "text";
  number: string;
  output: string;
  output_format: "text";
  tags: string[];
  visibility: Visibility;
}

/**
 * Returns `report` in Gradescope's format
 * (https://gradescope-autograders.readthedocs.io/en/latest/specs/#output-format).
 *
 * Every format is `text`: the default of the output renders HTML. Checks that do not apply are left
 * out, because a test is either passed or failed there. A test in which the grader failed has no
 * score ("informational"), and then the report has none either.
 */
export function gradescopeResults(
  report: Report,
  { visibility = "visible" }: { visibility?: Visibility } = {},
): GradescopeResults {
  const checks = allChecks(report);
  const graderFailed = countVerdicts(checks).error > 0;
  const left = checks.filter(({ verdict }) => verdict === "not applicable");
  const output = [
    `${summarize(checks)}.`,
    ...(graderFailed ? ["There is no score: a teacher must look at this, and grade it again."] : []),
    ...(report.isolation.kind === "none" ? [`${NOT_ISOLATED}.`] : []),
    ...report.isolation.notes.map((note) => oneLine(shorten(note, TEXT_LIMIT))),
    ...(left.length > 0
      ? [`Not part of this task: ${left.map(({ title }) => oneLine(title)).join("; ")}.`]
      : []),
    `Seed ${oneLine(report.seed)}.`,
  ];
  return {
    ...(!graderFailed && { score: report.points }),
    execution_time: Math.round(report.seconds),
    output: output.join("\n"),
    output_format: "text",
    test_output_format: "text",
    test_name_format: "text",
    visibility,
    // standard output is for teachers
    stdout_visibility: "hidden",
    extra_data: { seed: report.seed, isolation: report.isolation.kind },
    tests: report.tasks.flatMap((task, taskIndex) =>
      task.checks.flatMap((check, index) =>
        check.verdict === "not applicable"
          ? []
          : [testOf(check, task.id, `${taskIndex + 1}.${index + 1}`, visibility)],
      ),
    ),
  };
}

function testOf(check: CheckReport, task: string, number: string, visibility: Visibility): GradescopeTest {
  const { verdict, points, maximum, finding, reason = check.tried } = check;
  const output = [
    ...(verdict === "not shown" ? ["This could not be shown, so it scores nothing."] : []),
    ...(verdict === "error" ? ["The grader itself failed, which says nothing about the submission."] : []),
    ...(reason === undefined ? [] : [shorten(visible(reason), TEXT_LIMIT)]),
    ...(finding === undefined ? [] : [findingText(finding)]),
    ...(verdict === "pass" ? [] : [`again: ${oneLine(check.repeat)}`]),
  ];
  return {
    ...(verdict !== "error" && { score: points, max_score: maximum }),
    status: verdict === "pass" ? "passed" : "failed",
    name: oneLine(`${task}: ${check.title}`),
    name_format: "text",
    number,
    output: output.join("\n"),
    output_format: "text",
    tags: [task, check.id].map(oneLine),
    visibility,
  };
}
