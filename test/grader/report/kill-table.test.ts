/** report/kill-table.ts: who survives, who is accused, and that both stand on top. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Verdict } from "../model/report.ts";
import {
  accused,
  better,
  broken,
  idleChecks,
  type KillTable,
  summarizeKills,
  survivors,
  type Tried,
} from "./kill-table.ts";
import { killTablePage } from "./kill-table-page.ts";
import { killTableText } from "./kill-table-text.ts";
import { widthOf } from "./text-width.ts";

const CHECKS = ["works", "secret", "unaltered", "replay"];

function tried(
  name: string,
  kind: Tried["kind"],
  expected: string[],
  verdicts: string,
  rest: Partial<Tried> = {},
): Tried {
  const names: Record<string, Verdict> = {
    p: "pass",
    f: "fail",
    n: "not shown",
    a: "not applicable",
    e: "error",
  };
  const entries = [...verdicts].flatMap((letter, index): [string, Verdict][] => {
    const verdict = names[letter];
    return verdict === undefined ? [] : [[CHECKS[index] ?? "", verdict]];
  });
  return { name, kind, task: "part2", expected, verdicts: Object.fromEntries(entries), seconds: 2, ...rest };
}

const GOOD: Tried[] = [
  tried("xor", "mutant", ["secret"], "pfpn"),
  tried("no-mac", "mutant", ["unaltered"], "ppfp", { passes: ["works"] }),
  tried("either", "mutant", ["secret|replay"], "pppf"),
  tried("dead", "mutant", ["works"], "fnnn", { task: "01" }),
  tried("tls", "honest", [], "pppa"),
  tried("fixed", "honest", ["replay"], "pppf"),
];

test("all is well when each mutant is killed and each honest program keeps its points", () => {
  const table: KillTable = { submissions: GOOD, checks: CHECKS };
  for (const find of [survivors, accused, better, broken, idleChecks]) assert.equal(find(table), []);
  assert.is(
    summarizeKills(table),
    "4 of 4 mutants killed; 2 of 2 honest programs kept every point; every check killed something; 12 s",
  );
});

const BAD: [name: string, one: Tried, find: (table: KillTable) => unknown[], checks: string[]][] = [
  ["passes", tried("x", "mutant", ["secret"], "pppp"), survivors, ["secret"]],
  ["is not shown", tried("x", "mutant", ["secret"], "pnpp"), survivors, ["secret"]],
  ["was not tried", tried("x", "mutant", ["secret"], "p-pp"), survivors, ["secret"]],
  ["escapes one of two", tried("x", "mutant", ["secret", "replay"], "pfpp"), survivors, ["replay"]],
  ["escapes both of either", tried("x", "mutant", ["secret|replay"], "ppfp"), survivors, ["secret|replay"]],
  ["is failed by nothing", tried("x", "mutant", [], "pppp"), survivors, []],
  [
    "is killed for another reason",
    tried("x", "mutant", ["secret"], "ffpp", { passes: ["works"] }),
    accused,
    ["works"],
  ],
  ["is honest and fails", tried("x", "honest", [], "pppf"), accused, ["replay"]],
  ["is honest and not shown", tried("x", "honest", [], "pnpp"), accused, ["secret"]],
  ["is honest and the grader fails", tried("x", "honest", [], "pepp"), broken, ["secret"]],
  ["is honest and passes nothing", tried("x", "honest", [], "aaaa"), accused, []],
  ["is honest and better than listed", tried("x", "honest", ["secret"], "pppp"), better, ["secret"]],
];

for (const [name, one, find, checks] of BAD) {
  test(`a submission that ${name} is found, and stands first`, () => {
    const table: KillTable = { submissions: [...GOOD, one], checks: CHECKS };
    assert.equal(find(table), [{ name: "x", task: "part2", checks }]);
    const text = killTableText(table, 100);
    assert.match(
      text,
      /^part2 x (survives|is wrongly accused by|passes what|passed nothing|made the grader)/,
    );
    const rows = text.split("\n").filter((line) => /^(part2|01) \S+( {2}|$)/.test(line));
    assert.is(rows.length, GOOD.length + 1);
    assert.match(rows[0] ?? "", /^part2 x/);
    assert.match(killTablePage(table), /Wrong verdicts[\s\S]*<li class="fail">part2 x /);
  });
}

test("a check that kills nothing is named", () => {
  const table: KillTable = { submissions: GOOD, checks: [...CHECKS, "idle"] };
  assert.equal(idleChecks(table), ["idle"]);
  assert.match(killTableText(table, 100), /^no mutant proves that these can fail: idle$/m);
  assert.match(summarizeKills(table), /1 of 5 checks killed nothing/);
});

test("killTableText sets a mark for each, under the name of its check", () => {
  const text = killTableText(
    { submissions: [...GOOD, tried("y", "mutant", ["secret"], "pppp")], checks: CHECKS },
    100,
  );
  const [, , works, secret, unaltered, replay, ...rows] = text.split("\n");
  assert.is(works, "              ┌ works");
  assert.is(secret, "              │ ┌ secret");
  assert.is(replay, "              │ │ │ ┌ replay");
  assert.ok(unaltered);
  assert.equal(rows.slice(0, 7), [
    "part2 y       · M · ·",
    "part2 either  · · · ✗",
    "part2 no-mac  ✓ · ✗ ·",
    "part2 xor     · ✗ · ?",
    "01 dead       ✗ ? ? ?",
    "part2 fixed   ✓ ✓ ✓ ✗",
    "part2 tls     ✓ ✓ ✓",
  ]);
});

for (const width of [40, 80, 120]) {
  test(`killTableText keeps within ${width} columns, with as many blocks as it takes`, () => {
    const checks = Array.from({ length: 40 }, (_, index) => `check-${index}`);
    const verdicts = Object.fromEntries(checks.map((check): [string, Verdict] => [check, "fail"]));
    const one = { ...tried("a-long-name".repeat(5), "mutant", ["check-39"], ""), verdicts };
    const text = killTableText({ submissions: [one], checks }, width);
    for (const line of text.split("\n")) assert.ok(widthOf(line) <= width, `${widthOf(line)}: ${line}`);
    assert.is(text.match(/[×✗]/g)?.length, 40 + 2);
  });
}

test("names of submissions cannot drive the terminal or the page", () => {
  const table: KillTable = {
    submissions: [tried("<b>\u001b[2J\n", "honest", ["<i>"], "fppp")],
    checks: CHECKS,
  };
  assert.not.match(killTableText(table, 80).replaceAll("\n", ""), /\p{Cc}/u);
  assert.not.match(killTablePage(table), /<b>|<i>|[^\P{Cc}\n]/u);
});

test.run();
