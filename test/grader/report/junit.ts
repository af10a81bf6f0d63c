/** A report as JUnit XML: a suite for each task, a test case for each check. */
import type { CheckReport, Report, TaskReport } from "../model/report.ts";
import { findingText } from "./finding-text.ts";
import { type Markup, markup } from "./markup.ts";
import { allChecks, countVerdicts } from "./summary.ts";
import { shorten } from "./visible.ts";

const TEXT_LIMIT = 800;

/**
 * Returns `report` in the format that Ant introduced and CI systems read. There is no standard; the
 * attributes are those of Jenkins' junit-10.xsd.
 *
 * Checks that could not be shown or do not apply are skipped. Characters that XML does not allow
 * are shown as `\u{hex}`.
 */
export function junitReport(report: Report): string {
  return `${
    markup`<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="${report.submission.name}" ${countAttributes(allChecks(report), report.seconds)}>
${report.tasks.map((task) => suite(task, report))}</testsuites>`.source
  }\n`;
}

function suite(task: TaskReport, { seed, isolation, started, submission, quick }: Report): Markup {
  const { "not shown": unshown, "not applicable": without } = countVerdicts(task.checks);
  return markup`<testsuite name="${task.id}" ${countAttributes(task.checks, task.seconds)} skipped="${unshown + without}" timestamp="${started.replace(/(\.\d+)?Z$/, "")}">
<properties>
<property name="submission" value="${submission.name}"/>
<property name="seed" value="${seed}"/>
${
  quick &&
  markup`<property name="quick" value="the points are provisional"/>
`
}<property name="isolation" value="${isolation.kind}"/>
<property name="points" value="${task.points}"/>
<property name="maximum" value="${task.maximum}"/>
</properties>
${task.checks.map((check) => testCase(check, task.id))}</testsuite>
`;
}

function countAttributes(checks: readonly CheckReport[], seconds: number): Markup {
  const { fail, error } = countVerdicts(checks);
  return markup`tests="${checks.length}" failures="${fail}" errors="${error}" time="${seconds.toFixed(3)}"`;
}

function testCase(check: CheckReport, task: string): Markup {
  return markup`<testcase classname="${task}" name="${check.id}: ${check.title}" time="${check.seconds.toFixed(3)}">${outcome(check)}</testcase>
`;
}

function outcome(check: CheckReport): Markup {
  const { verdict, finding, repeat } = check;
  const reason = shorten(check.reason ?? "", TEXT_LIMIT);
  const again = `\nagain: ${repeat}`;
  switch (verdict) {
    case "pass":
      return markup``;
    case "fail":
      return markup`<failure type="finding" message="${shorten(finding?.happened ?? reason, TEXT_LIMIT)}">${finding ? findingText(finding) : reason}${again}</failure>`;
    case "error":
      return markup`<error type="grader" message="${reason}">${reason}${again}</error>`;
    default:
      return markup`<skipped message="${verdict}: ${reason}"/>`;
  }
}
