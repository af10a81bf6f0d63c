/**
 * report/junit.ts, report/gradescope.ts and report/csv.ts, each read by a parser that is not ours.
 */
import { parse } from "csv-parse/sync";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import { askPython, hasPython } from "../../support/python.ts";
import { HOSTILE_TEXTS, hostileReport, SAMPLE, sampleCheck } from "../fakes/sample-report.ts";
import type { Report } from "../model/report.ts";
import { gradesCsv } from "./csv.ts";
import type { Grade } from "./grade.ts";
import { gradescopeResults } from "./gradescope.ts";
import { junitReport } from "./junit.ts";

const testWithPython = hasPython ? test : test.skip;
const CONTROL = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029\ufffe\uffff]/u;

const READ_JUNIT = `
import json, sys, xml.etree.ElementTree as tree
def read(e): return {"tag": e.tag, "attributes": e.attrib, "text": e.text or "", "children": [read(c) for c in e]}
json.dump(read(tree.fromstring(sys.stdin.buffer.read())), sys.stdout)
`;

interface Element {
  tag: string;
  attributes: Record<string, string>;
  text: string;
  children: Element[];
}

testWithPython("junitReport is a suite for each task and a case for each check", () => {
  const root = askPython<Element>(READ_JUNIT, junitReport(SAMPLE));
  assert.is(root.tag, "testsuites");
  assert.equal(root.attributes, { name: "Team 7", tests: "9", failures: "2", errors: "1", time: "85.200" });
  assert.equal(
    root.children.map(({ tag, attributes }) => ({ tag, ...attributes })),
    [
      {
        tag: "testsuite",
        name: "part2",
        tests: "6",
        failures: "2",
        errors: "0",
        time: "24.200",
        skipped: "1",
        timestamp: "2030-03-04T09:15:00",
      },
      {
        tag: "testsuite",
        name: "01",
        tests: "3",
        failures: "0",
        errors: "1",
        time: "61.000",
        skipped: "1",
        timestamp: "2030-03-04T09:15:00",
      },
    ],
  );
  const cases = root.children.flatMap(({ children }) => children.filter(({ tag }) => tag === "testcase"));
  assert.equal(
    cases.map(({ children }) => children.map(({ tag }) => tag).join()),
    ["", "", "", "failure", "failure", "skipped", "", "skipped", "error"],
  );
  assert.is(cases[3]?.attributes["classname"], "part2");
  assert.is(cases[3]?.attributes["name"], "unaltered: A message that was changed on the wire is refused");
  const [failure] = cases[3]?.children ?? [];
  assert.match(failure?.attributes["message"] ?? "", /^the server printed "meet me at the briege/);
  assert.match(failure?.text ?? "", /^expected: .*\nhappened: .*\nwhy it matters: .*\nhint: /);
  assert.match(failure?.text ?? "", /0\.105 s > client to server, 312 bytes: FLIPPED at byte 17/);
  assert.match(failure?.text ?? "", /\nagain: npm run grade -- team-7 --seed 4f1c --only part2\/unaltered$/);
  assert.is(cases[5]?.children[0]?.attributes["message"], "not applicable: part 2 does not promise this yet");
  assert.match(cases[8]?.children[0]?.attributes["message"] ?? "", /ENOSPC/);
});

testWithPython("junitReport of hostile texts is XML, and holds no character that XML forbids", () => {
  const xml = junitReport(hostileReport());
  assert.not.match(xml.replaceAll("\n", ""), CONTROL);
  const root = askPython<Element>(READ_JUNIT, xml);
  assert.is(root.children.length, 1);
  const text = JSON.stringify(root);
  assert.ok(text.includes("]]><!--") && text.includes("<script>alert"));
  assert.ok(xml.length < 30_000, String(xml.length));
});

// https://gradescope-autograders.readthedocs.io/en/latest/specs/#output-format
const RESULT_FIELDS =
  "score execution_time output output_format test_output_format test_name_format visibility stdout_visibility extra_data tests leaderboard";
const TEST_FIELDS =
  "score max_score status name name_format number output output_format tags visibility extra_data";
const FORMATS = ["text", "simple_format", "html", "md", "ansi"];
const VISIBILITIES = ["hidden", "after_due_date", "after_published", "visible"];

const CERTAIN: Report = { ...SAMPLE, tasks: SAMPLE.tasks.slice(0, 1), points: 55, maximum: 90 };

function checkFields(value: object, allowed: string): void {
  for (const key of Object.keys(value)) assert.ok(allowed.split(" ").includes(key), key);
}

for (const [name, report] of Object.entries({ SAMPLE, CERTAIN, hostile: hostileReport() })) {
  testWithPython(`gradescopeResults has the fields of the specification and no others: ${name}`, () => {
    const results = gradescopeResults(report, { visibility: "after_published" });
    const same = "import json, sys; json.dump(json.load(sys.stdin.buffer), sys.stdout)";
    assert.equal(askPython(same, JSON.stringify(results)), results);
    checkFields(results, RESULT_FIELDS);
    assert.ok(VISIBILITIES.includes(results.visibility) && VISIBILITIES.includes(results.stdout_visibility));
    for (const format of [results.output_format, results.test_name_format, results.test_output_format])
      assert.ok(FORMATS.includes(format));
    assert.not.match(results.output.replaceAll("\n", ""), CONTROL);
    for (const test of results.tests) {
      checkFields(test, TEST_FIELDS);
      assert.ok(["passed", "failed"].includes(test.status));
      assert.is(test.visibility, "after_published");
      assert.not.match(test.output.replaceAll("\n", ""), /[\p{Cc}\p{Cs}]/u);
      assert.not.match(test.name, /[\p{Cc}\p{Cs}]/u);
    }
  });
}

test("gradescopeResults scores what was tried, and adds up", () => {
  const results = gradescopeResults(CERTAIN);
  assert.is(results.score, 55);
  assert.is(results.execution_time, 85);
  assert.equal(
    results.tests.map(({ number, status, score, max_score }) => [number, status, score, max_score]),
    [
      ["1.1", "passed", 20, 20],
      ["1.2", "passed", 10, 10],
      ["1.3", "passed", 25, 25],
      ["1.4", "failed", 0, 20],
      ["1.5", "failed", 0, 15],
    ],
  );
  assert.is(
    results.tests.reduce((sum, { score = 0 }) => sum + score, 0),
    results.score,
  );
  assert.match(results.output, /Not part of this task: A server with another key is refused\./);
  assert.match(results.tests[3]?.output ?? "", /hint: Authenticate/);
});

test("gradescopeResults gives no score at all when the grader failed", () => {
  const results = gradescopeResults(SAMPLE);
  assert.not.ok("score" in results);
  const broken = results.tests.at(-1);
  assert.is(broken?.status, "failed");
  assert.not.ok(broken && ("score" in broken || "max_score" in broken));
  assert.match(results.output, /There is no score/);
});

const graded = (student: string, report: Report): Grade => ({
  student,
  seconds: 12.34,
  outcome: { kind: "graded", report },
});

const CLASS: Grade[] = [
  graded("ada", CERTAIN),
  graded("bob", SAMPLE),
  { student: "eve", seconds: 900, outcome: { kind: "failed", reason: "it took more than 900 s", log: "" } },
  { student: "zoë 🌉", seconds: 0, outcome: { kind: "waiting" } },
];

test("gradesCsv has a row for each student, and never a 0 that was not earned", () => {
  const cells: string[][] = parse(gradesCsv(CLASS), { bom: true });
  const rows = cells.map((row) => row.slice(0, 12));
  const counts = ["pass", "fail", "not shown", "not applicable", "error"];
  assert.equal(rows, [
    ["student", "total", "maximum", "part2", "01", ...counts, "seconds", "note"],
    ["ada", "55", "90", "55", "", "3", "2", "0", "1", "0", "12.3", ""],
    [
      ...["bob", "!", "120", "55", "!", "4", "2", "1", "1", "1", "12.3"],
      "! the grader failed in 01/modes: the points are incomplete",
    ],
    ["eve", "!", "", "!", "!", "", "", "", "", "", "900", "! not graded: it took more than 900 s"],
    ["zoë 🌉", "", "", "", "", "", "", "", "", "", "0", "not graded yet"],
  ]);
});

test("gradesCsv has a column for each check, and one for the pass mark", () => {
  const marked = (passMark: number): Report => ({ ...CERTAIN, passMark });
  const [header = [], ...rows]: string[][] = parse(
    gradesCsv([
      graded("ada", marked(50)),
      graded("bob", marked(62)),
      graded("eve", { ...SAMPLE, passMark: 1 }),
      ...CLASS.slice(2),
    ]),
    { bom: true },
  );
  assert.equal(header.slice(0, 5), ["student", "total", "maximum", "passed", "part2"]);
  assert.equal(
    rows.map((row) => row[3]),
    ["yes", "no", "!", "!", ""],
  );
  const ids = (SAMPLE.tasks[0]?.checks ?? []).map(({ id }) => `part2/${id}`);
  const columns = header.slice(header.indexOf("note") + 1).filter((name) => name.startsWith("part2/"));
  assert.equal(columns.toSorted(), ids.toSorted());
  const failed = (name: string) => rows.filter((row) => row[header.indexOf(name)] === "fail").length;
  const misses = columns.map(failed);
  assert.equal(
    misses,
    misses.toSorted((a, b) => b - a),
    "the most missed first",
  );
  assert.is(misses[0], 3);
  assert.is(misses.at(-1), 0);
});

test("gradesCsv says of programs between which no text arrived that they do not work", () => {
  const tasks = CERTAIN.tasks.map((task) => ({
    ...task,
    checks: [
      sampleCheck("message", { verdict: "fail" }),
      sampleCheck("reply", { verdict: "not shown" }),
      sampleCheck("secret"),
    ],
  }));
  const [header = [], row = []]: string[][] = parse(gradesCsv([graded("ada", { ...CERTAIN, tasks })]), {
    bom: true,
  });
  assert.is(row[header.indexOf("note")], "part2 does not work: no text arrived");
});

test("gradesCsv begins with a byte order mark, by which Excel knows UTF-8", () => {
  assert.equal([...encodeUtf8(gradesCsv(CLASS)).subarray(0, 4)], [0xef, 0xbb, 0xbf, 0x22]);
});

const FORMULAS = [
  "=1+1",
  "+1",
  "-1",
  "@SUM(A1)",
  "\t=1",
  "\r=1",
  "＝1",
  "＋1",
  "－1",
  "＠x",
  "=cmd|' /C calc'!A0",
];

testWithPython("no cell of gradesCsv begins a formula, also where cells are split at semicolons", () => {
  const hostile = [...FORMULAS, 'a";=1+1;"', "a\n=1", "a,=1", ...Object.values(HOSTILE_TEXTS)];
  const csv = gradesCsv(
    hostile.flatMap((student): Grade[] => [
      graded(student, CERTAIN),
      { student, seconds: 1, outcome: { kind: "failed", reason: student, log: "" } },
    ]),
  );
  const script = (delimiter: string) =>
    `import csv, io, json, sys; json.dump(list(csv.reader(io.TextIOWrapper(sys.stdin.buffer, "utf-8-sig", newline=""), delimiter="${delimiter}", strict=${delimiter === "," ? "True" : "False"})), sys.stdout)`;
  const rows = askPython<string[][]>(script(","), csv);
  assert.is(rows.length, 1 + 2 * hostile.length);
  for (const row of rows) {
    assert.is(row.length, 11 + CERTAIN.tasks.flatMap(({ checks }) => checks).length);
    for (const cell of row) assert.not.match(cell, /^\s*[=+\-@\t\r＝＋－＠]/u);
  }
  assert.is(rows[1]?.[0], "'=1+1");
  for (const cell of askPython<string[][]>(script(";"), csv).flat())
    assert.not.match(cell, /^\s*[=+\-@\t\r＝＋－＠]/u);
});

test("gradesCsv orders the tasks as the course does", () => {
  const tasks = ["07", "zz", "01", "part2", "part1"].map((id) => ({
    ...(SAMPLE.tasks[0] ?? { title: "", seconds: 0, points: 0, maximum: 0 }),
    id,
    checks: [sampleCheck("works")],
  }));
  const [header] = parse(gradesCsv([graded("a", { ...SAMPLE, tasks })]), { bom: true });
  assert.equal(header?.slice(3, 8), ["part1", "part2", "01", "07", "zz"]);
});

test.run();
