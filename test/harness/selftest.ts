/**
 * Tries the harness itself: `npm run grade -- selftest [--full] [--jobs N] [--seed TEXT] [--html FILE] [NAME...]`
 *
 * Grades each submission of test/mutants, and compares what comes out with what must: no broken one survives the checks that
 * are to kill it, and no honest one loses a point. The last line is the sum, of which each submission is one.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseFlags } from "../../lib/cli.ts";
import { quoted } from "../../lib/printable.ts";
import { UsageError } from "../../lib/usage-error.ts";
import { TASKS } from "../checks/tasks.ts";
import { build } from "../mutants/build.ts";
import type { Honest, Mutant } from "../mutants/mutant.ts";
import { honest, mutants } from "../mutants/mutants.ts";
import { gradeTask } from "./grade.ts";
import { MARKS, type TaskReport } from "./report.ts";
import { Slots } from "./slots.ts";
import { openSubmission } from "./submission.ts";

const MAX_JOBS = 64;
const SEED = "selftest";
/** What a broken submission does all the same, unless its list says otherwise. */
const WORKS = ["message", "reply"];
/** Exchanges of one submission at a time. */
const EXCHANGES = 2;

const USAGE = `Grades the submissions of test/mutants, whose verdicts are known, or those whose names contain one of the words.

Usage: npm run grade -- selftest [--full] [--jobs N] [--seed TEXT] [--html FILE] [NAME...]`;

/** One submission, and what came of it. */
export interface Tried {
  submission: Mutant | Honest;
  report: TaskReport | undefined;
  /** What is wrong with it, of which each is a mistake of the harness's; none when all is as it must be. */
  problems: string[];
  seconds: number;
}

/** Does what `args` say; returns the exit status. @throws UsageError that says what is wrong with them */
export async function selftest(args: string[], print: (line: string) => void = console.log): Promise<number> {
  const { values, words } = parseFlags(args, {
    full: { help: "runs all checks on the broken ones too" },
    jobs: { value: "N", default: String(availableParallelism()), help: "how many submissions at a time" },
    seed: { value: "TEXT", default: SEED, help: "determines what is left to chance" },
    html: { value: "FILE", help: "writes the table as a page" },
    help: { help: "print this" },
  });
  if (values["help"] !== undefined) {
    print(USAGE);
    return 0;
  }
  const chosen = choose(words);
  const options = { full: values["full"] !== undefined, seed: values["seed"] ?? SEED };
  const slots = new Slots(parseJobs(values["jobs"]));
  const tried = await Promise.all(
    chosen.map((submission) =>
      slots.use(async () => {
        const result = await tryOne(submission, options);
        print(describe(result));
        return result;
      }),
    ),
  );
  const failed = tried.filter(({ problems }) => problems.length > 0).length;
  print(`${tried.length - failed} passed, ${failed} failed`);
  return failed > 0 ? 1 : 0;
}

function choose(words: string[]): (Mutant | Honest)[] {
  const all = [...honest, ...mutants];
  const chosen = all.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
  if (chosen.length === 0) throw new UsageError(`no submission has ${words.map((word) => quoted(word)).join(" or ")} in its name`);
  return chosen;
}

function parseJobs(text = ""): number {
  const count = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= MAX_JOBS) return count;
  throw new UsageError(`--jobs ${quoted(text)}: expected a whole number from 1 to ${MAX_JOBS}`);
}

async function tryOne(submission: Mutant | Honest, options: { full: boolean; seed: string }): Promise<Tried> {
  const start = performance.now();
  const folder = await mkdtemp(join(tmpdir(), "sml-selftest-"));
  try {
    const report = await grade(submission, folder, options);
    const problems = "kills" in submission ? judgeMutant(submission, report) : judgeHonest(submission, report);
    return { submission, report, problems, seconds: (performance.now() - start) / 1000 };
  } catch (error) {
    const problems = [`the harness failed: ${error instanceof Error ? error.stack : error}`];
    return { submission, report: undefined, problems, seconds: (performance.now() - start) / 1000 };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function grade(
  submission: Mutant | Honest,
  folder: string,
  { full, seed }: { full: boolean; seed: string },
): Promise<TaskReport> {
  const task = TASKS.find(({ id }) => id === submission.task);
  if (!task) throw new Error(`there are no checks of ${submission.task}`);
  const needed = "kills" in submission && !full ? new Set([...alternatives(submission.kills), ...passesOf(submission)]) : undefined;
  const opened = await openSubmission(build(submission, folder), { seed });
  try {
    return await gradeTask(task, opened.lab(task.id), {
      jobs: EXCHANGES,
      only: needed,
      repeat: () => `npm run grade -- selftest ${submission.name}`,
    });
  } finally {
    await opened.close();
  }
}

/** What is wrong when a broken submission has this report: it survives, or does not even work. */
export function judgeMutant(mutant: Mutant, { checks }: Pick<TaskReport, "checks">): string[] {
  const verdictOf = (id: string) => checks.find((check) => check.id === id)?.verdict ?? "no such check";
  const survived = mutant.kills
    .filter((kill) => !alternatives([kill]).some((id) => verdictOf(id) === "fail"))
    .map((kill) => `survives ${kill}: ${alternatives([kill]).map(verdictOf).join(", ")}`);
  const dead = passesOf(mutant)
    .filter((id) => verdictOf(id) !== "pass")
    .map((id) => `does not pass ${id}: ${verdictOf(id)}${whyOf(checks, id)}`);
  return [...survived, ...dead, ...errorsOf(checks)];
}

/** What is wrong when an honest submission has this report: it is accused, or does better than its list says. */
export function judgeHonest({ loses = {} }: Honest, { checks }: Pick<TaskReport, "checks">): string[] {
  const accused = checks
    .filter(({ id, verdict }) => (verdict === "fail" || verdict === "not shown") && !Object.hasOwn(loses, id))
    .map(({ id, verdict }) => `loses ${id}: ${verdict}${whyOf(checks, id)}`);
  const better = Object.keys(loses)
    .filter((id) => checks.some((check) => check.id === id && check.verdict === "pass"))
    .map((id) => `passes ${id}, and is listed to lose it`);
  return [...accused, ...better, ...errorsOf(checks)];
}

function errorsOf(checks: TaskReport["checks"]): string[] {
  return checks.filter(({ verdict }) => verdict === "error").map(({ id }) => `error in ${id}${whyOf(checks, id)}`);
}

function whyOf(checks: TaskReport["checks"], id: string): string {
  const { finding, reason } = checks.find((check) => check.id === id) ?? {};
  const why = finding?.happened ?? reason;
  return why === undefined ? "" : `: ${why}`;
}

function passesOf({ passes = WORKS }: Mutant): string[] {
  return passes;
}

function alternatives(kills: string[]): string[] {
  return kills.flatMap((kill) => kill.split("|"));
}

/** One line, and below it what is wrong. */
function describe({ submission, report, problems, seconds }: Tried): string {
  const { name } = submission;
  const done = "kills" in submission ? killersOf(report) : `${report?.points ?? 0} of ${report?.maximum ?? 0} points`;
  const mark = problems.length > 0 ? MARKS.fail : MARKS.pass;
  return [`${mark} ${name}: ${done}, ${seconds.toFixed(1)} s`, ...problems.map((problem) => `    ${problem}`)].join("\n");
}

function killersOf(report: TaskReport | undefined): string {
  const killers = report?.checks.filter(({ verdict }) => verdict === "fail").map(({ id }) => id) ?? [];
  return killers.length > 0 ? `killed by ${killers.join(", ")}` : "not killed";
}
