/** Importing a file of lib has no side effects, and works in an old Node. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { transformSync } from "esbuild";
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

/** Says whether Node 18 fails to load `code` because of a regular expression. */
function hasNewRegExp(code: string): boolean {
  const { code: lowered } = transformSync(code, { loader: "ts", target: "node18" });
  return /new RegExp\(.*, "[a-z]*v[a-z]*"\)/.test(lowered);
}

test("no file of lib has a regular expression that Node 18 cannot load, so it says that it is too old", () => {
  for (const file of LIB) assert.not(hasNewRegExp(readFileSync(file, "utf8")), file);
});

test("the test notices a regular expression of Node 20", () => {
  assert.ok(hasNewRegExp("const SETS = /[\\p{L}--a]/gv;"));
});

test("the test notices a listener", async () => {
  const code = 'process.on("uncaughtException", () => {});';
  const file = `data:text/javascript,${encodeURIComponent(code)}`;
  assert.is((await runScript("imports.ts", { args: [file] })).stdout, `${file}\n`);
});

test.run();
