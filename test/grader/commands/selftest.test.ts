import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { rejects } from "../../support/rejects.ts";
import { withFolder } from "../../support/temporary.ts";
import type { CheckReport, TaskReport, Verdict } from "../model/report.ts";
import type { Honest, Mutant } from "../mutants/mutant.ts";
import { mutants } from "../mutants/mutants.ts";
import { selftest, tryAgain } from "./selftest.ts";
import { problemsOf } from "./selftest-problems.ts";
import { type Result, rowOf } from "./selftest-trial.ts";

const MUTANT: Mutant = {
  name: "part2-x",
  task: "part2",
  broken: "something",
  kills: ["secret", "authentic|before-printing"],
};
const HONEST: Honest = {
  name: "honest-part2-x",
  task: "part2",
  design: "something",
  loses: { long: "its texts are short" },
};

function reportOf(verdicts: Record<string, Verdict>): TaskReport {
  const checks = Object.entries(verdicts).map(
    ([id, verdict]): CheckReport => ({
      id,
      title: id,
      verdict,
      points: 0,
      maximum: 1,
      seconds: 0,
      repeat: "",
    }),
  );
  return { id: "part2", title: "", seconds: 0, points: 0, maximum: 0, checks };
}

function problems(submission: Mutant | Honest, verdicts: Record<string, Verdict>): string[] {
  const row = rowOf(submission, reportOf(verdicts), 1);
  return problemsOf(row).map(({ what, checks }) => [what, ...checks].join(" "));
}

const KILLED: Record<string, Verdict> = {
  message: "pass",
  reply: "pass",
  secret: "fail",
  authentic: "pass",
  "before-printing": "fail",
};

test("selftest: a mutant that fails what it must, and works, is as it must be", () => {
  assert.equal(problems(MUTANT, KILLED), []);
});

test("selftest: a mutant survives a check that passes, is not shown, or is not there", () => {
  assert.equal(problems(MUTANT, { ...KILLED, secret: "pass" }), ["survives secret"]);
  assert.equal(problems(MUTANT, { ...KILLED, secret: "not shown" }), ["survives secret"]);
  const { secret: _, ...without } = KILLED;
  assert.equal(problems(MUTANT, without), ["survives secret"]);
  assert.equal(problems(MUTANT, { ...KILLED, "before-printing": "pass" }), [
    "survives authentic|before-printing",
  ]);
});

test("selftest: a mutant that does not even work proves nothing", () => {
  assert.equal(problems(MUTANT, { ...KILLED, reply: "fail" }), ["does not pass reply"]);
  assert.equal(problems({ ...MUTANT, passes: [] }, { ...KILLED, reply: "fail" }), []);
});

test("selftest: an honest submission that loses a point is accused, unless it is listed", () => {
  assert.equal(problems(HONEST, { message: "pass", long: "not shown", pool: "not applicable" }), []);
  assert.equal(problems(HONEST, { message: "pass", long: "not shown", secret: "fail" }), [
    "does not pass secret",
  ]);
  assert.equal(problems(HONEST, { message: "pass", long: "not shown", secret: "not shown" }), [
    "does not pass secret",
  ]);
});

test("selftest: an honest submission that does better than its list is a mistake in the list", () => {
  assert.equal(problems(HONEST, { message: "pass", long: "pass" }), [
    "passes, though it is listed to lose long",
  ]);
});

test("selftest: an error of the grader is one, whatever the submission", () => {
  assert.equal(problems(MUTANT, { ...KILLED, pieces: "error" }), ["makes the grader fail in pieces"]);
  assert.equal(problems(HONEST, { message: "error", long: "fail", reply: "pass" }), [
    "makes the grader fail in message",
  ]);
});

test("selftest: --again tries only what came out wrong, and takes the second verdict", async () => {
  const [right, wrong, lost] = mutants;
  if (!right || !wrong || !lost) throw new Error("there are no mutants");
  const resultOf = (submission: Mutant, verdict: Verdict): Result => {
    const { kills, passes = ["message", "reply"] } = submission;
    const failing = Object.fromEntries(kills.map((kill) => [kill.split("|")[0], verdict]));
    const report = reportOf({ ...Object.fromEntries(passes.map((id) => [id, "pass"])), ...failing });
    return { row: rowOf(submission, report, 1), report, failure: undefined };
  };
  const results = [resultOf(right, "fail"), resultOf(wrong, "pass"), resultOf(lost, "pass")];
  const tried: string[] = [];
  const printed: string[] = [];
  await tryAgain(
    results,
    async (submission) => {
      tried.push(submission.name);
      return submission.name === wrong.name ? resultOf(wrong, "fail") : resultOf(lost, "pass");
    },
    (line) => printed.push(line),
  );
  assert.equal(tried, [wrong.name, lost.name]);
  assert.equal(
    results.map(({ row }) => problemsOf(row).length > 0),
    [false, false, true],
  );
  assert.ok(printed[0]?.startsWith(`once more: ✓ ${wrong.task} ${wrong.name}: killed by`), printed[0]);
  assert.ok(printed[1]?.startsWith(`once more: ✗ ${lost.task} ${lost.name}: killed by nothing`), printed[1]);
});

test("selftest: a mistake on its command line is one", async () => {
  await rejects(
    selftest(["--jobs", "0"], () => {}),
    '--jobs "0": expected a whole number from 1 to 64',
  );
  await rejects(
    selftest(["no-such-name"], () => {}),
    'no submission has "no-such-name" in its name',
  );
  await rejects(
    selftest(["--fast"], () => {}),
    "unknown flag --fast; see --help",
  );
});

test("selftest: --help prints the usage", async () => {
  const lines: string[] = [];
  assert.is(await selftest(["--help"], (line) => lines.push(line)), 0);
  assert.match(lines.join("\n"), /^Usage: npm run grade -- selftest/m);
});

test("selftest: grades one that is broken, ends with the sum, and writes the table as a page", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "kills.html");
    const printed: string[] = [];
    assert.is(await selftest(["part1-base64", "--again", "--html", file], (text) => printed.push(text)), 0);
    assert.match(printed[0] ?? "", /^✓ part1 part1-base64: killed by secret, /);
    assert.is(printed.at(-1), "1 passed, 0 failed");
    assert.is(printed.filter((line) => line.startsWith("once more")).length, 0);
    assert.match(await readFile(file, "utf8"), /part1-base64/);
  });
});

test.run();
