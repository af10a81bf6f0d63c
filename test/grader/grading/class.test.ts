/**
 * Class mode, with a grader that does what each submission says: passes, hangs, floods, grows,
 * crashes.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { parse } from "csv-parse/sync";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { passTime, releaseClock, stopClock } from "../../support/clock.ts";
import { rejects } from "../../support/rejects.ts";
import { runClass } from "../commands/class.ts";
import { LIMITS, makeClass, reasons } from "../fakes/fake-class.ts";
import { SAMPLE } from "../fakes/sample-report.ts";
import { ClassTerminal } from "../report/class-terminal.ts";
import { fileNameOf } from "../report/file-name.ts";
import { encodeReport } from "../report/json.ts";
import { saveClass } from "../report/save-class.ts";
import { runBounded } from "./bounded-process.ts";
import { graderCommand } from "./grader-process.ts";

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

test("runBounded says so when there is no such command", async () => {
  const { status, stopped, tail } = await runBounded(["/nowhere/grader"], { limits: LIMITS });
  assert.equal([status, stopped], [undefined, undefined]);
  assert.match(tail, /ENOENT/);
  assert.is(graderCommand(["--seed", "1"]).slice(-3).join(" "), "test/grade.ts --seed 1");
});

test.after.each(releaseClock);

test.run();

test.after.each(releaseClock);

test.run();
