/** A copy of a submission, which is all that its programs ever see of it. */
import {
  chmodSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Edit } from "./manifest.ts";

export const COPY_LIMITS = { bytes: 256 << 20, files: 20_000 };
const LEFT_OUT = new Set([".git", "node_modules"]);

/** Copies the regular files and folders of `from`. @throws Error when there are too many, or they are too large */
export function copySubmission(from: string, to: string): void {
  const left = { ...COPY_LIMITS };
  const walk = (source: string, target: string) => {
    mkdirSync(target, { recursive: true });
    for (const entry of readdirSync(source, { withFileTypes: true })) {
      const path = join(source, entry.name);
      if (entry.isDirectory()) {
        if (!LEFT_OUT.has(entry.name)) walk(path, join(target, entry.name));
        continue;
      }
      if (!entry.isFile()) continue; // a link may lead anywhere
      const { size, mode } = lstatSync(path);
      left.bytes -= size;
      left.files -= 1;
      if (left.bytes < 0 || left.files < 0) throw new Error(`${from} is too large`);
      copyFileSync(path, join(target, entry.name));
      chmodSync(join(target, entry.name), mode & 0o777);
    }
  };
  walk(from, to);
}

export function applyEdits(folder: string, edits: Edit[]): void {
  for (const { file, find, replace } of edits) {
    const path = join(folder, file);
    const text = readFileSync(path, "utf8");
    if (!text.includes(find)) throw new Error(`edits: ${file} does not contain ${JSON.stringify(find)}`);
    writeFileSync(path, text.replaceAll(find, replace));
  }
}
