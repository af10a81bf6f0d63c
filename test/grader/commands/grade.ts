/** `npm run grade -- DIR`: grades one submission on the command line, or a class. */
import { randomBytes } from "node:crypto";
import { statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import process from "node:process";
import { toHex } from "../../../lib/bytes/bytes.ts";
import { quoted, shellWord } from "../../../lib/bytes/printable.ts";
import { UsageError } from "../../../lib/cli/diagnostics.ts";
import { type Flag, parseFlags, parseSeconds } from "../../../lib/cli/flags.ts";
import { ROOT } from "../../support/launch.ts";
import type { Task } from "../checks/check.ts";
import { TASKS } from "../checks/tasks/tasks.ts";
import { gradeTask } from "../grading/grade-task.ts";
import { REPORT_VERSION, type Report, type TaskReport } from "../model/report.ts";
import { gradescopeResults } from "../report/gradescope.ts";
import { reportPage } from "../report/html.ts";
import { encodeReport } from "../report/json.ts";
import { junitReport } from "../report/junit.ts";
import { type Recorded, saveTranscripts } from "../report/save-transcripts.ts";
import { allChecks, countVerdicts } from "../report/summary.ts";
import { TerminalReport } from "../report/terminal.ts";
import { terminalOf } from "../report/terminal-style.ts";
import { openSubmission, type Submission, type SubmissionOptions } from "../run/submission.ts";
import { runClass } from "./class.ts";

export const GRADER_FAILED = 3;
const GRADESCOPE_FILE = "results.json";
const MAX_JOBS = 64;
const SANDBOXES = ["auto", "bwrap", "none"] as const;
const USAGE_COLUMN = 20;

const FLAGS: Record<string, Flag> = {
  only: { value: "TASKS", help: "these tasks or checks only: part1,03 or part2/unaltered" },
  manifest: { value: "FILE", help: "in place of DIR/submission.json; for a class also a folder of them" },
  seed: { value: "TEXT", help: "determines what is left to chance; each report names its own" },
  timeout: { value: "SECONDS", help: "how long a plain exchange may take, in place of the manifest's" },
  sandbox: { value: "KIND", default: "auto", help: "auto, bwrap or none" },
  json: { value: "FILE", help: "write the report as JSON, - to standard output" },
  html: { value: "FILE", help: "write the report as a page" },
  junit: { value: "FILE", help: "write the report as JUnit XML" },
  gradescope: { help: `write ${GRADESCOPE_FILE} for Gradescope, here` },
  transcripts: { value: "DIR", help: "write each check's exchanges there, as text and for Wireshark" },
  class: { value: "DIR", help: "grade every folder in DIR" },
  jobs: { value: "N", default: "1", help: "of a class, so many submissions at a time" },
  csv: { value: "FILE", help: "write the grades of a class" },
  results: { value: "DIR", help: "where the grades of a class are kept, to go on from there" },
  again: { help: "grade the whole class again" },
  help: { help: "print this help" },
};
const CLASS_ONLY = ["jobs", "csv", "results", "again"];
const ONE_ONLY = ["json", "junit", "gradescope", "transcripts"];

const USAGE = `Grades a submission by attacking it.

Usage: npm run grade -- [flags] [DIR]         one submission; without DIR, this project's own solutions
       npm run grade -- --class DIR [flags]   every folder in DIR
       npm run grade -- selftest [--help]     the harness itself, on submissions whose verdicts are known
       npm run grade -- doctor                what of the harness works on this machine

${Object.entries(FLAGS)
  .map(([name, { value, default: byDefault, help }]) => {
    const left = `--${name}${value ? ` ${value}` : ""}`;
    return `  ${left.padEnd(USAGE_COLUMN)}  ${help}${byDefault === undefined ? "" : ` (${byDefault})`}`;
  })
  .join("\n")}

Exit status: 0 all passed; 1 something did not; 2 wrong usage or manifest; 3 the harness itself failed.`;

/** Does what `args` say; returns the exit status. @throws UsageError that says what is wrong with them */
export async function gradeCommand(args: string[]): Promise<number> {
  const { values, words } = parseFlags(args, FLAGS);
  if (values["help"] !== undefined) {
    console.log(USAGE);
    return 0;
  }
  const given = (name: string) => args.some((arg) => arg === `--${name}` || arg.startsWith(`--${name}=`));
  const misplaced = (values["class"] === undefined ? CLASS_ONLY : ONE_ONLY).find(given);
  if (misplaced !== undefined)
    throw new UsageError(
      `--${misplaced} is ${values["class"] === undefined ? "for a class (--class DIR)" : "not for a class"}; see --help`,
    );
  const seed = values["seed"] ?? toHex(new Uint8Array(randomBytes(6)));
  const options: GradeOptions = {
    seed,
    wanted: parseOnly(values["only"]),
    timeout: values["timeout"] === undefined ? undefined : parseSeconds("--timeout", values["timeout"]),
    sandbox: parseSandbox(values["sandbox"]),
    manifest: values["manifest"],
    transcripts: values["transcripts"],
  };
  if (values["class"] !== undefined) {
    if (words.length > 0)
      throw new UsageError(`expected no folder beside --class DIR, got ${quoted(words[0] ?? "")}`);
    requireFolder(values["class"]);
    const passedOn = ["only", "timeout", "sandbox"].flatMap((name) =>
      values[name] !== undefined && given(name) ? [`--${name}`, values[name]] : [],
    );
    return runClass({
      folder: values["class"],
      jobs: parseJobs(values["jobs"]),
      csv: values["csv"],
      html: values["html"],
      results: values["results"],
      manifest: values["manifest"],
      again: values["again"] !== undefined,
      flags: [...passedOn, "--seed", seed],
    });
  }
  const [folder = ROOT, ...more] = words;
  if (more.length > 0) throw new UsageError(`expected one folder, got ${words.length}; see --help`);
  requireFolder(folder);
  const report = await gradeFolder(folder, options, values["json"] === "-");
  const files: [string | undefined, () => string][] = [
    [values["json"], () => encodeReport(report)],
    [values["html"], () => reportPage(report)],
    [values["junit"], () => junitReport(report)],
    [
      values["gradescope"] === undefined ? undefined : GRADESCOPE_FILE,
      () => `${JSON.stringify(gradescopeResults(report), null, 2)}\n`,
    ],
  ];
  for (const [file, encode] of files) {
    if (file === "-") process.stdout.write(encode());
    else if (file !== undefined) await writeFile(file, encode());
  }
  return statusOf(report);
}

interface GradeOptions {
  seed: string;
  wanted: Wanted[] | undefined;
  timeout: number | undefined;
  sandbox: NonNullable<SubmissionOptions["sandbox"]>;
  manifest: string | undefined;
  transcripts: string | undefined;
}

/** A task, or one check of it. */
interface Wanted {
  task: Task;
  check?: string;
}

async function gradeFolder(folder: string, options: GradeOptions, isQuiet: boolean): Promise<Report> {
  const started = new Date();
  const terminal = new TerminalReport(terminalOf(isQuiet ? process.stderr : process.stdout));
  const submission = await openAsUser(folder, options);
  const tasks: TaskReport[] = [];
  try {
    const chosen = chooseTasks(submission, options.wanted);
    for (const task of chosen) tasks.push(await gradeOne(task, submission, { folder, options, terminal }));
  } finally {
    await submission.close();
    terminal.close();
  }
  const sum = (field: "points" | "maximum") => tasks.reduce((total, task) => total + task[field], 0);
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
  };
  terminal.finished(report);
  return report;
}

async function gradeOne(
  { task, only }: { task: Task; only: ReadonlySet<string> | undefined },
  submission: Submission,
  { folder, options, terminal }: { folder: string; options: GradeOptions; terminal: TerminalReport },
): Promise<TaskReport> {
  const { seed, timeout, transcripts, manifest } = options;
  const exchanges = new Map<string, Recorded[]>();
  const where = folder === ROOT ? "" : ` ${shellWord(folder)}`;
  const manifestFlag = manifest === undefined ? "" : ` --manifest ${shellWord(manifest)}`;
  const repeat = (id: string) =>
    `npm run grade --${where} --only ${task.id}/${id} --seed ${shellWord(seed)}${manifestFlag}`;
  terminal.taskStarted({ ...task, checks: only?.size ?? task.checks.length });
  const report = await gradeTask(task, submission.prepare(task.id), {
    only,
    timeout,
    repeat,
    started: (check) => {
      if (!only || only.has(check.id)) terminal.checkStarted(check);
    },
    finished: (check) => terminal.checkFinished(check),
    ...(transcripts !== undefined && {
      record: (check, title, { events, took }) => {
        const recorded = { title, events, started: Date.now() - took };
        exchanges.set(check, [...(exchanges.get(check) ?? []), recorded]);
      },
    }),
  });
  terminal.taskFinished(report);
  if (transcripts !== undefined)
    for (const [id, list] of exchanges) {
      const title = task.checks.find((check) => check.id === id)?.title ?? "After all checks";
      await saveTranscripts(transcripts, { task: task.id, id, title, repeat: repeat(id) }, list);
    }
  return report;
}

/** Opens it; what is wrong with the folder or its manifest is for the user to mend. */
async function openAsUser(folder: string, { seed, sandbox, manifest }: GradeOptions): Promise<Submission> {
  try {
    return await openSubmission(folder, { seed, sandbox, ...(manifest !== undefined && { manifest }) });
  } catch (error) {
    if (error instanceof Error && error.constructor === Error) throw new UsageError(error.message);
    throw error;
  }
}

/** The tasks that the manifest has, or those of them that are wanted. */
function chooseTasks(
  { manifest }: Submission,
  wanted: Wanted[] | undefined,
): { task: Task; only: ReadonlySet<string> | undefined }[] {
  const has = ({ id }: Task) => manifest.tasks[id] !== undefined;
  const missing = wanted?.find(({ task }) => !has(task));
  if (missing) throw new UsageError(`--only: the submission has no ${missing.task.id}`);
  return TASKS.filter(has).flatMap((task) => {
    if (!wanted) return [{ task, only: undefined }];
    const own = wanted.filter((each) => each.task === task);
    if (own.length === 0) return [];
    const checks = own.flatMap(({ check }) => (check === undefined ? [] : [check]));
    return [{ task, only: checks.length === own.length ? new Set(checks) : undefined }];
  });
}

function parseOnly(text: string | undefined): Wanted[] | undefined {
  return text?.split(",").map((word) => {
    const [id, check, ...rest] = word.trim().split("/");
    const task = TASKS.find((candidate) => candidate.id === id);
    if (!task || rest.length > 0)
      throw new UsageError(
        `--only ${quoted(word)}: expected one of ${TASKS.map((each) => each.id).join(", ")}`,
      );
    if (check === undefined) return { task };
    if (!task.checks.some((candidate) => candidate.id === check))
      throw new UsageError(
        `--only ${quoted(word)}: ${id} has the checks ${task.checks.map((each) => each.id).join(", ")}`,
      );
    return { task, check };
  });
}

function parseSandbox(text: string | undefined): (typeof SANDBOXES)[number] {
  const kind = SANDBOXES.find((each) => each === text);
  if (kind) return kind;
  throw new UsageError(`--sandbox ${quoted(text ?? "")}: expected ${SANDBOXES.join(", ")}`);
}

function parseJobs(text = ""): number {
  const count = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= MAX_JOBS) return count;
  throw new UsageError(`--jobs ${quoted(text)}: expected a whole number from 1 to ${MAX_JOBS}`);
}

function requireFolder(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return;
  throw new UsageError(`${quoted(folder)}: there is no such folder`);
}

function statusOf(report: Report): number {
  const counts = countVerdicts(allChecks(report));
  if (counts.error > 0) return GRADER_FAILED;
  return counts.fail + counts["not shown"] > 0 ? 1 : 0;
}
