/** Stored grades of a class: which are used again, and which submissions are graded again. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, watch, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import process from "node:process";
import { parse } from "csv-parse/sync";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Program, TSX } from "../../support/launch.ts";
import { rejects } from "../../support/rejects.ts";
import { runClass } from "../commands/class.ts";
import { LIMITS, makeClass, reasons } from "../fakes/fake-class.ts";
import { SAMPLE, sampleCheck } from "../fakes/sample-report.ts";
import { ClassTerminal } from "../report/class-terminal.ts";
import { noteOn } from "../report/grade.ts";
import { encodeReport } from "../report/json.ts";
import type { Weights } from "./weights.ts";

test("a stored grade of an older format is graded again, and the terminal says why", async () => {
  const { results, grade, graded } = makeClass({ ada: "pass" });
  await grade();
  graded();
  const file = join(results, "ada.json");
  const stored = JSON.parse(readFileSync(file, "utf8"));
  writeFileSync(file, JSON.stringify({ ...stored, outcome: { kind: "graded", report: { version: 1 } } }));
  let output = "";
  const write = (text: string) => {
    output += text;
  };
  const terminal = { write, columns: () => 120, hasColours: false, isLive: false };
  await grade({ progress: new ClassTerminal(terminal, 1) });
  assert.equal(graded(), ["ada"]);
  assert.match(
    output,
    /^ada: its stored grade cannot be used: the report is of version 1, and this grader reads version 2/m,
  );
});

test("a second run grades only what is new, changed or failed", async () => {
  const { folder, results, grade, graded } = makeClass({ ada: "pass", bob: "fail", eve: "usage" });
  await grade();
  assert.equal(graded(), ["ada", "bob", "eve"]);
  assert.is(statSync(join(results, "ada.json")).mode & 0o777, 0o600);

  const again = await grade();
  assert.equal(graded(), ["eve"], "what failed is tried again");
  assert.equal(reasons(again)["ada"], "graded");

  writeFileSync(join(folder, "ada", "behave"), "fail");
  mkdirSync(join(folder, "zoë"));
  await grade();
  assert.equal(graded(), ["ada", "eve", "zoë"], "changed and new");

  writeFileSync(join(results, "bob.json"), readFileSync(join(results, "bob.json"), "utf8").slice(0, 500));
  await grade();
  assert.equal(graded(), ["bob", "eve"], "a damaged file");

  writeFileSync(join(results, "bob.json"), readFileSync(join(results, "ada.json")));
  await grade();
  assert.equal(graded(), ["bob", "eve"], "another student's file");

  await grade({ again: true });
  assert.equal(graded(), ["ada", "bob", "eve", "zoë"], "--again");
  await grade({ graderDigest: "2" });
  assert.equal(graded(), ["ada", "bob", "eve", "zoë"], "another grader");
  await grade({ graderDigest: "2" });
  assert.equal(graded(), ["eve"]);
});

test("one student is graded again, and the others keep their grades", async () => {
  const { folder, grade, graded } = makeClass({ ada: "pass", bob: "fail" });
  await grade();
  graded();
  mkdirSync(join(folder, "eve"));
  const grades = await grade({ student: "ada" });
  assert.equal(graded(), ["ada"]);
  assert.equal(reasons(grades), { ada: "graded", bob: "graded", eve: "waiting" });
  await rejects(grade({ student: "a\u001b" }), `${folder} has no folder "a\\u{1b}" in it`);
});

test("a grade says what has changed since the last one, also when it is stored", async () => {
  const { folder, template, grade, graded } = makeClass({ ada: "fail" });
  const note = async () => (await grade()).map(noteOn);
  assert.equal(await note(), [""]);
  const tasks = SAMPLE.tasks.slice(0, 1).map((task) => ({
    ...task,
    checks: task.checks.map((check) => (check.id === "unaltered" ? sampleCheck(check.id) : check)),
  }));
  writeFileSync(template, encodeReport({ ...SAMPLE, tasks }));
  writeFileSync(join(folder, "ada", "more"), "");
  graded();
  const expected = ["since the last grading: part2/unaltered fail → pass"];
  assert.equal(await note(), expected);
  assert.equal(graded(), ["ada"]);
  assert.equal(await note(), expected, "stored");
  assert.equal(graded(), []);
});

test("other weights change the points of stored grades, and grade nothing again", async () => {
  const { grade, graded } = makeClass({ ada: "fail" });
  const points = async (weights?: Weights) => {
    const [ada] = await grade({ weights });
    return ada?.outcome.kind === "graded" && [ada.outcome.report.points, ada.outcome.report.maximum];
  };
  assert.equal(await points(), [55, 90]);
  graded();
  assert.equal(await points({ tasks: { part2: { secret: 5 } } }), [35, 70]);
  assert.equal(await points(), [55, 90]);
  assert.equal(graded(), []);
});

test("the same command grades nothing twice, though every grading has a seed of its own", async () => {
  const { base, folder } = makeClass({ ada: "" });
  const program = { command: ["true"] };
  const tasks = { part2: { server: program, client: program } };
  writeFileSync(join(folder, "ada", "submission.json"), JSON.stringify({ tasks }));
  const csv = join(base, "grades.csv");
  const flags = ["--class", folder, "--csv", csv, "--only", "part2/message", "--sandbox", "none"];
  const run = async (...more: string[]) => {
    const { status, stdout, stderr } = await new Program([...TSX, "test/grade.ts", ...flags, ...more]).ending;
    assert.is(status, 1, stderr);
    return stdout;
  };
  assert.match(await run(), /^\? ada +0\/\d+ +[\d.]+ s$/m);
  assert.match(await run(), /^\? ada +0\/\d+ +stored$/m);
  const stored = readFileSync(join(base, "grades", "ada.json"), "utf8");
  assert.not.match(stored, base, "the teacher's path");
  assert.match(stored, /"repeat": "npm run grade -- ada --only part2\/message --seed [0-9a-f]+"/);
  assert.match(await run("--student", "ada"), /^\? ada +0\/\d+ +[\d.]+ s$/m);
});

test("a teacher's manifest is for all, or one for each; when it changes, all is graded again", async () => {
  const { base, grade, graded, manifests } = makeClass({ ada: "pass", bob: "pass" });
  const file = join(base, "manifest.json");
  writeFileSync(file, "{}");
  await grade({ manifest: file });
  assert.equal(manifests(), [
    ["ada", file],
    ["bob", file],
  ]);
  // the grader runs in another folder
  await grade({ manifest: relative(process.cwd(), file), again: true });
  assert.equal(manifests(), [
    ["ada", file],
    ["bob", file],
  ]);
  await grade({ manifest: file });
  assert.equal(graded(), []);
  writeFileSync(file, "{ }");
  await grade({ manifest: file });
  assert.equal(graded(), ["ada", "bob"]);

  const folder = join(base, "manifests");
  mkdirSync(folder);
  writeFileSync(join(folder, "ada.json"), "{}");
  const [, missing] = await grade({ manifest: folder });
  assert.match(reasons(missing ? [missing] : [])["bob"] ?? "", /^no manifest: there is neither bob\.json/);
  writeFileSync(join(folder, "default.json"), "{}");
  manifests();
  await grade({ manifest: folder });
  assert.equal(manifests(), [["bob", join(folder, "default.json")]]);
});

test("an interruption keeps what is done, ends what runs, and the next run goes on", async () => {
  const { folder, grade, graded, results, log } = makeClass({ a: "pass", b: "tidy", c: "pass", d: "pass" });
  const control = new AbortController();
  const watcher = watch(log, () => {
    if (readFileSync(log, "utf8").includes("b\t")) control.abort();
  });
  const grades = await grade({ jobs: 1, signal: control.signal });
  watcher.close();
  assert.equal(reasons(grades), { a: "graded", b: "waiting", c: "waiting", d: "waiting" });
  assert.equal(graded(), ["a", "b"]);
  assert.equal(readdirSync(results), ["a.json"]);
  writeFileSync(join(folder, "b", "behave"), "pass");
  assert.equal(reasons(await grade()), { a: "graded", b: "graded", c: "graded", d: "graded" });
  assert.equal(graded(), ["b", "c", "d"]);
});

test("a quick grading of a class is stored apart, and is never taken for grades", async () => {
  const { base, folder, grader, graded, template } = makeClass({ ada: "pass" });
  const csv = join(base, "grades.csv");
  const command = { folder, jobs: 1, csv, html: join(base, "class.html"), limits: LIMITS };
  let output = "";
  const write = (text: string) => {
    output += text;
  };
  const terminal = { write, columns: () => 80, hasColours: false, isLive: false };
  const run = async (quick: boolean) => {
    const [task] = SAMPLE.tasks;
    const tasks = task ? [{ ...task, ...(quick && { untried: ["long"] }) }] : [];
    writeFileSync(template, encodeReport({ ...SAMPLE, tasks, ...(quick && { quick }) }));
    await runClass({ ...command, quick, flags: [] }, { grader, terminal });
    return graded();
  };
  const totals = (): Record<string, string> => {
    const [row]: Record<string, string>[] = parse(readFileSync(csv, "utf8"), { bom: true, columns: true });
    return row ?? {};
  };
  assert.equal(await run(true), ["ada"]);
  assert.match(output, /quick, so the points are provisional/);
  assert.equal(["total" in totals(), "provisional total" in totals()], [false, true]);
  assert.match(totals()["note"] ?? "", /quick, so the points are provisional/);
  assert.match(readFileSync(command.html, "utf8"), /Quick: the points are provisional/);
  assert.match(readFileSync(join(base, "grades", "quick", "ada.html"), "utf8"), /Not tried in part2: long/);
  assert.not.ok(existsSync(join(base, "grades", "ada.json")));

  assert.equal(await run(false), ["ada"], "the quick grade is no grade");
  assert.equal(["total" in totals(), "provisional total" in totals()], [true, false]);
  assert.equal([await run(true), await run(false)], [[], []], "both are kept");
});

test.run();
