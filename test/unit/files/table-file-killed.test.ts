import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { runScript } from "../../support/scripts.ts";
import { MEMORY, withFolder } from "../../support/temporary.ts";

const LIST = "name,colour\nplum,blue\n";

test("killed at any moment, an edit leaves the old list or the new one, and the next edit succeeds", async () => {
  for (let [moment, done] = [1, false]; !done; moment += 1) {
    await withFolder(async (folder) => {
      const file = join(folder, "fruit.csv");
      await writeFile(file, LIST, { mode: 0o600 });
      const edit = (name: string, environment = {}) =>
        runScript("store.ts", { args: ["edit", file, name], environment });
      const { status, stderr } = await edit("kiwi", { KILL_AT: String(moment) });
      assert.ok(status === 0 || status === null, stderr);
      done = status === 0;
      const left = await readFile(file, "utf8");
      assert.ok(left === `${LIST}kiwi,kiwi\n` || (left === LIST && !done), left);
      const next = await edit("fig");
      assert.is(next.status, 0, next.stderr);
      assert.is(await readFile(file, "utf8"), `${left}fig,fig\n`);
    }, MEMORY);
  }
});

test.run();
