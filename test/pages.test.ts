/** The pages: links lead somewhere, and the manifests in them are valid. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { TASKS } from "./grader/checks/tasks/tasks.ts";
import { parseManifest } from "./grader/manifest/load.ts";
import { ROOT } from "./support/launch.ts";

const LINK = /\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)/g;
const CODE = /^```[\s\S]*?^```$/gm;
const JSON_BLOCK = /^```json\n([\s\S]*?)^```$/gm;
const SKIPPED = new Set([".git", "node_modules"]);

for (const page of listPages("")) {
  test(`${page}: each link leads to a file`, () => {
    const prose = readFileSync(join(ROOT, page), "utf8").replaceAll(CODE, "");
    const targets = [...prose.matchAll(LINK)].map(([, target = ""]) => target);
    assert.equal(
      targets.filter((target) => !existsSync(join(ROOT, dirname(page), target))),
      [],
    );
  });
}

test("writing-a-manifest.md: each example is a valid manifest", () => {
  const page = readFileSync(join(ROOT, "test/grader/writing-a-manifest.md"), "utf8");
  const examples = [...page.matchAll(JSON_BLOCK)].map(([, code = ""]) => code);
  assert.is(examples.length, 6);
  for (const example of examples) parseManifest(JSON.parse(example), "example");
});

test("test/grader/README.md: each check is in the table", () => {
  const page = readFileSync(join(ROOT, "test/grader/README.md"), "utf8");
  const rows = page.split("\n").filter((line) => line.startsWith("| `"));
  const listed = new Set(rows.flatMap((row) => (row.split("|")[1] ?? "").match(/[a-z0-9-]+/g) ?? []));
  const ids = new Set(TASKS.flatMap(({ checks }) => checks.map(({ id }) => id)));
  const missing = [...ids].filter((id) => !listed.has(id));
  if (missing.length > 0) assert.unreachable(`test/grader/README.md has no row for ${missing.join(", ")}`);
});

function listPages(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : listPages(path);
    return entry.name.endsWith(".md") ? [path] : [];
  });
}

test.run();
