import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { listImports } from "../../lint/imports.ts";
import { ROOT } from "../../support/launch.ts";
import { throws } from "../../support/rejects.ts";
import { withFolder } from "../../support/temporary.ts";
import { readArguments } from "./grade-arguments.ts";

const WRONG: [args: string, error: RegExp | string][] = [
  ["--bogus", "unknown flag --bogus; see --help"],
  ["/nowhere", '"/nowhere": there is no such folder'],
  [`${ROOT}package.json`, /package\.json": there is no such folder$/],
  [". .", "expected one folder, got 2; see --help"],
  ["--class /nowhere", '"/nowhere": there is no such folder'],
  ["--class . x", 'expected no folder beside --class DIR, got "x"'],
  ["--sandbox docker", '--sandbox "docker": expected auto, bwrap, none'],
  ["--class . --jobs 0", '--jobs "0": expected a whole number from 1 to 64'],
  ["--jobs 2", "--jobs is for a class (--class DIR); see --help"],
  ["--csv x", "--csv is for a class (--class DIR); see --help"],
  ["--student x", "--student is for a class (--class DIR); see --help"],
  ["--again", "--again is for a class (--class DIR); see --help"],
  ["--class . --json x", "--json is not for a class; see --help"],
  ["--class . --transcripts x", "--transcripts is not for a class; see --help"],
  ["--quick --gradescope", "--gradescope reports grades, and --quick gives none"],
  ["--timeout 0", /^--timeout/],
];

for (const [args, error] of WRONG)
  test(`grade refuses ${args}`, () => throws(() => readArguments(args.split(" ")), error));

test("grade without a folder grades this project", () => {
  const given = readArguments([]);
  assert.is(given?.folder, ROOT);
  assert.is(given?.isClass, false);
});

test("grade passes on to a class only what was given", () =>
  withFolder(async (folder) => {
    const passedOn = (...args: string[]) => readArguments(["--class", folder, ...args])?.passedOn;
    assert.equal(passedOn(), []);
    assert.equal(passedOn("--quick"), ["--quick"]);
    assert.equal(passedOn("--only", "part1", "--jobs", "3"), ["--only", "part1"]);
    assert.equal(passedOn("--seed=1", "--sandbox=none"), ["--sandbox", "none", "--seed", "1"]);
  }));

test("grade answers --help, and a wrong command line, without loading the checks", () => {
  assert.is(readArguments(["--help"]), undefined);
  const loaded = new Set(["test/grader/commands/grade-arguments.ts"]);
  for (const file of loaded)
    for (const other of listImports(file, readFileSync(join(ROOT, file), "utf8")))
      if (other.endsWith(".ts")) loaded.add(relative(ROOT, join(ROOT, other)));
  assert.ok(loaded.size > 5, [...loaded].join(" "));
  const heavy = [...loaded].filter((file) => /grader\/(?!commands\/)/.test(file));
  assert.equal(heavy, []);
});

test.run();
