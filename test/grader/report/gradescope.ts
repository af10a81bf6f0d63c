/** A report as the `results.json` of a Gradescope autograder. */
import type { CheckReport, Report } from "../model/report.ts";
import { findingText } from "./finding-text.ts";
import { allChecks, countVerdicts, NOT_ISOLATED, summarize } from "./summary.ts";
import { oneLine, shorten, visible } from "./visible.ts";

const TEXT_LIMIT = 800;

/** When students see something. */
export type Visibility = "hidden" | "after_due_date" | "after_published" | "visible";

/** The file, with the fields of the specification that we use, and no others. */
export interface GradescopeResults {
  /** Overrides the sum of the tests. Absent when the harness failed: then there is no score, and not one of 0. */
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
  /** Both absent where the check says nothing of the submission. */
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
 * Returns `report` in the format of https://gradescope-autograders.readthedocs.io/en/latest/specs/#output-format.
 *
 * All formats are `text`, also that of the whole, whose default renders HTML. Checks that do not apply are left out: a test
 * there is passed or failed. One in which the harness failed has no score ("informational"), and then the whole has none either.
 */
export function gradescopeResults(
  report: Report,
  { visibility = "visible" }: { visibility?: Visibility } = {},
): GradescopeResults {
  const checks = allChecks(report);
  const failedHarness = countVerdicts(checks).error > 0;
  const left = checks.filter(({ verdict }) => verdict === "not applicable");
  const output = [
    `${summarize(checks)}.`,
    ...(failedHarness ? ["There is no score: somebody has to look at this, and grade again."] : []),
    ...(report.isolation.kind === "none" ? [`${NOT_ISOLATED}.`] : []),
    ...report.isolation.notes.map((note) => oneLine(shorten(note, TEXT_LIMIT))),
    ...(left.length > 0
      ? [`Not part of this task: ${left.map(({ title }) => oneLine(title)).join("; ")}.`]
      : []),
    `Seed ${oneLine(report.seed)}.`,
  ];
  return {
    ...(!failedHarness && { score: report.points }),
    execution_time: Math.round(report.seconds),
    output: output.join("\n"),
    output_format: "text",
    test_output_format: "text",
    test_name_format: "text",
    visibility,
    // what our programs print there is for teachers
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
  const { verdict, points, maximum, finding, reason } = check;
  const output = [
    ...(verdict === "not shown" ? ["This could not be shown, so it scores nothing."] : []),
    ...(verdict === "error" ? ["The harness itself failed, which says nothing of the submission."] : []),
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
