import { test } from "uvu";
import * as assert from "uvu/assert";
import { SAMPLE, sampleCheck } from "../fakes/sample-report.ts";
import type { CheckReport, Report, Verdict } from "../model/report.ts";
import { checkColumns } from "./check-matrix.ts";
import { classPage } from "./class-page.ts";
import type { Grade } from "./grade.ts";
import { reportPage } from "./html.ts";
import { reportText } from "./terminal.ts";

const [PART2] = SAMPLE.tasks;

function graded(student: string, verdicts: Record<string, Verdict>, rest: Partial<Report> = {}): Grade {
  const checks = Object.entries(verdicts).map(
    ([id, verdict]): CheckReport => sampleCheck(id, { verdict, title: `The check ${id} & co` }),
  );
  const tasks = PART2 === undefined ? [] : [{ ...PART2, checks }];
  return { student, seconds: 1, outcome: { kind: "graded", report: { ...SAMPLE, ...rest, tasks } } };
}

const CLASS: Grade[] = [
  graded("ada", { message: "pass", secret: "pass", unaltered: "fail", replay: "not shown" }),
  graded("bob", { message: "pass", secret: "fail", unaltered: "fail", replay: "fail" }),
  graded("eve", { message: "fail", secret: "not shown", unaltered: "not shown", replay: "not shown" }),
  { student: "zoë", seconds: 0, outcome: { kind: "waiting" } },
];
const href = (student: string) => `${student}.html`;

test("checkColumns counts who has failed a check, the most missed first", () => {
  const missed = checkColumns(CLASS).map(({ id, missed }) => [id, missed]);
  assert.equal(missed, [
    ["unaltered", 2],
    ["message", 1],
    ["secret", 1],
    ["replay", 1],
  ]);
});

test("classPage has a row for each graded student, with the verdict of each check", () => {
  const page = classPage("Class", CLASS, { href });
  const [, matrix = ""] = /<table class="matrix">([\s\S]*?)<\/table>/.exec(page) ?? [];
  const headers = [...matrix.matchAll(/title="(.*?)">(\w+)<\/th>/g)].map(([, title, id]) => [id, title]);
  assert.equal(headers[0], ["unaltered", "The check unaltered &amp; co"]);
  assert.equal(
    headers.map(([id]) => id),
    ["unaltered", "message", "secret", "replay"],
  );
  const rows = [...matrix.matchAll(/<tr><th scope="row">(.*?)<\/th>(.*?)<\/tr>/g)].map(
    ([, name, cells = ""]) => [
      name,
      ...[...cells.matchAll(/class="aside">(.*?)<|cell">(\d+)</g)].map((cell) => cell[1] ?? cell[2]),
    ],
  );
  assert.equal(rows, [
    ["ada", "fail", "pass", "pass", "not shown"],
    ["bob", "fail", "pass", "fail", "fail"],
    ["eve", "not shown", "fail", "not shown", "not shown"],
    ["failed by", "2", "1", "1", "1"],
  ]);
});

test("classPage tells programs that do not work from those without points", () => {
  assert.not.match(classPage("Class", CLASS.slice(0, 2), { href }), /did not work/);
  assert.match(classPage("Class", CLASS, { href }), /1 submission did not work: no text arrived/);
});

test("the pages and the terminal say whether the pass mark was reached", () => {
  const verdicts: Record<string, Verdict> = { message: "pass" };
  const sixty = { points: 60, maximum: 100 };
  const reached: [passMark: number, verdicts: Record<string, Verdict>, words: string][] = [
    [60, verdicts, "passed"],
    [60.5, verdicts, "not passed"],
    [60, { message: "error" }, "undecided"],
  ];
  for (const [passMark, each, words] of reached) {
    const { outcome } = graded("ada", each, { ...sixty, passMark });
    if (outcome.kind !== "graded") throw new Error("it is graded");
    const line = `${words}: ${passMark} % of the points are required`;
    assert.match(reportText(outcome.report, 80), new RegExp(`^${line}$`, "m"));
    assert.match(reportPage(outcome.report), `${line.charAt(0).toUpperCase()}${line.slice(1)}.`);
  }
  const without = graded("ada", verdicts);
  if (without.outcome.kind !== "graded") throw new Error("it is graded");
  assert.not.match(reportText(without.outcome.report, 80), /required/);
  const grades = [60, 61, 59].map((passMark) =>
    graded(`${passMark}`, { message: "pass" }, { ...sixty, passMark }),
  );
  assert.match(classPage("Class", grades, { href }), /<li>2 passed<\/li>/);
});

test.run();
