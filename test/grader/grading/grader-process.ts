/** Grades one submission in a process of its own. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { ROOT } from "../../support/launch.ts";
import { fileNameOf } from "../report/file-name.ts";
import type { Grade, GradeOutcome } from "../report/grade.ts";
import { decodeReport } from "../report/json.ts";
import { type Limits, runBounded } from "./bounded-process.ts";
import { readBounded } from "./grade-store.ts";

const DEFAULT_LIMITS: Limits = {
  seconds: 1800,
  output: 16 * 1024 * 1024,
  memory: 4 * 1024 ** 3,
  grace: 5,
};
/** MiB, of the grader itself; the submission's programs have limits of their own. */
const HEAP_LIMIT = 1024;
const LOG_LENGTH = 4000;

/** Returns the command that grades one submission with `flags`. */
export function graderCommand(flags: readonly string[]): string[] {
  return [
    process.execPath,
    `--max-old-space-size=${HEAP_LIMIT}`,
    "--import",
    "tsx",
    "test/grade.ts",
    ...flags,
  ];
}

/**
 * Runs `command` for `student`, with `--json FILE` appended, and reads the report from that file.
 */
export async function runGrader(
  student: string,
  command: readonly string[],
  { limits = DEFAULT_LIMITS, signal }: { limits?: Limits | undefined; signal?: AbortSignal | undefined },
): Promise<Grade> {
  const folder = await mkdtemp(join(tmpdir(), "grade-"));
  try {
    const file = join(folder, `${fileNameOf(student)}.json`);
    const ending = await runBounded([...command, "--json", file], { limits, signal, cwd: ROOT });
    const { seconds, status, stopped } = ending;
    const log = ending.tail.slice(-LOG_LENGTH);
    const fail = (reason: string): GradeOutcome => ({ kind: "failed", reason, log });
    if (stopped !== undefined) return { student, seconds, outcome: fail(stopped) };
    try {
      return { student, seconds, outcome: { kind: "graded", report: decodeReport(await readBounded(file)) } };
    } catch (error) {
      const last = log.trimEnd().split("\n").at(-1) || messageOf(error);
      const how = status === undefined ? "ended by a signal" : `ended with status ${status}`;
      return { student, seconds, outcome: fail(`the grader ${how}: ${last}`) };
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
