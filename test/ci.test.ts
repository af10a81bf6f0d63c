/** .ci/run in its own folder, with small scripts as npm and the rest. Its last line is a sum. */
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Ending, Program, ROOT } from "./support/launch.ts";

const TOOLS = ["bash", "dirname", "mktemp", "rm", "awk", "tee", "wc", "tail", "grep"];
const PASS: Record<string, string> = {
  node: "",
  openssl: "",
  "apt-get": "",
  npm: `case "$*" in
    ci) ;;
    test) echo "5 passed, 0 failed" ;;
    "run test:all -- --rest") echo "4 passed, 0 failed" ;;
    "run check") echo "no complaint" ;;
    "run test:runtimes") echo "2 passed, 0 failed" ;;
    "run test:browser") echo "1 passed, 0 failed" ;;
  esac`,
};

let folder = "";
test.before.each(() => {
  folder = mkdtempSync(join(tmpdir(), "ci-test-"));
  mkdirSync(join(folder, ".ci"));
  mkdirSync(join(folder, "bin"));
  copyFileSync(`${ROOT}.ci/run`, join(folder, ".ci/run"));
  for (const tool of TOOLS) {
    const path = execFileSync("sh", ["-c", `command -v ${tool}`], { encoding: "utf8" }).trim();
    symlinkSync(path, join(folder, "bin", tool));
  }
});
test.after.each(() => rmSync(folder, { recursive: true }));

/** Runs it with only `programs` on the path. */
async function run(programs: Record<string, string>): Promise<Ending> {
  for (const [name, code] of Object.entries(programs)) {
    const path = join(folder, "bin", name);
    writeFileSync(path, `#!/bin/sh\n${code}\n`);
    chmodSync(path, 0o755);
  }
  return new Program([join(folder, ".ci/run")], { env: { PATH: join(folder, "bin") } }).ending;
}

/** Fails unless the status is `status`, and the output ends with `lines`. */
function assertEnds(ending: Ending, status: number, ...lines: string[]): void {
  assert.ok(ending.stdout.endsWith(`${lines.join("\n")}\n`), ending.stdout + ending.stderr);
  assert.is(ending.status, status);
}

const { npm = "" } = PASS;

test(".ci/run adds up its steps; the check is one test", async () => {
  assertEnds(await run(PASS), 0, "1 passed, 0 failed", "13 passed, 0 failed");
});

test(".ci/run reports that node is missing", async () => {
  const { node: _, ...rest } = PASS;
  const ending = await run(rest);
  assertEnds(ending, 1, "failed: node_is_there", "0 passed, 1 failed");
  assert.match(ending.stdout, /^node and npm are missing: install Node 20\.12 or later/);
});

test(".ci/run fails when packages cannot be installed", async () => {
  const { openssl: _, ...rest } = PASS;
  const ending = await run({ ...rest, "apt-get": "echo no network >&2; exit 100" });
  assertEnds(ending, 1, "failed: install_packages", "0 passed, 1 failed");
  assertEnds(await run({ ...PASS, npm: "exit 1" }), 1, "failed: npm ci", "0 passed, 1 failed");
});

test(".ci/run goes on after a failed step, and fails", async () => {
  const check = npm.replace('echo "no complaint"', "exit 1");
  assertEnds(await run({ ...PASS, npm: check }), 1, "12 passed, 1 failed");
  const failing = npm.replace('"5 passed, 0 failed"', '"4 passed, 1 failed"; exit 1');
  assertEnds(await run({ ...PASS, npm: failing }), 1, "12 passed, 1 failed");
  const silent = npm.replace('echo "2 passed, 0 failed"', "exit 1");
  assertEnds(await run({ ...PASS, npm: silent }), 1, "11 passed, 1 failed");
});

test(".ci/run fails if tests were skipped, and reports them before the sum", async () => {
  const skipping = npm
    .replace('echo "5', 'echo "3 skipped"; echo "5')
    .replace('5 passed, 0 failed"', '5 passed, 0 failed"; exit 1');
  assertEnds(await run({ ...PASS, npm: skipping }), 1, "3 skipped", "13 passed, 0 failed");
});

test.run();
