import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ROOT } from "../../support/launch.ts";
import { withFolder } from "../../support/temporary.ts";
import { TASKS } from "../checks/tasks/tasks.ts";
import { loadManifest } from "../manifest/load.ts";
import { build } from "./build.ts";
import type { Honest, Mutant } from "./mutant.ts";
import { honest, mutants, sample } from "./mutants.ts";

const PROGRAMS = join(ROOT, "test/grader/mutants/programs");
const all = [...mutants, ...honest];
const folders = readdirSync(PROGRAMS);

test("mutants: names are unique, and each folder in programs belongs to one", () => {
  const names = new Set(all.map(({ name }) => name));
  assert.is(names.size, all.length);
  assert.equal(
    folders.filter((folder) => !names.has(folder)),
    [],
  );
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
    const names = killers(id).map(({ name }) => name);
    if (names.length === 0) assert.unreachable(`no mutant has ${id} in its kills: add one to edits/`);
    if (!names.some((name) => sample.includes(name)))
      assert.unreachable(`no mutant that ${id} must kill is in the sample: add one in mutants.ts`);
  }
  const known = new Set(all.map(({ name }) => name));
  assert.equal(
    sample.filter((name) => !known.has(name)),
    [],
  );
});

for (const submission of all.filter(isBuilt)) {
  const { name, task, edits = [] } = submission;
  test(`mutants: ${name} can be built, and differs from what it starts from`, async () => {
    assert.ok(edits.length > 0 || folders.includes(name) || name.startsWith("our-"));
    for (const { find, replace } of edits) assert.is.not(find, replace);
    await withFolder(async (folder) => {
      const built = build(submission, folder);
      for (const { file, replace } of edits)
        assert.ok(readFileSync(join(built, file), "utf8").includes(replace), `in ${file}: ${replace}`);
      assert.ok(loadManifest(built).tasks[task], task);
    });
  });
}

for (const [find, times] of [
  ["no such words", 0],
  ["import", 6],
] as const) {
  test(`build: an edit whose text occurs ${times} times throws`, async () => {
    const edits = [{ file: "client.py", find, replace: "" }];
    await withFolder(async (folder) =>
      assert.throws(
        () => build({ name: "x", of: "honest-01-python", edits }, folder),
        (error: Error) => error.message === `x: expected once in client.py, found ${times} times: ${find}`,
      ),
    );
  });
}

test("build: an unknown base throws", async () => {
  await withFolder(async (folder) =>
    assert.throws(
      () => build({ name: "x", of: "honest-99" }, folder),
      (error: Error) => error.message === "there is no submission named honest-99",
    ),
  );
});

test("build: the files in the submission's folder go over those of the base", async () => {
  await withFolder(async (folder) => {
    const built = build({ name: "honest-03-python", of: "honest-02-tls-like" }, folder);
    const read = (path: string) => readFileSync(path, "utf8");
    assert.is(read(join(built, "submission.json")), read(join(PROGRAMS, "honest-03-python/submission.json")));
    assert.is(read(join(built, "channel.py")), read(join(PROGRAMS, "honest-02-tls-like/channel.py")));
  });
});

for (const { name, task } of all.filter((submission) => !isBuilt(submission))) {
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

function isBuilt({ of, edits }: Mutant | Honest): boolean {
  return of !== undefined || edits !== undefined;
}

test.run();
