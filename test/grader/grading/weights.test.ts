import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ROOT } from "../../support/launch.ts";
import { TASKS } from "../checks/tasks/tasks.ts";
import { README, weightsTable } from "./weights.ts";

for (const task of TASKS) {
  test(`${task.id} states its weights in its README`, () => {
    const file = README[task.id] ?? "";
    assert.ok(
      readFileSync(ROOT + file, "utf8").includes(weightsTable(task)),
      `${file} lacks this:\n${weightsTable(task)}`,
    );
  });
}

test.run();
