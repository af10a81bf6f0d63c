/**
 * This project's own solutions, graded like any submission: one test for each check.
 *
 * All of them take minutes: `npm run grade` runs them, and so does this test with GRADE=all.
 * Without it, two tasks run, without the attacks on every turn, which
 * test/end-to-end/tampering.test.ts and test/unit cover.
 */
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ROOT } from "../../support/launch.ts";
import { TASKS } from "../checks/tasks/tasks.ts";
import type { CheckReport, TaskReport } from "../model/report.ts";
import { findingText } from "../report/finding-text.ts";
import { openSubmission } from "../run/submission.ts";
import { gradeTask } from "./grade-task.ts";

const SEED = process.env["SEED"] ?? "npm test";
const ALL = process.env["GRADE"] === "all";
const SHORT_ONES = ["part2", "03"];
const LONG_ONES = [
  "unaltered",
  "authentic",
  "before-printing",
  "replay",
  "pieces",
  "long",
  "pool",
  "port-secret",
];
const tasks = TASKS.filter(({ id }) => ALL || SHORT_ONES.includes(id));

for (const task of tasks) {
  const wanted = task.checks.filter(({ id }) => ALL || !LONG_ONES.includes(id));
  const test = suite(`our ${task.id} (SEED=${SEED})`);
  let report: TaskReport | undefined;

  test.before(async () => {
    const submission = await openSubmission(ROOT, { seed: SEED });
    try {
      report = await gradeTask(task, submission.prepare(task.id), {
        only: new Set(wanted.map(({ id }) => id)),
        repeat: (id) => `npm run grade -- --only ${task.id}/${id} --seed '${SEED}'`,
      });
    } finally {
      await submission.close();
    }
  });

  for (const { id, title } of wanted) {
    test(`${task.id}/${id}: ${title}`, () => {
      const check = report?.checks.find((each) => each.id === id);
      assert.is(check?.verdict, "pass", describe(check));
    });
  }
  test.run();
}

function describe(check: CheckReport | undefined): string {
  return check?.finding
    ? `${findingText(check.finding)}\n${check.repeat}`
    : (check?.reason ?? "it was not run");
}
