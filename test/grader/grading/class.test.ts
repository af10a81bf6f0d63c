/**
 * Class mode, with a grader that does what each submission says: passes, hangs, floods, grows,
 * crashes.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  watch,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parse } from "csv-parse/sync";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { passTime, releaseClock, stopClock } from "../../support/clock.ts";
import { Program, TSX } from "../../support/launch.ts";
import { rejects } from "../../support/rejects.ts";
import { runClass } from "../commands/class.ts";
import { SAMPLE, sampleCheck } from "../fakes/sample-report.ts";
import { ClassTerminal } from "../report/class-terminal.ts";
import { fileNameOf } from "../report/file-name.ts";
import { type Grade, noteOn } from "../report/grade.ts";
import { encodeReport } from "../report/json.ts";
import { saveClass } from "../report/save-class.ts";
import { runBounded } from "./bounded-process.ts";
import { type ClassOptions, gradeClass } from "./class.ts";
import { digestOf, graderDigest } from "./folder-digest.ts";
import { graderCommand } from "./grader-process.ts";
import { shardFromEnvironment, takeShard } from "./shard.ts";
import type { Weights } from "./weights.ts";

const FAKE = fileURLToPath(new URL("../fakes/fake-grader.sh", import.meta.url));
const LIMITS = { seconds: 120, output: 1 << 20, memory: 1 << 30, grace: 0.5 };

let root = "";
let count = 0;
test.before(() => {
  root = mkdtempSync(join(tmpdir(), "class-test-"));
});
test.after(() => rmSync(root, { recursive: true }));

/** A class of its own: `students` says how each behaves. */
function makeClass(students: Record<string, string>) {
  count += 1;
  const base = join(root, String(count));
  const folder = join(base, "students");
  const results = join(base, "grades");
  const log = join(base, "log");
  const template = join(base, "template.json");
  mkdirSync(folder, { recursive: true });
  for (const [name, behaviour] of Object.entries(students)) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, "behave"), behaviour);
  }
  writeFileSync(log, "");
  writeFileSync(
    template,
    encodeReport({ ...SAMPLE, tasks: SAMPLE.tasks.slice(0, 1), points: 55, maximum: 90 }),
  );
  const grader = ["sh", FAKE, template, log];
  const grade = (options: Partial<ClassOptions> = {}) =>
    gradeClass(folder, { jobs: 4, grader, results, graderDigest: "1", limits: LIMITS, ...options });
  /** Who was graded since the last call, in order of name, with the manifest. */
  const manifests = (): [string, string][] => {
    const lines = readFileSync(log, "utf8").split("\n").slice(0, -1);
    writeFileSync(log, "");
    return lines.sort().map((line) => {
      const [name = "", file = ""] = line.split("\t");
      return [name, file];
    });
  };
  const graded = () => manifests().map(([name]) => name);
  return { base, folder, results, log, grader, template, grade, graded, manifests };
}

function reasons(grades: readonly Grade[]): Record<string, string> {
  return Object.fromEntries(
    grades.map(({ student, outcome }) => [
      student,
      outcome.kind === "failed" ? outcome.reason : outcome.kind,
    ]),
  );
}

function isRunning(id: number): boolean {
  try {
    process.kill(id, 0);
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${id}/stat`, "utf8"));
  } catch {
    return false;
  }
}

/** Less memory, so that a grader that grows is soon ended. */
const PATIENT = { ...LIMITS, memory: 256 << 20 };

test("a grader that floods, grows or crashes costs only its own grade, and leaves nothing behind", async () => {
  const behaviours = ["pass", "fail", "flood", "grow", "crash", "usage", "damage", "orphan"];
  const { base, grade } = makeClass(Object.fromEntries(behaviours.map((name) => [name, name])));
  const grades = await grade({ jobs: 5, limits: PATIENT });
  assert.equal(
    grades.map(({ student }) => student),
    behaviours.toSorted(),
  );
  assert.equal(reasons(grades), {
    pass: "graded",
    fail: "graded",
    orphan: "graded",
    flood: "it printed more than 1 MiB",
    grow: "it used more than 256 MiB of memory",
    crash: "the grader ended by a signal: TypeError: something of ours",
    usage:
      "the grader ended with status 2: error: submission.json: tasks.part2.client.command: expected an array of strings",
    damage: "the grader ended with status 0: the report is damaged: the field submission is missing",
  });
  assert.not.ok(isRunning(Number(readFileSync(join(base, "orphan"), "utf8"))), "the orphan");
});

test("a grader that hangs is ended, after it could clean up", async () => {
  const { folder, log, grade } = makeClass({ hang: "hang", tidy: "tidy" });
  stopClock();
  const grading = grade();
  await waitForFiles(`${log}.hang`, `${log}.tidy`);
  passTime(LIMITS.seconds);
  await waitForFiles(join(folder, "tidy", "tidied"));
  passTime(LIMITS.grace);
  const reason = `it took more than ${LIMITS.seconds} s`;
  assert.equal(reasons(await grading), { hang: reason, tidy: reason });
});

async function waitForFiles(...paths: string[]): Promise<void> {
  while (!paths.every((path) => existsSync(path))) await new Promise((resolve) => setImmediate(resolve));
}

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

test("shards share a class, and their results together are the whole", async () => {
  const { grade, graded } = makeClass(Object.fromEntries([..."abcdefg"].map((name) => [name, "pass"])));
  const names = await Promise.all(
    [0, 1, 2].map(async (index) =>
      (await grade({ shard: { index, total: 3 } })).map(({ student }) => student),
    ),
  );
  assert.equal(names, [
    ["a", "d", "g"],
    ["b", "e"],
    ["c", "f"],
  ]);
  assert.is(graded().length, 7);
  assert.is((await grade()).length, 7);
  assert.equal(graded(), []);
});

test("takeShard gives each item to exactly one", () => {
  const list = Array.from({ length: 100 }, (_, index) => index);
  for (const total of [1, 2, 7, 100, 101]) {
    const parts = Array.from({ length: total }, (_, index) => takeShard(list, { index, total }));
    assert.equal(
      parts.flat().sort((a, b) => a - b),
      list,
    );
    const sizes = parts.map(({ length }) => length);
    assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1);
  }
});

test("shardFromEnvironment takes numbers that make sense, and no others", () => {
  const read = (total?: string, index?: string) =>
    shardFromEnvironment({
      ...(total !== undefined && { TEST_TOTAL_SHARDS: total }),
      ...(index !== undefined && { TEST_SHARD_INDEX: index }),
    });
  assert.equal(read(), { index: 0, total: 1 });
  assert.equal(read("4", "3"), { index: 3, total: 4 });
  assert.throws(() => read("4"), /^TEST_TOTAL_SHARDS and TEST_SHARD_INDEX: expected both or neither$/);
  assert.throws(() => read(undefined, "0"), /expected both or neither/);
  assert.throws(() => read("4", "4"), /^TEST_SHARD_INDEX "4": expected a whole number from 0 to 3$/);
  for (const total of ["0", "-1", "1.5", "", "x", "1001", "1e3"])
    assert.throws(() => read(total, "0"), /^TEST_TOTAL_SHARDS ".*": expected a whole number from 1 to 1000$/);
});

test("students are the folders, also behind links; not hidden ones, an archive's debris, files or the results", async () => {
  const { folder, grade } = makeClass({ ada: "pass" });
  mkdirSync(join(folder, ".git"));
  mkdirSync(join(folder, "__MACOSX"));
  writeFileSync(join(folder, "notes.txt"), "");
  symlinkSync("nowhere", join(folder, "broken"));
  symlinkSync("ada", join(folder, "linked"));
  const names = (await grade({ results: join(folder, "grades") })).map(({ student }) => student);
  assert.equal(names, ["ada", "linked"]);
  const quick = await grade({ results: join(folder, "grades", "quick") });
  assert.equal(
    quick.map(({ student }) => student),
    ["ada", "linked"],
    "the quick results",
  );
  const second = (await grade({ results: join(folder, "grades") })).map(({ student }) => student);
  assert.equal(second, ["ada", "linked"]);
});

test("a class without a folder is an error", async () => {
  const { grade } = makeClass({});
  await rejects(grade(), /students has no folders in it: expected one for each student$/);
});

test("saveClass writes a table and pages whose links lead somewhere, for names of every kind", async () => {
  const hostile = [
    "=1+1",
    '<img src=x onerror="alert(1)">',
    "line\nbreak",
    "100% #1?",
    "..hidden",
    "index",
    "Müller, J.",
  ];
  const behaviours = Object.fromEntries(
    hostile.filter((name) => !name.startsWith(".")).map((name) => [name, "pass"]),
  );
  const { base, grade, results } = makeClass({ ...behaviours, broken: "usage" });
  const grades = await grade();
  const csv = join(base, "grades.csv");
  const html = join(base, "out #1", "class.html");
  await saveClass(
    "Class <2030>",
    [...grades, { student: "late", seconds: 0, outcome: { kind: "waiting" } }],
    {
      results,
      csv,
      html,
    },
  );
  const rows: string[][] = parse(readFileSync(csv, "utf8"), { bom: true });
  assert.is(rows.length, 1 + grades.length + 1);
  assert.equal(rows.find(([name]) => name === "'=1+1")?.slice(1, 4), ["55", "90", "55"]);
  assert.equal(rows.find(([name]) => name === "broken")?.slice(1, 3), ["!", ""]);
  assert.equal(rows.find(([name]) => name === "late")?.slice(1, 3), ["", ""]);

  const page = readFileSync(html, "utf8");
  assert.not.match(page, /<img|Class <2030>/);
  const links = [...page.matchAll(/href="([^"#]+)"/g)].map(([, link = ""]) => link);
  assert.is(links.length, grades.length);
  for (const link of links) {
    const target = resolve(dirname(html), decodeURIComponent(link));
    assert.ok(existsSync(target), link);
    const [, back = ""] = /href="([^"#]+)"/.exec(readFileSync(target, "utf8")) ?? [];
    assert.is(resolve(dirname(target), decodeURIComponent(back)), html);
  }
  assert.match(page, /mean 61 %/);
  assert.match(page, /1 grade to be looked at/);
  assert.match(page, /1 not graded yet/);
  assert.match(
    readFileSync(join(results, `${fileNameOf("broken")}.html`), "utf8"),
    /expected an array of strings/,
  );
  assert.is(statSync(csv).mode & 0o777, 0o600);
});

test("ClassTerminal says what runs, how long it will take, and who could not be graded", async () => {
  let output = "";
  const write = (text: string) => {
    output += text;
  };
  const terminal = { write, columns: () => 80, hasColours: false };
  const { grade } = makeClass({ ada: "pass", bob: "usage", "eve\u001b[2J": "pass" });
  const live = new ClassTerminal({ ...terminal, isLive: true }, 1);
  live.ended(await grade({ jobs: 1, progress: live }));
  const drawn = output.split("\r\u001b[2K");
  assert.ok(
    drawn.some((line) => /^0 of 3; now ada$/.test(line)),
    output,
  );
  assert.ok(
    drawn.some((line) => /^1 of 3; about [\d.]+ s left; now bob$/.test(line)),
    output,
  );
  assert.not.ok(drawn.some((part) => part.includes("\u001b")));
  const printed = drawn.join("\n");
  assert.match(printed, /^✗ ada +55\/90 +\d\.\d s$/m);
  assert.match(printed, /^! bob +! +\d\.\d s\n {2}! not graded: the grader ended with status 2: error: sub/m);
  assert.match(printed, /✗ eve\\u\{1b\}\[2J +55\/90/);
  assert.match(output, /2 of 3 submissions graded, 1 could not be graded \(!\)\n$/);

  output = "";
  const piped = new ClassTerminal({ ...terminal, isLive: false }, 1);
  piped.ended(await grade({ jobs: 1, progress: piped }));
  assert.match(output, /^3 submissions, 1 at a time\n✗ ada +55\/90 +stored\n! bob/);
  assert.not.match(output.replaceAll("\n", ""), /\p{Cc}/u);
});

test("runClass grades, writes and says how it ended", async () => {
  const { base, folder, grader, graded, template } = makeClass({ ada: "fail", bob: "pass" });
  const csv = join(base, "out", "grades.csv");
  const command = { folder, jobs: 2, csv, html: join(base, "out", "class.html"), limits: LIMITS, flags: [] };
  let output = "";
  const write = (text: string) => {
    output += text;
  };
  const terminal = { write, columns: () => 80, hasColours: false, isLive: false };
  const run = () => runClass(command, { grader, terminal });
  assert.is(await run(), 1, "one failed a check");
  assert.equal(readdirSync(join(base, "out")).sort(), ["class.html", "grades", "grades.csv"]);
  assert.equal(readdirSync(join(base, "out", "grades")).sort(), [
    "ada.html",
    "ada.json",
    "bob.html",
    "bob.json",
  ]);
  assert.match(readFileSync(command.html, "utf8"), /<h1>students<\/h1>/);
  graded();
  assert.is(await run(), 1);
  assert.equal(graded(), [], "the second run has nothing to do");

  writeFileSync(template, encodeReport({ ...SAMPLE, tasks: [] }));
  writeFileSync(join(folder, "ada", "behave"), "pass");
  writeFileSync(join(folder, "bob", "more"), "");
  assert.is(await run(), 0, "nothing failed");
  writeFileSync(join(folder, "ada", "behave"), "usage");
  assert.is(await run(), 3, "the grader failed for one");

  writeFileSync(join(folder, "ada", "behave"), "tidy");
  output = "";
  const before = process.listenerCount("SIGINT");
  const running = run();
  while (graded().length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  process.emit("SIGINT");
  assert.is(await running, 130);
  assert.is(process.listenerCount("SIGINT"), before);
  assert.match(output, /1 of 2 submissions graded, 1 left; run the same command again to continue\n$/);
  assert.match(readFileSync(csv, "utf8"), /^"ada","",/m);
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

test("digestOf sees every change in a folder, and nothing else", async () => {
  const folder = join(root, "digest");
  mkdirSync(join(folder, "deep"), { recursive: true });
  writeFileSync(join(folder, "deep", "a"), "one");
  symlinkSync("deep/a", join(folder, "link"));
  const digests = [await digestOf(folder)];
  assert.is(await digestOf(folder), digests[0]);
  const changes: (() => void)[] = [
    () => writeFileSync(join(folder, "deep", "a"), "two"),
    () => chmodSync(join(folder, "deep", "a"), 0o600),
    () => mkdirSync(join(folder, "empty")),
    () => writeFileSync(join(folder, "b"), ""),
    () => {
      rmSync(join(folder, "link"));
      symlinkSync("deep/b", join(folder, "link"));
    },
  ];
  for (const change of changes) {
    change();
    digests.push(await digestOf(folder));
  }
  assert.is(new Set(digests).size, changes.length + 1);
  assert.is((await graderDigest()).length, 64);
});

test("runBounded says so when there is no such command", async () => {
  const { status, stopped, tail } = await runBounded(["/nowhere/grader"], { limits: LIMITS });
  assert.equal([status, stopped], [undefined, undefined]);
  assert.match(tail, /ENOENT/);
  assert.is(graderCommand(["--seed", "1"]).slice(-3).join(" "), "test/grade.ts --seed 1");
});

test.after.each(releaseClock);

test.run();
