/** The grades of a class on disk: one file for each student, replaced as a whole. */
import { open } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { replaceSmallFile } from "../../../lib/files/small-file.ts";
import { verdictSchema } from "../model/report.ts";
import { validate } from "../model/validate.ts";
import { fileNameOf } from "../report/file-name.ts";
import type { Grade } from "../report/grade.ts";
import { checkReport } from "../report/json.ts";

/** The longest report that is read, in bytes. */
export const REPORT_LIMIT = 64 * 1024 * 1024;

/** Only the teacher may read grades. */
const MODE = 0o600;

/** A grade, and a digest of everything that it depends on. */
export interface StoredGrade extends Grade {
  key: string;
}

const storedSchema = z.object({
  version: z.literal(1),
  student: z.string(),
  key: z.string(),
  seconds: z.number(),
  changes: z.array(z.object({ check: z.string(), before: verdictSchema, after: verdictSchema })).optional(),
  outcome: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("graded"), report: z.unknown() }),
    z.object({ kind: z.literal("failed"), reason: z.string(), log: z.string() }),
  ]),
});

/**
 * Returns the stored grade of `student`; undefined if there is none.
 *
 * @throws Error that says why the file cannot be used
 */
export async function loadGrade(folder: string, student: string): Promise<StoredGrade | undefined> {
  const file = fileOf(folder, student);
  const text = await readBounded(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const { outcome, version: _, ...stored } = validate(storedSchema, parseJson(text));
  if (stored.student !== student) throw new Error("it is the grade of another student");
  if (outcome.kind === "failed") return { ...stored, outcome };
  return { ...stored, outcome: { kind: "graded", report: checkReport(outcome.report) } };
}

/** Stores `grade` in `folder`. @throws Error if it cannot be written */
export async function saveGrade(folder: string, grade: StoredGrade): Promise<void> {
  const text = `${JSON.stringify({ version: 1, ...grade }, null, 2)}\n`;
  await replaceSmallFile(fileOf(folder, grade.student), { text, mode: MODE });
}

/** Reads a file of at most 64 MiB. @throws Error if it is absent or larger */
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

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("it is not JSON");
  }
}
