/** The templates of manifests, each with programs that keep to their convention. */
import { spawnSync } from "node:child_process";
import { cpSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { withFolder } from "../../support/temporary.ts";
import { TASKS } from "../checks/tasks/tasks.ts";
import { MANIFEST_NAME } from "../manifest/manifest.ts";
import { manifestTemplate } from "../manifest/template.ts";
import { openSubmission } from "../run/submission.ts";
import { gradeTask } from "./grade-task.ts";

const PROGRAMS = fileURLToPath(new URL("../fakes/template-programs/", import.meta.url));

const CASES: { task: string; language: string; programs: string; checks: string[]; needs?: string }[] = [
  { task: "part1", language: "python", programs: "python", checks: ["message", "reply"] },
  { task: "part1", language: "node", programs: "node", checks: ["message", "reply"] },
  { task: "part1", language: "typescript", programs: "node", checks: ["message", "reply"] },
  { task: "part1", language: "java", programs: "java", checks: ["message", "reply"], needs: "javac" },
  { task: "part1", language: "c", programs: "c", checks: ["message", "reply"], needs: "cc" },
  {
    task: "03",
    language: "python",
    programs: "python-03",
    checks: ["message", "reply", "second", "stranger", "impostor"],
  },
  { task: "05", language: "python", programs: "python-05", checks: ["message", "reply", "list"] },
];

for (const { task: id, language, programs, checks, needs } of CASES) {
  const isMissing = needs !== undefined && spawnSync(needs, ["--version"]).error !== undefined;
  (isMissing ? test.skip : test)(`the template ${id} ${language} starts such programs`, () =>
    withFolder(async (folder) => {
      cpSync(join(PROGRAMS, programs), folder, { recursive: true });
      if (language === "typescript")
        for (const name of ["server", "client"])
          renameSync(join(folder, `${name}.js`), join(folder, `${name}.ts`));
      writeFileSync(join(folder, MANIFEST_NAME), JSON.stringify(manifestTemplate(id, language)));
      const task = TASKS.find((each) => each.id === id);
      assert.ok(task);
      const submission = await openSubmission(folder, { seed: "templates" });
      try {
        const report = await gradeTask(task, submission.prepare(id), {
          only: new Set(checks),
          quick: true,
          repeat: String,
        });
        assert.equal(
          report.checks.map(({ id, verdict, reason, finding }) => [id, verdict, reason ?? finding?.happened]),
          checks.map((check) => [check, "pass", undefined]),
        );
      } finally {
        await submission.close();
      }
    }),
  );
}

test.run();
