/**
 * report/terminal.ts: on a terminal, in a pipe, narrow, and against text that wants to drive it.
 */
import { mock } from "node:test";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { HOSTILE_TEXTS, hostileReport, SAMPLE, sampleCheck } from "../fakes/sample-report.ts";
import { reportText, TerminalReport } from "./terminal.ts";
import { type Terminal, terminalOf } from "./terminal-style.ts";
import { widthOf } from "./text-width.ts";

// every control character but the line break
const CONTROL = /[\p{Cc}\p{Cf}\u2028\u2029]/u;

function collect(rest: Partial<Terminal> = {}): { terminal: Terminal; output: () => string } {
  let output = "";
  const write = (text: string) => {
    output += text;
  };
  return {
    terminal: { write, columns: () => 80, isLive: false, hasColours: false, ...rest },
    output: () => output,
  };
}

function gradeAll(report: TerminalReport): void {
  for (const task of SAMPLE.tasks) {
    report.taskStarted({ id: task.id, title: task.title, checks: task.checks.length });
    report.began(() => []);
    for (const _ of task.checks) report.checkTried();
    report.taskFinished(task);
  }
  report.finished(SAMPLE);
}

test("reportText shows each check with its mark and points, and all there is to say of a failure", () => {
  const text = reportText(SAMPLE, 100);
  for (const line of [
    /^ {2}✓ Each side prints what the other said +20\/20 +1\.3 s$/m,
    /^ {2}✗ A message that was changed on the wire is refused +0\/20 +3\.4 s$/m,
    /^ {2}\? A server with another key is refused +0\/10 +1\.3 s$/m,
    /^ {2}– A server with another key is refused +$/m,
    /^ {2}! Private keys are for their owner alone +0\/10/m,
    /^ {4}expected {2}the server refuses a message in which one bit was changed/m,
    /^ {4}happened {2}the server printed "meet me at the briege/m,
    /^ {4}why {7}an attacker on the wire/m,
    /^ {4}hint {6}Authenticate the ciphertext/m,
    /^ +0\.105 s {2}▶ client to server, 312 bytes: FLIPPED at byte 17/m,
    /^ +0\.117 s {2}▶ server prints: Received message: meet me at the briege/m,
    /^ +00000010 b2\[0b\]64/m,
    /^ +000000c0 .*c7\[31 8a e3 3c\]95/m,
    /^ {4}again {5}npm run grade -- team-7 --seed 4f1c --only part2\/unaltered$/m,
    /^ {4}reason {4}the second run of the server did not listen within 20 s$/m,
    /^ {4}shared: the first exchange +9\.8 s$/m,
    /^ {4}2 of 5 checks failed +55\/90 +24 s$/m,
    /^part2 {2}A Fernet key wrapped with RSA +55\/90 {2}✓ 3 +✗ 2 +– 1$/m,
    /^01 {2}Persisted keys +10\/30 {2}✓ 1 +\? 1 +! 1$/m,
    /^Team 7: 65 of 120 points$/m,
    /^2 of 8 checks failed, 1 could not be shown, in 1 the grader itself failed/m,
  ])
    assert.match(text, line);
});

test("reportText never hides the attacked entry of a long diagram", () => {
  const text = reportText(SAMPLE, 100);
  assert.match(text, /▶ client to server, 314 bytes: REPLAYED: [^▶]*THE-ATTACKED/);
  assert.match(text, /⋯ 245 steps more: 245 pieces of 46,550 bytes together/);
});

for (const width of [40, 60, 80, 110, 200]) {
  test(`no line is wider than a terminal of ${width} columns`, () => {
    const lines = reportText(SAMPLE, width).split("\n");
    for (const line of lines) assert.ok(widthOf(line) <= width, `${widthOf(line)}: ${line}`);
  });
}

test("nothing from a submission reaches the terminal as a control character, or forges a line", () => {
  for (const report of [hostileReport(), { ...SAMPLE, submission: { name: "x\n✓ forged", folder: "" } }]) {
    const text = reportText(report, 80);
    assert.not.match(text.replaceAll("\n", ""), CONTROL);
    assert.not.match(text, /^(Two|Fake|✓ forged)/m);
    assert.match(text, /\\n/);
    assert.ok(text.length < 30_000, String(text.length));
  }
});

test("in a pipe each check is one line when it is done, and there are no control characters", () => {
  const { terminal, output } = collect();
  gradeAll(new TerminalReport(terminal));
  assert.not.match(output().replaceAll("\n", ""), CONTROL);
  assert.is(output().match(/^ {2}[✓✗?–!] /gm)?.length, 9);
  assert.match(output(), /^Team 7: 65 of 120 points$/m);
});

test("on a terminal one line says what is being tried, is rewritten, and is gone at the end", async () => {
  const { terminal, output } = collect({ isLive: true, columns: () => 90 });
  const report = new TerminalReport(terminal);
  report.taskStarted({ id: "part2", title: "T", checks: 2 });
  const drawn = () => output().split("\r\u001b[2K").slice(1);
  assert.match(drawn().at(-1) ?? "", /^ {2}. 0 of 2 checks tried {2}0\.0 s$/);
  report.began(() => [
    { name: "alterations", check: "unaltered", progress: { done: 3, total: 38 } },
    { name: `replay${"x".repeat(100)}`, check: "replay" },
  ]);
  report.checkTried();
  const before = drawn().length;
  // the spinner turns
  while (drawn().length < before + 2) await new Promise((resolve) => setTimeout(resolve, 10));
  const line = drawn().at(-1) ?? "";
  assert.match(line, /^ {2}. 1 of 2 checks tried; now alterations \(3 of 38\), replayx+… {2}0\.\d s$/);
  assert.ok(widthOf(line) < 90);
  report.close();
  assert.is(drawn().at(-1), "");
});

test("in a pipe a long grading says now and then what is being tried", () => {
  mock.timers.enable({ apis: ["setInterval"] });
  try {
    const { terminal, output } = collect();
    const report = new TerminalReport(terminal);
    report.taskStarted({ id: "part2", title: "T", checks: 2 });
    report.began(() => [{ name: "alterations", check: "unaltered", progress: { done: 3, total: 38 } }]);
    mock.timers.tick(29_000);
    assert.is(output(), "\npart2  T\n");
    mock.timers.tick(31_000);
    const line = / {2}\.\.\. after \d\.\d s: 0 of 2 checks tried; now alterations \(3 of 38\)\n/;
    assert.match(output(), new RegExp(`^\n.*\n${line.source}${line.source}$`));
    report.close();
    const before = output();
    mock.timers.tick(90_000);
    assert.is(output(), before);
  } finally {
    mock.timers.reset();
  }
});

test("a grading of over five minutes says where the time went, and a shorter one does not", () => {
  const said = (seconds: number) => /^part2 took .*$/m.exec(reportText({ ...SAMPLE, seconds }, 130))?.[0];
  assert.is(said(300), undefined);
  assert.is(
    said(301),
    "part2 took 24 s: 31 exchanges, the first of which took 2.5 s; most for the first exchange 9.8 s, unaltered 3.4 s",
  );
});

test("a cause appears once for all checks that could not be tried because of it", () => {
  const unshown = (id: string, reason: string) =>
    sampleCheck(id, { verdict: "not shown", points: 0, reason, seconds: 0 });
  const cause = 'it needs "message", which did not pass';
  const checks = [unshown("a", cause), unshown("b", "another reason"), sampleCheck("c"), unshown("d", cause)];
  const [task] = SAMPLE.tasks;
  const text = reportText({ ...SAMPLE, tasks: task ? [{ ...task, checks }] : [] }, 100);
  assert.is(text.split(cause).length, 2, text);
  assert.match(text, /^ {2}\? 2 checks not shown +0\/20 +\n {4}reason .*\n {4}checks {4}a, d$/m);
  assert.match(text, /^ {2}\? The check called b +0\/10/m);
});

test("colours are there only where they are wanted", () => {
  const stream = { write: () => true, isTTY: true, columns: 90 };
  assert.is(terminalOf(stream, {}).hasColours, true);
  assert.is(terminalOf(stream, { NO_COLOR: "" }).hasColours, true);
  assert.is(terminalOf(stream, { NO_COLOR: "1" }).hasColours, false);
  assert.is(terminalOf(stream, { NO_COLOR: "1" }).isLive, true);
  assert.is(terminalOf(stream, { TERM: "dumb" }).isLive, false);
  assert.is(terminalOf({ write: () => true }, {}).hasColours, false);
  assert.is(terminalOf({ write: () => true, columns: 0 }, {}).columns(), 100);
  assert.is(terminalOf({ ...stream, columns: 3 }, {}).columns(), 40);
  assert.not.ok(reportText(SAMPLE, 80).includes("\u001b"));
  assert.ok(reportText(SAMPLE, 80, true).includes("\u001b[31m✗\u001b[39m"));
});

test("hostile texts are what they are thought to be", () => {
  assert.match(Object.values(HOSTILE_TEXTS).join(""), CONTROL);
});

test.run();
