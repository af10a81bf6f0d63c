/** `--class`: grades a class on the command line, from the first line of progress to the exit status. */
import { dirname, join } from "node:path";
import process from "node:process";
import type { Limits } from "../grading/bounded-process.ts";
import { className, gradeClass } from "../grading/class.ts";
import { graderDigest } from "../grading/folder-digest.ts";
import { graderCommand } from "../grading/grader-process.ts";
import { shardFromEnvironment } from "../grading/shard.ts";
import { ClassTerminal } from "../report/class-terminal.ts";
import { type Grade, isCertain } from "../report/grade.ts";
import { saveClass } from "../report/save-class.ts";
import { allChecks, countVerdicts } from "../report/summary.ts";
import { type Terminal, terminalOf } from "../report/terminal-style.ts";

const RESULTS = "grades";
// as a shell says of a program that Ctrl-C ended
const INTERRUPTED = 130;

export interface ClassCommand {
  folder: string;
  jobs: number;
  csv?: string | undefined;
  html?: string | undefined;
  /** Where the grades are kept; by default in `grades` beside the CSV, or else the page, or else here. */
  results?: string | undefined;
  manifest?: string | undefined;
  again?: boolean;
  limits?: Limits;
  /** What is passed on to the grader of each submission, such as `--only part2`. */
  flags: readonly string[];
}

/**
 * Grades the class; Ctrl-C, and SIGTERM, keep what is done.
 *
 * @param options for the tests: another grader, another terminal
 * @returns the exit status: 0 when all passed everything, 1 when somebody failed something, 3 when the harness failed for
 *   somebody, 130 when it was interrupted
 * @throws UsageError for shards that make no sense, Error when there is no class, or results cannot be written
 */
export async function runClass(
  { folder, csv, html, flags, results = join(dirname(csv ?? html ?? ""), RESULTS), ...rest }: ClassCommand,
  options: { grader?: readonly string[]; terminal?: Terminal } = {},
): Promise<number> {
  const shard = shardFromEnvironment();
  const control = new AbortController();
  const interrupt = () => control.abort();
  const progress = new ClassTerminal(options.terminal ?? terminalOf(process.stdout), rest.jobs);
  // those that run are not in our process group: they hear of it from us
  for (const signal of SIGNALS) process.on(signal, interrupt);
  try {
    const grades = await gradeClass(folder, {
      ...rest,
      grader: options.grader ?? graderCommand(flags),
      results,
      graderDigest: await graderDigest(),
      shard,
      progress,
      signal: control.signal,
    });
    await saveClass(className(folder), grades, { results, csv, html });
    progress.ended(grades);
    return control.signal.aborted ? INTERRUPTED : statusOf(grades);
  } finally {
    progress.close();
    for (const signal of SIGNALS) process.off(signal, interrupt);
  }
}

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

function statusOf(grades: readonly Grade[]): number {
  if (!grades.every(isCertain)) return 3;
  const areAllWhole = grades.every(({ outcome }) => {
    if (outcome.kind !== "graded") return false;
    const counts = countVerdicts(allChecks(outcome.report));
    return counts.fail + counts["not shown"] === 0;
  });
  return areAllWhole ? 0 : 1;
}
