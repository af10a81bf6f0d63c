/** `npm run grade -- init DIR`: finds out how a submission is started, and writes its manifest. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { Semaphore } from "../../../lib/async/semaphore.ts";
import { printable, quoted } from "../../../lib/bytes/printable.ts";
import { explain, UsageError } from "../../../lib/cli/diagnostics.ts";
import { type Flag, parseFlags } from "../../../lib/cli/flags.ts";
import { describeResult, sureness } from "../init/describe.ts";
import { hasManifest, type InitResult, initFolder, isLaunched } from "../init/init-folder.ts";
import { TEXT_TASKS, type TextTask } from "../init/task-guess.ts";
import { MANIFEST_NAME } from "../manifest/manifest.ts";
import { ownLayout } from "../manifest/own-layout.ts";
import { findSubmissionFolder, isVisible } from "../manifest/submission-folder.ts";
import { whyNoBoxes } from "../sandbox/boxes.ts";
import { FAILED, INTERRUPTED, PASSED } from "./exit-status.ts";
import { parseJobs } from "./jobs.ts";

const FLAGS: Record<string, Flag> = {
  task: { value: "TASK", help: `the task that it solves: ${TEXT_TASKS.join(", ")}; by default guessed` },
  force: { help: `replace ${MANIFEST_NAME}` },
  class: { value: "DIR", help: "every folder in DIR that has no manifest" },
  jobs: { value: "N", default: "1", help: "submissions of a class at a time" },
  help: { help: "print this help" },
};

const USAGE = `Starts the programs of a submission in boxes, watches what they do, and writes ${MANIFEST_NAME}.

Usage: npm run grade -- init [flags] DIR           one submission
       npm run grade -- init [flags] --class DIR   every folder in DIR that has none

${Object.entries(FLAGS)
  .map(([name, { value, help }]) => `  ${`--${name}${value ? ` ${value}` : ""}`.padEnd(12)}  ${help}`)
  .join("\n")}

Exit status: 0 every submission launches; 1 one does not; 2 wrong usage.`;

/** Runs the command; returns the exit status. @throws UsageError if its arguments are wrong */
export async function init(args: string[]): Promise<number> {
  const { values, words } = parseFlags(args, FLAGS);
  if (values["help"] !== undefined) {
    console.log(USAGE);
    return PASSED;
  }
  const task = parseTask(values["task"]);
  const isForced = values["force"] !== undefined;
  const jobs = parseJobs(values["jobs"]);
  const folders =
    values["class"] === undefined ? [oneFolder(words, isForced)] : classFolders(values["class"], words);
  const why = await whyNoBoxes();
  if (why !== undefined)
    throw new UsageError(`init needs boxes, which this machine lacks: ${why}; see npm run grade -- doctor`);
  const control = new AbortController();
  const interrupt = () => control.abort();
  for (const signal of SIGNALS) process.on(signal, interrupt);
  try {
    const work = initAll(folders, {
      task,
      isForced,
      jobs,
      signal: control.signal,
      isClass: values["class"] !== undefined,
    });
    // boxes end with this process, whatever they do
    return await Promise.race([work, aborted(control.signal)]);
  } finally {
    for (const signal of SIGNALS) process.off(signal, interrupt);
  }
}

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

interface InitAll {
  task: TextTask | undefined;
  isForced: boolean;
  jobs: number;
  isClass: boolean;
  signal: AbortSignal;
}

async function initAll(folders: readonly string[], options: InitAll): Promise<number> {
  const { task, isForced, jobs, isClass, signal } = options;
  const semaphore = new Semaphore(jobs);
  const summary: string[] = [];
  let failed = 0;
  await Promise.all(
    folders.map((given) =>
      semaphore.run(async () => {
        const folder = findSubmissionFolder(given);
        if (isClass && !isForced && needsNone(folder)) {
          summary.push(`${printable(given)}: has a manifest`);
          return;
        }
        const lead = isClass ? `${printable(given)}: ` : "";
        const progress = (line: string) => console.error(`${lead}trying ${printable(line)}`);
        const { lines, state, isDone } = await initOne(folder, { task, signal, progress });
        console.log([...(isClass ? [printable(given)] : []), ...lines].join("\n"));
        summary.push(`${printable(given)}: ${state}`);
        if (!isDone) failed += 1;
      }),
    ),
  );
  if (isClass)
    console.log(
      ["", ...summary.toSorted(), `${folders.length - failed} of ${folders.length} launch`].join("\n"),
    );
  return failed > 0 ? FAILED : PASSED;
}

/** A folder that cannot be read does not stop the class. */
async function initOne(folder: string, options: Parameters<typeof initFolder>[1]) {
  try {
    const result: InitResult = await initFolder(folder, options);
    return { lines: describeResult(result), state: sureness(result), isDone: result.tasks.every(isLaunched) };
  } catch (error) {
    if (options.signal.aborted) throw error;
    const state = printable(explain(error));
    return { lines: [`! ${state}`], state, isDone: false };
  }
}

function aborted(signal: AbortSignal): Promise<number> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(INTERRUPTED)));
}

function parseTask(text: string | undefined): TextTask | undefined {
  if (text === undefined) return undefined;
  const task = TEXT_TASKS.find((each) => each === text);
  if (task) return task;
  throw new UsageError(
    `--task ${quoted(text)}: expected one of ${TEXT_TASKS.join(", ")}${text === "05" ? "; for 05, whose programs carry files, write the manifest by hand" : ""}`,
  );
}

function oneFolder(words: string[], isForced: boolean): string {
  const [given, ...more] = words;
  if (given === undefined || more.length > 0)
    throw new UsageError(`expected one folder, got ${words.length}; see init --help`);
  requireFolder(given);
  const folder = findSubmissionFolder(given);
  if (hasManifest(folder) && !isForced)
    throw new UsageError(`${quoted(folder)} has a ${MANIFEST_NAME} already; --force replaces it`);
  return given;
}

function classFolders(folder: string, words: string[]): string[] {
  if (words.length > 0)
    throw new UsageError(`expected no folder beside --class DIR, got ${quoted(words[0] ?? "")}`);
  requireFolder(folder);
  const found = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && isVisible(entry.name))
    .map(({ name }) => join(folder, name));
  if (found.length === 0) throw new UsageError(`${quoted(folder)}: there is no folder in it`);
  return found.toSorted();
}

function requireFolder(path: string): void {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory())
    throw new UsageError(`${quoted(path)}: there is no such folder`);
}

function needsNone(folder: string): boolean {
  return hasManifest(folder) || Object.keys(ownLayout(folder)).length > 0;
}
