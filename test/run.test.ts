/** test/run.ts itself, with small files that pass, fail or do neither, and its tiers. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Ending, Program, TSX } from "./support/launch.ts";
import { LEFT_OUT, providersOf, reasonToLeaveOut } from "./tiers.ts";

const UVU = JSON.stringify(createRequire(import.meta.url).resolve("uvu"));
const FILES = {
  "crash.test.ts": 'test("a", () => {}); throw new Error("before any test");',
  "fail.test.ts": 'test("a", () => {}); test("b", () => { throw new Error("no"); }); test.run();',
  "half-way.test.ts": 'test("a", () => process.exit(0)); test("b", () => {}); test.run();',
  "none.test.ts": "test.run();",
  "not-run.test.ts": 'test("a", () => {});',
  "pass-tamper.test.ts": 'test("a", () => {}); test("b", () => {}); test.run();',
  "skip.test.ts": 'test.skip("a", () => {}); test.run();',
};

let folder = "";
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), "run-test-"));
  for (const [name, code] of Object.entries(FILES))
    writeFileSync(join(folder, name), `import { test } from ${UVU};\n${code}\n`);
});
test.after(() => rmSync(folder, { recursive: true }));

function run(args: string[], CI = ""): Promise<Ending> {
  return new Program([...TSX, "test/run.ts", ...args], { env: { CI } }).ending;
}

/** Returns the line about each file, in order, and the sums after them. */
function linesOf({ stdout }: Ending): string[] {
  const lines = stdout.split("\n").filter((line) => /^[✓✗]|^\d+ (passed|skipped)/.test(line));
  return lines.map((line) =>
    line
      .replace(/(?<=^. )\d+\/\d+ /, "")
      .replace(`${folder}/`, "")
      .replace(/, [\d.]+ s$/, ""),
  );
}

test("a file that fails, crashes, ends half-way or has no test has failed; slow files come first", async () => {
  const ending = await run(["--in", folder, "--jobs", "1", "test"]);
  assert.equal(linesOf(ending), [
    "✓ pass-tamper.test.ts: 2 passed, 0 failed",
    "✗ crash.test.ts: 0 passed, 1 failed",
    "✗ fail.test.ts: 1 passed, 1 failed",
    "✗ half-way.test.ts: 0 passed, 1 failed",
    "✗ none.test.ts: 0 passed, 1 failed",
    "✗ not-run.test.ts: 0 passed, 1 failed",
    "✓ skip.test.ts: 0 passed, 0 failed, 1 skipped",
    "1 skipped",
    "3 passed, 5 failed",
  ]);
  assert.is(ending.status, 1);
  assert.match(ending.stdout, /Error: before any test/);
});

test("a file whose tests are all skipped fails only in CI", async () => {
  const ending = await run(["--in", folder, "skip"]);
  assert.equal(linesOf(ending), [
    "✓ skip.test.ts: 0 passed, 0 failed, 1 skipped",
    "1 skipped",
    "0 passed, 0 failed",
  ]);
  assert.is(ending.status, 0);
  assert.is((await run(["--in", folder, "skip"], "true")).status, 1);
});

test("the run says how far it has come", async () => {
  const { stdout } = await run(["--in", folder, "--jobs", "1", "pass", "skip"]);
  assert.equal(stdout.match(/^✓ \d\/\d/gm), ["✓ 1/2", "✓ 2/2"]);
});

test("each path that npm test leaves out is there", () => {
  for (const [path] of LEFT_OUT) assert.ok(existsSync(`test/${path}`), path);
  assert.is(reasonToLeaveOut("test/end-to-end/each-script.test.ts", undefined), undefined);
  assert.is(reasonToLeaveOut("test/end-to-end/start.test.ts", undefined), LEFT_OUT[0]?.[1]);
});

test("unit tests run with the first provider in npm test, and with the others in test:all", () => {
  const file = "test/unit/crypto/fernet.test.ts";
  assert.equal(providersOf(file), ["peculiar", "native"]);
  assert.is(reasonToLeaveOut(file, "peculiar"), undefined);
  assert.match(reasonToLeaveOut(file, "native") ?? "", /native/);
  assert.equal(providersOf("test/unit/bytes/bytes.test.ts"), ["peculiar"]);
  assert.equal(providersOf("test/end-to-end/start.test.ts"), [undefined]);
});

test("a name that no file has fails", async () => {
  const { status, stdout } = await run(["--in", folder, "no-such-name"]);
  assert.is(stdout, "no test file has such a name\n0 passed, 0 failed\n");
  assert.is(status, 1);
});

for (const [args, reason] of [
  [["--jobs", "0"], '--jobs "0": expected a whole number from 1 to 1000'],
  [["--jobs=x"], '--jobs "x": expected a whole number from 1 to 1000'],
  [["--job", "2"], "unknown flag --job; see --help"],
  [["--in", "no/such/folder"], '--in "no/such/folder": there is no such folder'],
] as const) {
  test(`${args.join(" ")} is a usage error`, async () => {
    const { status, stdout, stderr } = await run([...args]);
    assert.is(stderr, `error: ${reason}\n`);
    assert.is(stdout, "");
    assert.is(status, 2);
  });
}

test.run();
