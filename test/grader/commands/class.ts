/** `npm run grade -- --class DIR`: grades a class. */
import { dirname, join } from "node:path";
import process from "node:process";
import type { Limits } from "../grading/bounded-process.ts";
import { className, gradeClass } from "../grading/class.ts";
import { graderDigest } from "../grading/folder-digest.ts";
import { graderCommand } from "../grading/grader-process.ts";
import { shardFromEnvironment } from "../grading/shard.ts";
import type { Weights } from "../grading/weights.ts";
import { ClassTerminal } from "../report/class-terminal.ts";
import { type Grade, isCertain } from "../report/grade.ts";
import { saveClass } from "../report/save-class.ts";
import { type Terminal, terminalOf } from "../report/terminal-style.ts";
import { FAILED, GRADER_FAILED, INTERRUPTED, PASSED, statusOf } from "./exit-status.ts";
import { onInterruption } from "./interruption.ts";

const RESULTS = "grades";
/** In the results: quick grades are no grades, and must never be taken for them. */
const QUICK_RESULTS = "quick";

export interface ClassCommand {
  folder: string;
  jobs: number;
  csv?: string | undefined;
  html?: string | undefined;
  /**
   * The folder of the stored grades; by default `grades` beside the CSV, or else beside the page,
   * or else in the working directory.
   */
  results?: string | undefined;
  manifest?: string | undefined;
  quick?: boolean;
  again?: boolean;
  student?: string | undefined;
  weights?: Weights | undefined;
  limits?: Limits;
  /** Flags for the grader of each submission, such as `--only part2`. */
  flags: readonly string[];
}

/**
 * Grades the class. After Ctrl-C or SIGTERM, the grades that are complete stay stored.
 *
 * @param options another grader or terminal, for tests
 * @returns the exit status: 0 if every submission passed everything, 1 if one failed a check, 3 if
 *   the grader failed for one, 130 after an interruption
 * @throws UsageError for impossible shards; Error if there is no class, or results cannot be
 *   written
 */
export async function runClass(
  { folder, csv, html, flags, ...rest }: ClassCommand,
  options: { grader?: readonly string[]; terminal?: Terminal } = {},
): Promise<number> {
  const shard = shardFromEnvironment();
  const grades = rest.results ?? join(dirname(csv ?? html ?? ""), RESULTS);
  const results = rest.quick ? join(grades, QUICK_RESULTS) : grades;
  const control = new AbortController();
  const progress = new ClassTerminal(options.terminal ?? terminalOf(process.stdout), rest.jobs);
  // the graders are not in this process group, so they get no signal from the terminal
  const ignoreInterruptions = onInterruption(() => control.abort());
  try {
    const graded = await gradeClass(folder, {
      ...rest,
      grader: options.grader ?? graderCommand(flags),
      results,
      graderDigest: await graderDigest(),
      shard,
      progress,
      signal: control.signal,
    });
    await saveClass(className(folder), graded, { results, csv, html });
    progress.ended(graded);
    return control.signal.aborted ? INTERRUPTED : statusOfClass(graded);
  } finally {
    progress.close();
    ignoreInterruptions();
  }
}

function statusOfClass(grades: readonly Grade[]): number {
  if (!grades.every(isCertain)) return GRADER_FAILED;
  const passed = grades.every(
    ({ outcome }) => outcome.kind === "graded" && statusOf(outcome.report) === PASSED,
  );
  return passed ? PASSED : FAILED;
}
