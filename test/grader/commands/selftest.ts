/**
 * Tries the harness itself: `npm run grade -- selftest [--full] [--sample] [--again] [--jobs N] [--seed TEXT] [--html FILE] [NAME...]`
 *
 * Grades each submission of test/grader/mutants, and compares what comes out with what must: no broken one survives the checks that
 * are to kill it, and no honest one loses a point. The last line is the sum, of which each submission is one.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { Semaphore } from "../../../lib/async/semaphore.ts";
import { quoted } from "../../../lib/bytes/printable.ts";
import { UsageError } from "../../../lib/cli/diagnostics.ts";
import { parseFlags } from "../../../lib/cli/flags.ts";
import type { Task } from "../checks/check.ts";
import { TASKS } from "../checks/tasks/tasks.ts";
import { gradeTask } from "../grading/grade-task.ts";
import type { TaskReport } from "../model/report.ts";
import { build } from "../mutants/build.ts";
import type { Honest, Mutant } from "../mutants/mutant.ts";
import { honest, mutants, sample } from "../mutants/mutants.ts";
import {
  accused,
  better,
  broken,
  type KillTable,
  killTablePage,
  killTableText,
  survivors,
  type Tried,
} from "../report/kill-table.ts";
import { MARKS } from "../report/marks.ts";
import { openSubmission } from "../run/submission.ts";

const MAX_JOBS = 64;
const SEED = "selftest";
const NARROW = 100;
/** What a broken submission does all the same, unless its list says otherwise. */
const WORKS = ["message", "reply"];
/** Exchanges of one submission at a time. */
const EXCHANGES = 2;

const USAGE = `Grades the submissions of test/grader/mutants, whose verdicts are known, or those whose names contain one of the words.

Usage: npm run grade -- selftest [--full] [--sample] [--again] [--jobs N] [--seed TEXT] [--html FILE] [NAME...]`;

interface Options {
  /** Run all checks on the broken ones too. */
  full: boolean;
  seed: string;
}

/** One submission, and what came of it. */
export interface Result {
  row: Tried;
  report: TaskReport | undefined;
  /** The harness's own failure. */
  failure: string | undefined;
}

/** Does what `args` say; returns the exit status. @throws UsageError that says what is wrong with them */
export async function selftest(args: string[], print: (text: string) => void = console.log): Promise<number> {
  const { values, words } = parseFlags(args, {
    full: { help: "runs all checks on the broken ones too" },
    again: { help: "tries a wrong verdict once more, by itself: a busy machine is no fault" },
    sample: { help: "only some of them: each check has one that it must kill" },
    jobs: { value: "N", default: String(availableParallelism()), help: "how many submissions at a time" },
    seed: { value: "TEXT", default: SEED, help: "determines what is left to chance" },
    html: { value: "FILE", help: "writes the table as a page" },
    help: { help: "print this help" },
  });
  if (values["help"] !== undefined) {
    print(USAGE);
    return 0;
  }
  const options = { full: values["full"] !== undefined, seed: values["seed"] ?? SEED };
  const semaphore = new Semaphore(parseJobs(values["jobs"]));
  const results = await Promise.all(
    choose(words, values["sample"] !== undefined).map((submission) =>
      semaphore.run(async () => {
        const result = await tryOne(submission, options);
        print(describe(result));
        return result;
      }),
    ),
  );
  if (values["again"] !== undefined)
    await tryAgain(results, (submission) => tryOne(submission, options), print);
  const table = tableOf(results);
  if (values["html"] !== undefined) await writeFile(values["html"], killTablePage(table));
  print(`\n${killTableText(table, process.stdout.columns ?? NARROW, process.stdout.isTTY)}`);
  const failed = results.filter((result) => isWrong(result)).length;
  print(`${results.length - failed} passed, ${failed} failed`);
  return failed > 0 ? 1 : 0;
}

/** Has `attempt` try each that came out wrong once more, alone, and takes what then comes out. */
export async function tryAgain(
  results: Result[],
  attempt: (submission: Mutant | Honest) => Promise<Result>,
  print: (text: string) => void,
): Promise<void> {
  const all = [...honest, ...mutants];
  for (const [index, result] of results.entries()) {
    const submission = all.find(({ name }) => name === result.row.name);
    if (!isWrong(result) || !submission) continue;
    const second = await attempt(submission);
    print(`once more: ${describe(second)}`);
    results[index] = second;
  }
}

function choose(words: string[], isSample: boolean): (Mutant | Honest)[] {
  const all = [...honest, ...mutants].filter(({ name }) => !isSample || sample.includes(name));
  const chosen = all.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
  if (chosen.length > 0) return chosen;
  throw new UsageError(`no submission has ${words.map((word) => quoted(word)).join(" or ")} in its name`);
}

function parseJobs(text = ""): number {
  const count = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= MAX_JOBS) return count;
  throw new UsageError(`--jobs ${quoted(text)}: expected a whole number from 1 to ${MAX_JOBS}`);
}

async function tryOne(submission: Mutant | Honest, options: Options): Promise<Result> {
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

/** The checks that say whether all is as it must be; undefined where these are all. */
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

function tableOf(results: Result[]): KillTable {
  const tried = new Set(results.flatMap(({ row }) => Object.keys(row.verdicts)));
  const known = TASKS.flatMap(({ checks }) => checks.map(({ id }) => id));
  return {
    submissions: results.map(({ row }) => row),
    checks: [...new Set(known)].filter((id) => tried.has(id)),
  };
}

function isWrong({ row, failure }: Result): boolean {
  return failure !== undefined || problemsOf(row).length > 0;
}

/** What is wrong with one submission: each is a mistake of the harness's, or of whoever wrote the submission. */
export function problemsOf(row: Tried): { what: string; checks: string[] }[] {
  const table = { submissions: [row], checks: [] };
  return Object.entries({
    survives: survivors(table),
    "does not pass": accused(table),
    "passes, though it is listed to lose": better(table),
    "makes the harness fail in": broken(table),
  }).flatMap(([what, problems]) => problems.map(({ checks }) => ({ what, checks })));
}

/** One line, and below it what is wrong. */
function describe({ row, report, failure }: Result): string {
  const { name, kind, seconds } = row;
  const problems = problemsOf(row);
  const killers = Object.keys(row.verdicts).filter((id) => row.verdicts[id] === "fail");
  const points = `${report?.points ?? 0} of ${report?.maximum ?? 0} points`;
  const outcome = kind === "honest" ? points : `killed by ${killers.join(", ") || "nothing"}`;
  const lines = problems.map(({ what, checks }) => {
    const observation = checks.map((check) => `${check}${whyOf(report, check)}`).join("; ");
    return `    ${what} ${observation || "all checks"}`;
  });
  const failed = failure === undefined ? [] : [`    the harness failed: ${failure}`];
  const mark = problems.length > 0 || failure !== undefined ? MARKS.fail : MARKS.pass;
  return [`${mark} ${row.task} ${name}: ${outcome}, ${seconds.toFixed(1)} s`, ...lines, ...failed].join("\n");
}

/** The verdict on each check that `group` names, and its reason. */
function whyOf(report: TaskReport | undefined, group: string): string {
  const found = report?.checks.filter(({ id }) => group.split("|").includes(id)) ?? [];
  if (found.length === 0) return " (there is no such check)";
  return ` (${found.map(({ verdict, reason, finding }) => [verdict, finding?.happened ?? reason].filter(Boolean).join(": ")).join("; ")})`;
}
