import { test } from "uvu";
import * as assert from "uvu/assert";
import { makeColumns } from "./columns.ts";

const NAMES = ["client", "wire", "server"] as const;

test("makeColumns sets cells side by side, each in its column", () => {
  const { header, row, rule } = makeColumns(120, NAMES);
  assert.is(rule(), `${"─".repeat(34)}─┼─${"─".repeat(46)}─┼─${"─".repeat(34)}`);
  assert.is(row(["a", "b", "c"]), `a${" ".repeat(33)} │ b${" ".repeat(45)} │ c`);
  assert.is(header(["a", "b", "c"]), `${row(["a", "b", "c"])}\n${rule()}`);
});

test("makeColumns wraps a cell at spaces, and a word that is too long anywhere", () => {
  const { row } = makeColumns(120, NAMES);
  const lines = row(["one two ".repeat(10).trim(), "x".repeat(100), ""]).split("\n");
  assert.is(lines.length, 3);
  for (const line of lines) assert.ok(line.length <= 120, line);
  assert.is(lines.map((line) => line.split("│")[1]?.trim()).join(""), "x".repeat(100));
});

test("makeColumns keeps wide characters in line", () => {
  const { row } = makeColumns(120, NAMES);
  assert.is(row(["日本 🌉", "b", ""]), `日本 🌉${" ".repeat(34 - 7)} │ b${" ".repeat(45)} │`);
});

test("makeColumns sets cells below each other on a narrow terminal", () => {
  const { header, row } = makeColumns(40, NAMES);
  assert.is(header(["a", "b", "c"]), "─".repeat(40));
  assert.is(row(["", "two\nlines", ""]), "wire   │ two\nwire   │ lines");
  for (const line of row(["", "", "word ".repeat(30)]).split("\n")) assert.ok(line.length <= 40, line);
});

for (const width of [0, 1, 9]) {
  test(`makeColumns comes to an end on a terminal of ${width} columns`, () => {
    const { header, row, rule } = makeColumns(width, NAMES);
    assert.is(rule(), "─".repeat(20));
    assert.is(header(["a", "b", "c"]), rule());
    const lines = row(["", "one 日本 longer-than-this", ""]).split("\n");
    assert.is(lines.map((line) => line.split("│")[1]?.trim()).join("~"), "one 日本~longer-than~-this");
  });
}

test.run();
