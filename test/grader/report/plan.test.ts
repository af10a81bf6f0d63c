import { test } from "uvu";
import * as assert from "uvu/assert";
import { SAMPLE } from "../fakes/sample-report.ts";
import { describeInterruption, describePlan } from "./plan.ts";

const PLAN = ["part1", "part2", "01"].map((id) => ({ id, checks: 14 }));

test("describePlan says what is graded, how long that takes, and offers a quick grading", () => {
  assert.is(
    describePlan("Team 7", PLAN, false),
    `Grading Team 7: part1, part2, 01 (42 checks).
This takes about 5 minutes. With --quick it takes about 1 minute: whether it works, and the cheapest attack of each kind.`,
  );
});

test("describePlan says that a quick grading gives no grades", () => {
  assert.match(
    describePlan("Team 7", PLAN, true),
    /^Quick: .* about 1 minute, and the points are provisional\.$/m,
  );
  assert.match(describePlan("x", PLAN.slice(0, 1), true), /half a minute/);
});

test("describePlan is brief about a few checks, and escapes names", () => {
  assert.is(
    describePlan("a\u001b[2J", [{ id: "part2", checks: 1 }], false),
    "Grading a\\u{1b}[2J: part2 (1 check).",
  );
});

test("describeInterruption says what was graded, what was not, and how to go on", () => {
  assert.is(
    describeInterruption(PLAN, SAMPLE.tasks.slice(0, 1), { seconds: 75, seed: "4f1c" }),
    `Interrupted after 1 min 15 s. No report was written.
  graded      part2 (55/90 points)
  not graded  part1, 01
The same attacks again: --seed 4f1c. The other tasks: --only part1,01.`,
  );
});

test.run();
