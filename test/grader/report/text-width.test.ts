import { test } from "uvu";
import * as assert from "uvu/assert";
import { cut, pad, widthOf, wrap } from "./text-width.ts";

test("widthOf counts places: two for wide characters, none for combining ones", () => {
  assert.is(widthOf("abc"), 3);
  assert.is(widthOf("日本🌉"), 6);
  assert.is(widthOf("e\u0301\u200d"), 1);
  assert.is(widthOf("👨‍👩‍👧🇩🇪"), 4);
});

test("pad fills up to a width, and never cuts", () => {
  assert.is(`${pad("日", 4)}|`, "日  |");
  assert.is(pad("long", 2), "long");
});

test("cut leaves what fits, and ends the rest with an ellipsis", () => {
  assert.is(cut("abcde", 5), "abcde");
  assert.is(cut("abcdef", 5), "abcd…");
  assert.is(cut("日本日本", 5), "日本…");
  assert.is(cut("日本日本", 6), "日本…");
  assert.is(cut("日本", 4), "日本");
  for (const width of [1, 2, 7, 20]) assert.ok(widthOf(cut("x日🌉".repeat(50), width)) <= width);
});

test("cut and wrap keep graphemes whole", () => {
  assert.is(cut("a👨‍👩‍👧b", 3), "a…");
  assert.equal(wrap("👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧", 4), ["👨‍👩‍👧👨‍👩‍👧", "👨‍👩‍👧"]);
});

test("wrap breaks at line breaks, and keeps spaces that it does not break at", () => {
  assert.equal(wrap("a\n\n b  c", 10), ["a", "", " b  c"]);
  assert.equal(wrap("", 10), [""]);
});

test("wrap keeps all that is not a space, within the width", () => {
  const text = `one two ${"three".repeat(20)} 日本🌉 end`;
  for (const width of [3, 10, 33]) {
    const lines = wrap(text, width);
    for (const line of lines) assert.ok(widthOf(line) <= width, line);
    assert.is(lines.join("").replaceAll(" ", ""), text.replaceAll(" ", ""));
  }
});

test.run();
