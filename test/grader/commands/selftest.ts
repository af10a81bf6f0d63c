/**
 * `npm run grade -- selftest`: tries the grader itself.
 *
 * Grades each submission of test/grader/mutants, and compares its verdicts with the expected ones:
 * every broken submission must fail the checks that are to find its flaw, and no honest one may
 * lose a point. The last line counts the submissions with the right verdicts.
 */
import { writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import process from "node:process";
import { Semaphore } from "../../../lib/async/semaphore.ts";
import { quoted } from "../../../lib/bytes/printable.ts";
import { UsageError } from "../../../lib/cli/diagnostics.ts";
import { type Flag, parseFlags } from "../../../lib/cli/flags.ts";
import { TASKS } from "../checks/tasks/tasks.ts";
import type { Honest, Mutant } from "../mutants/mutant.ts";
import { honest, mutants, sample } from "../mutants/mutants.ts";
import type { KillTable } from "../report/kill-table.ts";
import { killTablePage } from "../report/kill-table-page.ts";
import { killTableText } from "../report/kill-table-text.ts";
import { parseJobs } from "./jobs.ts";
import { describeResult, isWrong } from "./selftest-problems.ts";
import { type Result, tryOne } from "./selftest-trial.ts";

const SEED = "selftest";
const NARROW = 100;

const FLAGS: Record<string, Flag> = {
  full: { help: "run all checks on the broken submissions too" },
  again: { help: "try a submission with a wrong verdict once more, alone: a busy machine is no fault" },
  sample: { help: "only a sample, in which every check has a submission that must fail it" },
  jobs: { value: "N", default: String(availableParallelism()), help: "submissions at a time" },
  seed: { value: "TEXT", default: SEED, help: "determines every random choice" },
  html: { value: "FILE", help: "write the table as a page" },
  help: { help: "print this help" },
};
const COLUMN = 12;

const USAGE = `Grades the submissions of test/grader/mutants, whose verdicts are known.

Usage: npm run grade -- selftest [flags] [NAME...]   those whose names contain a NAME; by default all

${Object.entries(FLAGS)
  .map(([name, { value, help }]) => `  ${`--${name}${value ? ` ${value}` : ""}`.padEnd(COLUMN)}  ${help}`)
  .join("\n")}

Exit status: 0 every verdict was right; 1 one was wrong; 2 wrong usage.`;

/** Runs the command with `args`; returns the exit status. @throws UsageError if they are wrong */
export async function selftest(args: string[], print: (text: string) => void = console.log): Promise<number> {
  const { values, words } = parseFlags(args, FLAGS);
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
        print(describeResult(result));
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

/**
 * Calls `attempt` for each submission with a wrong result, one at a time, and replaces the result.
 */
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
    print(`once more: ${describeResult(second)}`);
    results[index] = second;
  }
}

function choose(words: string[], isSample: boolean): (Mutant | Honest)[] {
  const all = [...honest, ...mutants].filter(({ name }) => !isSample || sample.includes(name));
  const chosen = all.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
  if (chosen.length > 0) return chosen;
  throw new UsageError(`no submission has ${words.map((word) => quoted(word)).join(" or ")} in its name`);
}

function tableOf(results: Result[]): KillTable {
  const tried = new Set(results.flatMap(({ row }) => Object.keys(row.verdicts)));
  const known = TASKS.flatMap(({ checks }) => checks.map(({ id }) => id));
  return {
    submissions: results.map(({ row }) => row),
    checks: [...new Set(known)].filter((id) => tried.has(id)),
  };
}
