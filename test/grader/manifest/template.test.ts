import { test } from "uvu";
import * as assert from "uvu/assert";
import { throws } from "../../support/rejects.ts";
import { template } from "../commands/template.ts";
import { parseManifest } from "./load.ts";
import { LANGUAGES, TEMPLATE_TASKS } from "./template.ts";

/** Programs beside server and client that a task needs. */
const FURTHER: Record<string, string[]> = { "03": ["second", "stranger", "impostor"], "05": ["list"] };

for (const task of TEMPLATE_TASKS)
  for (const language of LANGUAGES) {
    test(`template ${task} ${language} prints a valid manifest`, () => {
      let printed = "";
      assert.is(
        template([task, language], (text) => {
          printed += text;
        }),
        0,
      );
      const manifest = parseManifest(JSON.parse(printed), "own");
      assert.equal(Object.keys(manifest.tasks), [task]);
      const { programs, files } = manifest.tasks[task] ?? {};
      assert.equal(Object.keys(programs ?? {}), ["server", "client", ...(FURTHER[task] ?? [])]);
      assert.is(files !== undefined, task === "05");
    });
  }

test("template refuses an unknown task or language, and says which there are", () => {
  const error =
    "expected template TASK LANGUAGE, with a task of part1, part2, 01, 02, 03, 04, 05, and a language of python, node, typescript, java, go, c";
  for (const args of [
    [],
    ["part2"],
    ["part9", "python"],
    ["part2", "cobol"],
    ["part2", "toString"],
    ["part2", "python", "x"],
  ])
    throws(() => template(args), error);
});

test.run();
