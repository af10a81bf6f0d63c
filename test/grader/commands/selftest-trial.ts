/** Grades one submission of test/grader/mutants. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Task } from "../checks/check.ts";
import { TASKS } from "../checks/tasks/tasks.ts";
import { gradeTask } from "../grading/grade-task.ts";
import type { TaskReport } from "../model/report.ts";
import { build } from "../mutants/build.ts";
import type { Honest, Mutant } from "../mutants/mutant.ts";
import type { Tried } from "../report/kill-table.ts";
import { openSubmission } from "../run/submission.ts";

/** The checks that a broken submission passes, unless its list says otherwise. */
const WORKS = ["message", "reply"];
/** Exchanges of one submission at a time. */
const EXCHANGES = 2;

interface Options {
  /** Run all checks on the broken submissions too. */
  full: boolean;
  seed: string;
}

/** One submission, and its verdicts. */
export interface Result {
  row: Tried;
  report: TaskReport | undefined;
  /** The grader's own failure. */
  failure: string | undefined;
}

export async function tryOne(submission: Mutant | Honest, options: Options): Promise<Result> {
  const start = performance.now();
  const folder = await mkdtemp(join(tmpdir(), "sml-selftest-"));
  const row = (report: TaskReport | undefined) =>
    rowOf(submission, report, (performance.now() - start) / 1000);
  try {
    const report = await grade(submission, folder, options);
    return { row: row(report), report, failure: undefined };
  } catch (error) {
    const failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { row: row(undefined), report: undefined, failure };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function grade(
  submission: Mutant | Honest,
  folder: string,
  { full, seed }: Options,
): Promise<TaskReport> {
  const task = TASKS.find(({ id }) => id === submission.task);
  if (!task) throw new Error(`there are no checks of ${submission.task}`);
  const opened = await openSubmission(build(submission, folder), { seed });
  try {
    return await gradeTask(task, opened.prepare(task.id), {
      jobs: EXCHANGES,
      only: full ? undefined : neededChecks(submission, task),
      repeat: () => `npm run grade -- selftest ${submission.name}`,
    });
  } finally {
    await opened.close();
  }
}

/** Returns the checks whose verdicts are expected; undefined for all checks. */
function neededChecks(submission: Mutant | Honest, { checks }: Task): ReadonlySet<string> | undefined {
  if (!("kills" in submission)) return undefined;
  const { kills, passes = WORKS } = submission;
  const needed = new Set([...kills.flatMap((kill) => kill.split("|")), ...passes]);
  return new Set(checks.map(({ id }) => id).filter((id) => needed.has(id)));
}

export function rowOf(submission: Mutant | Honest, report: TaskReport | undefined, seconds: number): Tried {
  const { name, task } = submission;
  const verdicts = Object.fromEntries(report?.checks.map(({ id, verdict }) => [id, verdict]) ?? []);
  if (!("kills" in submission))
    return { name, task, kind: "honest", expected: Object.keys(submission.loses ?? {}), verdicts, seconds };
  const { kills, passes = WORKS } = submission;
  return { name, task, kind: "mutant", expected: kills, passes, verdicts, seconds };
}
