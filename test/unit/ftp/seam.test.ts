/** The plain FTP of exercise 05 knows no encryption, and its folders form layers. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { listImports } from "../../lint/imports.ts";

const EXERCISE = "exercises/05-ftp";
const PLAIN = `${EXERCISE}/ftp`;
const SEAM = `${EXERCISE}/protection.ts`;
/** Which folders of the plain FTP a folder may import from, besides itself. */
const BELOW: Record<string, string[]> = {
  protocol: [],
  storage: ["protocol"],
  server: ["protocol", "storage"],
  client: ["protocol", "storage"],
};

const files = Object.keys(BELOW).flatMap((folder) =>
  readdirSync(join(PLAIN, folder)).map((name) => {
    const path = `${PLAIN}/${folder}/${name}`;
    return { path, folder, text: readFileSync(path, "utf8") };
  }),
);

test("ftp/ imports nothing that encrypts, and of the exercise's own files only the seam", () => {
  assert.ok(files.length > 20, "the files were found");
  for (const { path, folder, text } of files) {
    assert.not.match(text, /"node:tls"|"node:crypto"/, path);
    for (const target of listImports(path, text)) {
      const isBelow = [folder, ...(BELOW[folder] ?? [])].some((each) =>
        target.startsWith(`${PLAIN}/${each}/`),
      );
      const isOfLib = target.startsWith("lib/") && !target.startsWith("lib/channel/");
      assert.ok(isBelow || isOfLib || target === SEAM, `${path} imports ${target}`);
    }
  }
});

test("ftp/ names no mechanism", () => {
  for (const { path, text } of files) assert.not.match(text, /\b(?:tls|ssl|x[-_]?sml)\b/i, path);
});

test("protocol/ does no I/O", () => {
  for (const { path, folder, text } of files)
    if (folder === "protocol")
      assert.not.match(text, /"node:(?:fs|process|stream)|createServer|\bconnect\(/, path);
});

test("the seam imports types only", () => {
  const text = readFileSync(SEAM, "utf8");
  assert.not.match(text, /^import (?!type )/m);
});

test.run();
