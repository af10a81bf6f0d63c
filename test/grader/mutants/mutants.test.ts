import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ROOT } from "../../support/launch.ts";
import { withFolder } from "../../support/temporary.ts";
import { TASKS } from "../checks/tasks/tasks.ts";
import { loadManifest } from "../manifest/load.ts";
import { build } from "./build.ts";
import { honest, mutants, sample } from "./mutants.ts";

const PROGRAMS = join(ROOT, "test/grader/mutants/programs");
const all = [...mutants, ...honest];
const folders = readdirSync(PROGRAMS);

test("mutants: each has a name of its own, and each program is listed", () => {
  assert.is(new Set(all.map(({ name }) => name)).size, all.length);
  const listed = all.filter(({ edits }) => !edits).map(({ name }) => name);
  assert.equal(listed.toSorted(), folders.toSorted());
});

test("mutants: there are many, and each must be killed by something", () => {
  assert.ok(mutants.length >= 40, `${mutants.length} broken ones`);
  assert.ok(honest.length >= 16, `${honest.length} honest ones`);
  for (const { name, kills } of mutants) assert.ok(kills.length > 0, name);
});

test("mutants: each check must kill one of them, and one of the sample", () => {
  const killers = (id: string) =>
    mutants.filter(({ kills }) => kills.some((group) => group.split("|").includes(id)));
  for (const id of new Set(TASKS.flatMap(({ checks }) => checks.map((check) => check.id)))) {
    assert.ok(killers(id).length > 0, id);
    assert.ok(
      killers(id).some(({ name }) => sample.includes(name)),
      `${id} in the sample`,
    );
  }
  const known = new Set(all.map(({ name }) => name));
  assert.equal(
    sample.filter((name) => !known.has(name)),
    [],
  );
});

for (const submission of all.filter(({ edits }) => edits)) {
  const { name, task, of, edits = [] } = submission;
  test(`mutants: ${name} edits what is there, once`, async () => {
    for (const { find, replace } of edits) assert.is.not(find, replace);
    assert.ok(of === undefined || folders.includes(of), of);
    await withFolder(async (folder) => {
      const built = build(submission, folder);
      for (const { file, replace } of edits)
        assert.ok(readFileSync(join(built, file), "utf8").includes(replace), `in ${file}: ${replace}`);
      assert.ok(loadManifest(built).tasks[task], task);
    });
  });
}

test("mutants: what is to be replaced must be there, and only once", async () => {
  for (const [find, times] of [
    ["no such words", 0],
    ["import", 6],
  ] as const) {
    const edits = [{ file: "client.py", find, replace: "" }];
    await withFolder(async (folder) =>
      assert.throws(
        () => build({ name: "x", of: "honest-01-python", edits }, folder),
        (error: Error) => error.message.startsWith(`x: in client.py, ${times} times: ${find}`),
      ),
    );
  }
});

for (const { name, task } of all.filter(({ edits }) => !edits)) {
  test(`mutants: ${name} has a manifest for ${task}`, () => {
    const { tasks } = loadManifest(join(PROGRAMS, name));
    assert.equal(Object.keys(tasks), [task]);
    for (const { command } of Object.values(tasks[task]?.programs ?? {})) {
      const script = command.find((word) => /\.(py|pl)$/.test(word));
      const folder = join(PROGRAMS, name, tasks[task]?.folder ?? ".");
      assert.ok(!script || existsSync(join(folder, script)), script);
    }
  });
}

test.run();
