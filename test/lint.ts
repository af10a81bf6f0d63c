/**
 * Lists comments that are too wide and words that the style does not use:
 * `npm run lint:prose -- [part of a path ...]`
 */
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { findFaults } from "./lint/prose.ts";

const SKIPPED = new Set([".git", "node_modules"]);
/** These files quote the words that the lint forbids. */
const QUOTING = /^test\/lint\/|^CONTRIBUTING\.md$/;

const words = process.argv.slice(2);
const files = listFiles(".").filter(
  (file) => !QUOTING.test(file) && (words.length === 0 || words.some((word) => file.includes(word))),
);
let faults = 0;
for (const file of files) {
  for (const { line, message } of findFaults(file, readFileSync(file, "utf8"))) {
    console.log(`${file}:${line}: ${message}`);
    faults += 1;
  }
}
if (faults > 0) console.log(`${faults} faults of prose`);
process.exitCode = faults > 0 ? 1 : 0;

/** Returns the files below `folder`, with slashes on every system. */
function listFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = folder === "." ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : listFiles(path);
    return entry.isFile() ? [path] : [];
  });
}
