/** The grades of a class on disk: a file for each student, whole or not there at all. */
import { open } from "node:fs/promises";
import { join } from "node:path";
import { replaceSmallFile } from "../../../lib/files/small-file.ts";
import { fileNameOf } from "../report/file-name.ts";
import type { Grade, Outcome } from "../report/grade.ts";
import { checkReport } from "../report/json.ts";

/** Bytes of the longest report that is read. */
export const REPORT_LIMIT = 64 * 1024 * 1024;

// grades are nobody else's business
const MODE = 0o600;

/** A grade, and what it was made from: when that is the same, grading again would come to the same. */
export interface StoredGrade extends Grade {
  key: string;
}

/** Returns what is stored in `folder` of `student`; undefined when there is nothing, or nothing that can be used. */
export async function loadGrade(folder: string, student: string): Promise<StoredGrade | undefined> {
  try {
    const stored: unknown = JSON.parse(await readBounded(fileOf(folder, student)));
    return isStored(stored) && stored.student === student ? stored : undefined;
  } catch {
    return undefined;
  }
}

/** Stores `grade` in `folder`. @throws Error when it cannot be written */
export async function saveGrade(folder: string, grade: StoredGrade): Promise<void> {
  const text = `${JSON.stringify({ version: 1, ...grade }, null, 2)}\n`;
  await replaceSmallFile(fileOf(folder, grade.student), { text, mode: MODE });
}

/** Writes a page or a table that people open. @throws Error when it cannot be written */
export async function savePage(file: string, text: string): Promise<void> {
  await replaceSmallFile(file, { text, mode: MODE });
}

/** Reads a file of at most 64 MiB. @throws Error when there is none, or it is larger */
export async function readBounded(file: string): Promise<string> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    if (size > REPORT_LIMIT) throw new Error(`it is too large: ${size} bytes`);
    return await handle.readFile("utf8");
  } finally {
    await handle.close();
  }
}

function fileOf(folder: string, student: string): string {
  return join(folder, `${fileNameOf(student)}.json`);
}

function isStored(value: unknown): value is StoredGrade {
  if (!isObject(value) || value["version"] !== 1) return false;
  const { student, key, seconds, outcome } = value;
  return (
    typeof student === "string" &&
    typeof key === "string" &&
    typeof seconds === "number" &&
    isOutcome(outcome)
  );
}

function isOutcome(value: unknown): value is Outcome {
  if (!isObject(value)) return false;
  if (value["kind"] === "failed")
    return typeof value["reason"] === "string" && typeof value["log"] === "string";
  if (value["kind"] !== "graded") return false;
  checkReport(value["report"]);
  return true;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
