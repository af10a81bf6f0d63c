import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { matchesGlob, parseGlob } from "../../../exercises/05-ftp/ftp/protocol/glob.ts";

/** `matchesGlob`, written like its definition. */
function matchesGlobSlowly([...name]: string, [...pattern]: string): boolean {
  const [sign, ...signs] = pattern;
  if (sign === undefined) return name.length === 0;
  const rest = signs.join("");
  if (sign === "*")
    return (
      name.some((_, at) => matchesGlobSlowly(name.slice(at).join(""), rest)) || matchesGlobSlowly("", rest)
    );
  return (
    name.length > 0 && (sign === "?" || sign === name[0]) && matchesGlobSlowly(name.slice(1).join(""), rest)
  );
}

test("matchesGlob follows its definition", () => {
  const text = (signs: string) => fc.string({ unit: fc.constantFrom(...signs), maxLength: 8 });
  void fc.assert(
    fc.property(text("ab.🌉"), text("ab.🌉*?"), (name, pattern) => {
      assert.is(matchesGlob(name, pattern), matchesGlobSlowly(name, pattern), `${name} ${pattern}`);
    }),
    { numRuns: 2000 },
  );
});

test("matchesGlob: common patterns, and only * and ? are special", () => {
  for (const [name, pattern] of [
    ...[
      ["a.txt", "*.txt"],
      ["a.txt", "*"],
      ["a.txt", "?.t?t"],
      [".a", "*"],
      ["", "*"],
      ["a*b", "a*b"],
    ],
    ...[
      ["🌉", "?"],
      ["[ab]", "[ab]"],
      ["a.b", "a.b"],
      ["aXbXc", "a*b*c"],
    ],
  ])
    assert.ok(matchesGlob(name ?? "", pattern ?? ""), `${name} ${pattern}`);
  for (const [name, pattern] of [
    ...[
      ["a.TXT", "*.txt"],
      ["a.txt.bak", "*.txt"],
      ["", "?"],
      ["a", "[ab]"],
      ["axb", "a.b"],
      ["a", ""],
    ],
    ...[
      ["ab", "a"],
      ["a", "ab"],
    ],
  ])
    assert.not.ok(matchesGlob(name ?? "", pattern ?? ""), `${name} ${pattern}`);
});

test("matchesGlob is fast for patterns that make naive matchers hang", () => {
  assert.not.ok(matchesGlob("a".repeat(255), `${"*a".repeat(127)}b`));
});

test("parseGlob: the last component only, and no pattern longer than a name", () => {
  assert.equal(parseGlob("*.txt"), { folder: "", pattern: "*.txt" });
  assert.equal(parseGlob("/a/b c/?"), { folder: "/a/b c/", pattern: "?" });
  assert.equal(parseGlob("../*"), { folder: "../", pattern: "*" });
  for (const argument of ["", "a", "a/", "*/a", "*/b?", `*${"a".repeat(255)}`])
    assert.is(parseGlob(argument), undefined, argument);
});

test.run();
