import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ROOT } from "../../../support/launch.ts";
import { TASKS } from "./tasks.ts";
import { README, weightsTable } from "./weights.ts";

for (const task of TASKS) {
  test(`${task.id} states its weights in its README`, () => {
    const file = README[task.id] ?? "";
    const table = weightsTable(task);
    if (!readFileSync(ROOT + file, "utf8").includes(table))
      assert.unreachable(`put this table into ${file}:\n${table}\n`);
  });
}

test.run();
