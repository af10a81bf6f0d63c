/**
 * Which folder may import which: the rooms of the house, from bottom to top. CONTRIBUTING.md has
 * the picture.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { listImports } from "./lint/imports.ts";
import { ROOT } from "./support/launch.ts";

/** The rooms of each house from bottom to top; a room may import those before it. */
const ORDER: Record<string, readonly string[]> = {
  lib: ["bytes", "async", "cli", "crypto", "net", "messages", "channel", "files", "passwords"],
  "test/grader": [
    "model",
    "manifest",
    "sandbox",
    "wire",
    "run",
    "crack",
    "attacks",
    "exchange",
    "init",
    "checks",
    "report",
    "grading",
    "mutants",
    "commands",
  ],
  "test/grader/crack": [
    "capture",
    "arithmetic",
    "decode",
    "keys",
    "symmetric",
    "rsa",
    "curves",
    "diffie-hellman",
    "classical",
  ],
};

/** Rooms that may import less than their place allows: only these folders, and themselves. */
const ONLY: Record<string, readonly string[]> = {
  "lib/files": ["lib/bytes", "lib/async", "lib/cli", "lib/crypto", "lib/net"],
  "test/grader/model": ["lib/bytes"],
  "test/grader/mutants": ["lib", "test/grader/model", "test/grader/manifest"],
  "test/grader/report": ["lib", "test/grader/model"],
};

/** The houses, and the others that each may import. */
const HOUSES: Record<string, readonly string[]> = {
  lib: [],
  part1: ["lib"],
  part2: ["lib"],
  ...Object.fromEntries(readdirSync(join(ROOT, "exercises")).map((name) => [`exercises/${name}`, ["lib"]])),
  "test/grader": ["lib", "test/support"],
  "test/support": ["lib", "exercises"],
};

/** Folders without a place in the order: data, and the fakes that tests share. */
const APART = ["lib/vectors", "test/grader/fakes", "test/grader/crack/samples"];

interface Import {
  from: string;
  to: string;
}

const imports = ["lib", "part1", "part2", "exercises", "test"]
  .flatMap(listFiles)
  .flatMap((from) => listImports(from, read(from)).map((to): Import => ({ from, to })));
/** Tests and fakes may import any room of their house. */
const production = imports.filter(({ from }) => !isTest(from) && !isIn(from, ...APART));

test("a house imports only itself and the houses below it", () => {
  assertNone(({ from, to }) => {
    const house = Object.keys(HOUSES).find((name) => isIn(from, name));
    return house !== undefined && !isIn(to, house, ...(HOUSES[house] ?? []));
  });
});

test("production code imports no tests and no fakes", () => {
  assertNone(({ from, to }) => isIn(from, ...Object.keys(HOUSES)) && (isTest(to) || isIn(to, ...APART)));
});

test("some rooms import less than their place allows", () => {
  for (const [room, allowed] of Object.entries(ONLY))
    assertNone(({ from, to }) => isIn(from, room) && !isIn(to, room, ...allowed));
});

for (const [house, rooms] of Object.entries(ORDER)) {
  test(`${house}: each folder is a room with a place in the order`, () => {
    const folders = readdirSync(join(ROOT, house), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !APART.includes(`${house}/${entry.name}`))
      .map(({ name }) => name);
    assert.equal(folders.toSorted(), rooms.toSorted());
  });

  test(`${house}: no room imports a room above it`, () => {
    /** Files outside the rooms, such as `crack/eavesdrop.ts`, are on top. */
    const place = (file: string) => {
      const index = rooms.findIndex((room) => isIn(file, `${house}/${room}`));
      return index < 0 ? rooms.length : index;
    };
    assertNone(({ from, to }) => isIn(from, house) && isIn(to, house) && place(to) > place(from));
  });
}

/** Fails with the imports of production code for which `isForbidden` returns true. */
function assertNone(isForbidden: (one: Import) => boolean): void {
  assert.equal(
    production.filter(isForbidden).map(({ from, to }) => `${from} imports ${to}`),
    [],
  );
}

function isIn(file: string, ...folders: string[]): boolean {
  return folders.some((folder) => file.startsWith(`${folder}/`));
}

function isTest(file: string): boolean {
  return file.endsWith(".test.ts");
}

function read(file: string): string {
  return readFileSync(join(ROOT, file), "utf8");
}

function listFiles(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .map((name) => `${folder}/${name.replaceAll("\\", "/")}`)
    .filter((file) => file.endsWith(".ts") && !file.includes("/node_modules/"));
}

test.run();
