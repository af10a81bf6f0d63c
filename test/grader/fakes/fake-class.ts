/** A class of students whose submissions say how their grader behaves (see fake-grader.sh). */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type ClassOptions, gradeClass } from "../grading/class.ts";
import type { Grade } from "../report/grade.ts";
import { encodeReport } from "../report/json.ts";
import { SAMPLE } from "./sample-report.ts";

const FAKE = fileURLToPath(new URL("fake-grader.sh", import.meta.url));
export const LIMITS = { seconds: 120, output: 1 << 20, memory: 1 << 30, grace: 0.5 };

const root = mkdtempSync(join(tmpdir(), "class-test-"));
process.once("exit", () => rmSync(root, { recursive: true }));
let count = 0;

/** A class of its own: `students` says how each behaves. */
export function makeClass(students: Record<string, string>) {
  count += 1;
  const base = join(root, String(count));
  const folder = join(base, "students");
  const results = join(base, "grades");
  const log = join(base, "log");
  const template = join(base, "template.json");
  mkdirSync(folder, { recursive: true });
  for (const [name, behaviour] of Object.entries(students)) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, "behave"), behaviour);
  }
  writeFileSync(log, "");
  writeFileSync(
    template,
    encodeReport({ ...SAMPLE, tasks: SAMPLE.tasks.slice(0, 1), points: 55, maximum: 90 }),
  );
  const grader = ["sh", FAKE, template, log];
  const grade = (options: Partial<ClassOptions> = {}) =>
    gradeClass(folder, { jobs: 4, grader, results, graderDigest: "1", limits: LIMITS, ...options });
  /** Who was graded since the last call, in order of name, with the manifest. */
  const manifests = (): [string, string][] => {
    const lines = readFileSync(log, "utf8").split("\n").slice(0, -1);
    writeFileSync(log, "");
    return lines.sort().map((line) => {
      const [name = "", file = ""] = line.split("\t");
      return [name, file];
    });
  };
  const graded = () => manifests().map(([name]) => name);
  return { base, folder, results, log, grader, template, grade, graded, manifests };
}

export function reasons(grades: readonly Grade[]): Record<string, string> {
  return Object.fromEntries(
    grades.map(({ student, outcome }) => [
      student,
      outcome.kind === "failed" ? outcome.reason : outcome.kind,
    ]),
  );
}
