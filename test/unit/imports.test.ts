/** Importing a file of lib has no side effects. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ROOT } from "../support/launch.ts";
import { runScript } from "../support/scripts.ts";

const LIB = readdirSync(join(ROOT, "lib"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => join(ROOT, "lib", name));

test("importing any file of lib leaves the process as it was", async () => {
  assert.ok(LIB.length > 20, `${LIB.length} files`);
  assert.equal(await runScript("imports.ts", { args: LIB }), { status: 0, stdout: "", stderr: "" });
});

test("the test notices a listener", async () => {
  const code = 'process.on("uncaughtException", () => {});';
  const file = `data:text/javascript,${encodeURIComponent(code)}`;
  assert.is((await runScript("imports.ts", { args: [file] })).stdout, `${file}\n`);
});

test.run();
