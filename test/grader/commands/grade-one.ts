/** Grades one submission, with its progress on the terminal. */
import process from "node:process";
import { shellWord } from "../../../lib/bytes/printable.ts";
import { UsageError } from "../../../lib/cli/diagnostics.ts";
import { ROOT } from "../../support/launch.ts";
import type { Task } from "../checks/check.ts";
import { quickChecks } from "../checks/tasks/quick.ts";
import { gradeTask } from "../grading/grade-task.ts";
import { isLeftOut, type Weights, weighTask } from "../grading/weights.ts";
import { REPORT_VERSION, type Report, type TaskReport } from "../model/report.ts";
import { describeInterruption, describePlan, type PlannedTask } from "../report/plan.ts";
import { type Recorded, saveTranscripts } from "../report/save-transcripts.ts";
import { TerminalReport } from "../report/terminal.ts";
import { terminalOf } from "../report/terminal-style.ts";
import { openSubmission, type Submission, type SubmissionOptions } from "../run/submission.ts";
import { INTERRUPTED } from "./exit-status.ts";
import { onInterruption } from "./interruption.ts";
import { chooseTasks, type Wanted } from "./only.ts";

export interface GradeOptions {
  seed: string;
  wanted: readonly Wanted[] | undefined;
  /** Try only the cheapest attack of each kind. */
  quick: boolean;
  /** The longest time for a plain exchange in seconds; by default the manifest's. */
  timeout: number | undefined;
  sandbox: NonNullable<SubmissionOptions["sandbox"]>;
  manifest: string | undefined;
  /** Other points for the checks, and a pass mark. */
  weights: Weights;
  /** The folder for transcripts, if they are wanted. */
  transcripts: string | undefined;
}

/** A task, and the ids of the checks that are to be tried. */
interface Chosen {
  task: Task;
  checks: ReadonlySet<string>;
}

interface Context {
  folder: string;
  options: GradeOptions;
  submission: Submission;
  terminal: TerminalReport;
}

/**
 * Grades the submission in `folder`. Ctrl-C ends the process.
 *
 * @param isQuiet keeps standard output free: the progress goes to standard error
 * @throws UsageError if the folder or its manifest is wrong
 */
export async function gradeFolder(folder: string, options: GradeOptions, isQuiet: boolean): Promise<Report> {
  const started = new Date();
  const terminal = new TerminalReport(terminalOf(isQuiet ? process.stderr : process.stdout));
  const submission = await openAsUser(folder, options);
  const tasks: TaskReport[] = [];
  const seconds = () => (Date.now() - started.getTime()) / 1000;
  const chosen: Chosen[] = chooseTasks(submission.manifest.tasks, options.wanted).map(({ task, only }) => ({
    task,
    checks: checksOf(task, only, options),
  }));
  const plan = chosen.map(({ task, checks }): PlannedTask => ({ id: task.id, checks: checks.size }));
  const ignoreInterruptions = onInterruption(() => {
    terminal.interrupted(describeInterruption(plan, tasks, { seconds: seconds(), seed: options.seed }));
    // what runs is killed, and temporary folders are removed, when the process exits
    process.exit(INTERRUPTED);
  });
  try {
    terminal.say(describePlan(nameOf(folder, submission), plan, options.quick));
    for (const each of chosen) tasks.push(await gradeOne(each, { folder, options, submission, terminal }));
  } finally {
    await submission.close();
    ignoreInterruptions();
    terminal.close();
  }
  const sum = (field: "points" | "maximum") => tasks.reduce((total, task) => total + task[field], 0);
  const { passMark } = options.weights;
  const report: Report = {
    version: REPORT_VERSION,
    submission: { name: submission.manifest.name, folder },
    seed: options.seed,
    started: started.toISOString(),
    seconds: seconds(),
    isolation: submission.isolation,
    ...(options.quick && { quick: true }),
    tasks,
    points: sum("points"),
    maximum: sum("maximum"),
    ...(passMark !== undefined && { passMark }),
  };
  terminal.finished(report);
  return report;
}

function nameOf(folder: string, { manifest }: Submission): string {
  return folder === ROOT ? "this project's own solutions" : manifest.name;
}

/** @param only the checks that the user named; undefined for all */
function checksOf(
  task: Task,
  only: ReadonlySet<string> | undefined,
  { quick, weights }: GradeOptions,
): ReadonlySet<string> {
  const all = quick ? quickChecks(task) : task.checks.map(({ id }) => id);
  return new Set([...(only ?? all)].filter((id) => !isLeftOut(task.id, id, weights)));
}

async function gradeOne({ task, checks }: Chosen, context: Context): Promise<TaskReport> {
  const { folder, options, submission, terminal } = context;
  const exchanges = new Map<string, Recorded[]>();
  const repeat = (id: string) => repeatCommand(`${task.id}/${id}`, folder, options);
  terminal.taskStarted({ ...task, checks: checks.size });
  const unweighed = await gradeTask(task, submission.prepare(task.id), {
    only: checks,
    quick: options.quick,
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
  const untried = task.checks.map(({ id }) => id).filter((id) => !checks.has(id));
  const report = { ...weighTask(unweighed, options.weights), ...(options.quick && { untried }) };
  terminal.taskFinished(report);
  if (options.transcripts !== undefined)
    for (const [id, list] of exchanges) {
      const title = task.checks.find((check) => check.id === id)?.title ?? "After all checks";
      await saveTranscripts(options.transcripts, { task: task.id, id, title, repeat: repeat(id) }, list);
    }
  return report;
}

/** Returns the command that runs `check`, such as `part2/unaltered`, again with the same seed. */
function repeatCommand(check: string, folder: string, { seed, manifest, quick }: GradeOptions): string {
  const where = folder === ROOT ? "" : ` ${shellWord(folder)}`;
  const manifestFlag = manifest === undefined ? "" : ` --manifest ${shellWord(manifest)}`;
  const quickFlag = quick ? " --quick" : "";
  return `npm run grade --${where} --only ${check} --seed ${shellWord(seed)}${manifestFlag}${quickFlag}`;
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
