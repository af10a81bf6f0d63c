import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { sourceOf } from "../checks/secret.ts";
import { withFolder } from "../support/temporary.ts";

test("sourceOf has the submission's own files, and not what its manifest types", async () => {
  await withFolder(async (source) => {
    for (const folder of ["lab/src", "node_modules/x", "test"])
      await mkdir(join(source, folder), { recursive: true });
    for (const file of ["submission.json", "client.py", "lab/src/keys.h", "node_modules/x/a.js", "test/b.py"])
      await writeFile(join(source, file), "hunter2hunter2");
    const names = (folder: string) => sourceOf({ source, manifest: { folder } }).map(({ name }) => name);
    assert.equal(names(".").toSorted(), ["client.py", "lab/src/keys.h"]);
    assert.equal(names("lab"), ["lab/src/keys.h"]);
  });
});

test.run();
