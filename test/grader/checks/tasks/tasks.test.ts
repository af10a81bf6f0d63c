/** The tasks as data. */
import { existsSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { TASKS } from "./tasks.ts";

/** A program in plaintext earns no more; see grading/readable-texts.ts. */
const MAX_FUNCTIONAL = 28;

for (const task of TASKS) {
  test(`${task.id} has 100 points`, () => {
    assert.is(
      task.checks.reduce((sum, { points }) => sum + points, 0),
      100,
    );
    for (const { points } of task.checks) assert.ok(Number.isInteger(points) && points > 0);
  });

  test(`${task.id} gives at most ${MAX_FUNCTIONAL} points for texts that anyone can read`, () => {
    const functional = task.checks.filter(({ isFunctional }) => isFunctional);
    const points = functional.reduce((sum, each) => sum + each.points, 0);
    assert.ok(points <= MAX_FUNCTIONAL, String(points));
  });

  test(`${task.id} has checks with unique names, which need earlier ones`, () => {
    const seen = new Set<string>();
    for (const { id, needs } of task.checks) {
      assert.match(id, /^[a-z][a-z0-9-]*$/);
      assert.not.ok(seen.has(id), id);
      for (const need of needs) assert.ok(seen.has(need), `${id} needs ${need}`);
      seen.add(id);
    }
  });
}

test("each check is in a file that has its id as its name", () => {
  for (const { id } of TASKS.flatMap(({ checks }) => checks))
    assert.ok(existsSync(new URL(`../${id}.ts`, import.meta.url)), `checks/${id}.ts`);
});

test("no two tasks have the same name", () => {
  assert.is(new Set(TASKS.map(({ id }) => id)).size, TASKS.length);
});

test.run();
