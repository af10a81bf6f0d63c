/** Grades one submission, with its progress on the terminal. */
import process from "node:process";
import { shellWord } from "../../../lib/bytes/printable.ts";
import { UsageError } from "../../../lib/cli/diagnostics.ts";
import { ROOT } from "../../support/launch.ts";
import type { Task } from "../checks/check.ts";
import { gradeTask } from "../grading/grade-task.ts";
import { isLeftOut, type Weights, weighTask } from "../grading/weights.ts";
import { REPORT_VERSION, type Report, type TaskReport } from "../model/report.ts";
import { type Recorded, saveTranscripts } from "../report/save-transcripts.ts";
import { TerminalReport } from "../report/terminal.ts";
import { terminalOf } from "../report/terminal-style.ts";
import { openSubmission, type Submission, type SubmissionOptions } from "../run/submission.ts";
import { chooseTasks, type Wanted } from "./only.ts";

export interface GradeOptions {
  seed: string;
  wanted: readonly Wanted[] | undefined;
  /** The longest time for a plain exchange in seconds; by default the manifest's. */
  timeout: number | undefined;
  sandbox: NonNullable<SubmissionOptions["sandbox"]>;
  manifest: string | undefined;
  /** Other points for the checks, and a pass mark. */
  weights: Weights;
  /** The folder for transcripts, if they are wanted. */
  transcripts: string | undefined;
}

/**
 * Grades the submission in `folder`.
 *
 * @param isQuiet keeps standard output free: the progress goes to standard error
 * @throws UsageError if the folder or its manifest is wrong
 */
export async function gradeFolder(folder: string, options: GradeOptions, isQuiet: boolean): Promise<Report> {
  const started = new Date();
  const terminal = new TerminalReport(terminalOf(isQuiet ? process.stderr : process.stdout));
  const submission = await openAsUser(folder, options);
  const tasks: TaskReport[] = [];
  try {
    for (const { task, only } of chooseTasks(submission.manifest.tasks, options.wanted))
      tasks.push(await gradeOne(task, only, submission, { folder, options, terminal }));
  } finally {
    await submission.close();
    terminal.close();
  }
  const sum = (field: "points" | "maximum") => tasks.reduce((total, task) => total + task[field], 0);
  const { passMark } = options.weights;
  const report: Report = {
    version: REPORT_VERSION,
    submission: { name: submission.manifest.name, folder },
    seed: options.seed,
    started: started.toISOString(),
    seconds: (Date.now() - started.getTime()) / 1000,
    isolation: submission.isolation,
    tasks,
    points: sum("points"),
    maximum: sum("maximum"),
    ...(passMark !== undefined && { passMark }),
  };
  terminal.finished(report);
  return report;
}

async function gradeOne(
  task: Task,
  only: ReadonlySet<string> | undefined,
  submission: Submission,
  { folder, options, terminal }: { folder: string; options: GradeOptions; terminal: TerminalReport },
): Promise<TaskReport> {
  const exchanges = new Map<string, Recorded[]>();
  const repeat = (id: string) => repeatCommand(`${task.id}/${id}`, folder, options);
  const { weights } = options;
  const ids = task.checks.map(({ id }) => id).filter((id) => !only || only.has(id));
  const wanted = new Set(ids.filter((id) => !isLeftOut(task.id, id, weights)));
  terminal.taskStarted({ ...task, checks: wanted.size });
  const unweighed = await gradeTask(task, submission.prepare(task.id), {
    only: wanted,
    timeout: options.timeout,
    repeat,
    began: (stages) => terminal.began(stages),
    tried: () => terminal.checkTried(),
    ...(options.transcripts !== undefined && {
      record: (check, title, { events, took }) => {
        const recorded = { title, events, started: Date.now() - took };
        exchanges.set(check, [...(exchanges.get(check) ?? []), recorded]);
      },
    }),
  });
  const report = weighTask(unweighed, weights);
  terminal.taskFinished(report);
  if (options.transcripts !== undefined)
    for (const [id, list] of exchanges) {
      const title = task.checks.find((check) => check.id === id)?.title ?? "After all checks";
      await saveTranscripts(options.transcripts, { task: task.id, id, title, repeat: repeat(id) }, list);
    }
  return report;
}

/** Returns the command that runs `check`, such as `part2/unaltered`, again with the same seed. */
function repeatCommand(check: string, folder: string, { seed, manifest }: GradeOptions): string {
  const where = folder === ROOT ? "" : ` ${shellWord(folder)}`;
  const manifestFlag = manifest === undefined ? "" : ` --manifest ${shellWord(manifest)}`;
  return `npm run grade --${where} --only ${check} --seed ${shellWord(seed)}${manifestFlag}`;
}

/** A plain Error is about the folder or the manifest, which the user can mend. */
async function openAsUser(folder: string, { seed, sandbox, manifest }: GradeOptions): Promise<Submission> {
  try {
    return await openSubmission(folder, { seed, sandbox, ...(manifest !== undefined && { manifest }) });
  } catch (error) {
    if (error instanceof Error && error.constructor === Error) throw new UsageError(error.message);
    throw error;
  }
}
