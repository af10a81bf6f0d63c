import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { withFolder } from "../../../support/temporary.ts";
import { sourceFiles } from "./source-files.ts";

test("sourceFiles returns the files of the submission, without its manifest", async () => {
  await withFolder(async (source) => {
    for (const folder of ["lab/src", "node_modules/x", "test"])
      await mkdir(join(source, folder), { recursive: true });
    for (const file of ["submission.json", "client.py", "lab/src/keys.h", "node_modules/x/a.js", "test/b.py"])
      await writeFile(join(source, file), "hunter2hunter2");
    const names = (folder: string) =>
      sourceFiles({ source, manifest: { folder, programs: {} } }).map(({ name }) => name);
    assert.equal(names(".").toSorted(), ["client.py", "lab/src/keys.h"]);
    assert.equal(names("lab"), ["lab/src/keys.h"]);
  });
});

test("sourceFiles begins with the files nearest to the programs of the task", async () => {
  await withFolder(async (source) => {
    for (const file of [
      "README.md",
      "exercises/05/client/a.ts",
      "lib/rsa.ts",
      "part1/server.ts",
      "part2/server.ts",
    ]) {
      await mkdir(dirname(join(source, file)), { recursive: true });
      await writeFile(join(source, file), "");
    }
    const command: [string, ...string[]] = ["/usr/bin/node", "--import", "tsx", "part2/server.ts", "{reply}"];
    const programs = { server: { command, next: [], stdin: [], env: {} } };
    const names = sourceFiles({ source, manifest: { folder: ".", programs } }).map(({ name }) => name);
    assert.equal(names, [
      "README.md",
      "part2/server.ts",
      "lib/rsa.ts",
      "part1/server.ts",
      "exercises/05/client/a.ts",
    ]);
  });
});

test.run();
