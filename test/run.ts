/**
 * Runs the tests: `npm test` the quick ones, `npm run test:all` all of them, `npm test -- WORD`
 * those of some files.
 *
 * Each file runs in its own process, a unit test once for each WebCrypto provider. A file fails if
 * it has no tests, ends early or takes too long. If all of its tests are skipped, it fails only in
 * CI. The last line is the sum.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import process from "node:process";
import { quoted } from "../lib/bytes/printable.ts";
import { installErrorHandlers, UsageError } from "../lib/cli/diagnostics.ts";
import { parseFlags } from "../lib/cli/flags.ts";
import { compile } from "./support/compiled.ts";
import { providersOf, reasonToLeaveOut } from "./tiers.ts";

interface Job {
  file: string;
  /** The WebCrypto provider; undefined if the tests choose it. */
  provider: string | undefined;
}

interface Result {
  passed: number;
  failed: number;
  skipped: number;
}

/** Run by themselves: npm run test:runtimes, npm run test:browser. */
const APART = ["test/runtimes/", "test/browser/"];
// started first, so that none of them runs alone at the end
const SLOW =
  /\/end-to-end\/|tamper|key-files|switchboard|handshake|\/run\.|grader\/.*\/(box|class|broken|honest|toy|grad|own-solutions|session|wire)/;
const MAX_JOBS = 1000;
// ends a file that hangs; on a quiet machine no file takes an eighth of this
const TIME_LIMIT = 900_000;
const SUMMARY = /Total: +(\d+)\s+Passed: +(\d+)\s+Skipped: +(\d+)/;

const USAGE = `Runs the tests.

Usage: npm test                     the quick tests
       npm test -- WORD...          the files whose names contain one of the words
       npm run test:all             all tests
       npm run test:all -- --rest   the tests that npm test leaves out

  --jobs N        run N files at a time (one more than there are cores)
  --shuffle SEED  run them in an order that SEED determines
  --in FOLDER     run the test files in FOLDER`;

installErrorHandlers();
const { values, words } = parseFlags(process.argv.slice(2), {
  jobs: {
    value: "N",
    default: String(availableParallelism() + 1),
    help: "how many files run at a time",
  },
  shuffle: { value: "SEED", help: "run in an order that SEED determines" },
  in: { value: "FOLDER", help: "where the files are" },
  all: { help: "run all tests" },
  rest: { help: "run what npm test leaves out" },
  help: { help: "print this help" },
});
if (values["help"] !== undefined) {
  console.log(USAGE);
  process.exit(0);
}
const width = parseJobs(values["jobs"]);
const listed = listJobs(words, values["in"]);
const jobs = shuffle(listed.filter(isWanted), values["shuffle"]);
const count = jobs.length;
const running = new Set<ChildProcess>();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stopAll(signal));

const results: Result[] = [];
// other folders run uncompiled, as a user would run them
const compiled =
  values["in"] === undefined
    ? await compile(process.cwd(), [...new Set(jobs.map(({ file }) => file))])
    : undefined;
process.once("exit", () => compiled?.remove());
await Promise.all(Array.from({ length: width }, work));

if (count < listed.length && values["rest"] === undefined) printLeftOut();
const sum = (key: keyof Result) => results.reduce((total, result) => total + result[key], 0);
const skipped = sum("skipped");
if (results.length === 0) console.log("no test file has such a name");
if (skipped > 0) console.log(`${skipped} skipped`);
console.log(`${sum("passed")} passed, ${sum("failed")} failed`);
// tests that are skipped where a program is missing must run in CI
const complete = results.length > 0 && !(process.env["CI"] && skipped > 0);
process.exitCode = complete && sum("failed") === 0 ? 0 : 1;

function parseJobs(text = ""): number {
  const count = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= MAX_JOBS) return count;
  throw new UsageError(`--jobs ${quoted(text)}: expected a whole number from 1 to ${MAX_JOBS}`);
}

/** Lists the files in `folder` whose names contain one of `names`, if any; slow ones first. */
function listJobs(names: string[], folder: string | undefined): Job[] {
  if (folder !== undefined && !existsSync(folder))
    throw new UsageError(`--in ${quoted(folder)}: there is no such folder`);
  const all = listFiles(folder ?? "test")
    .filter((file) => folder !== undefined || !APART.some((folder) => file.startsWith(folder)))
    .flatMap((file) => providersOf(file).map((provider) => ({ file, provider })))
    .filter(({ file }) => names.length === 0 || names.some((name) => file.includes(name)));
  return all.toSorted((a, b) => Number(SLOW.test(b.file)) - Number(SLOW.test(a.file)));
}

/** Whether the tier that the flags and words choose has this job. */
function isWanted({ file, provider }: Job): boolean {
  if (words.length > 0 || values["in"] !== undefined) return true;
  const isLeftOut = reasonToLeaveOut(file, provider) !== undefined;
  if (values["rest"] !== undefined) return isLeftOut;
  return values["all"] !== undefined || !isLeftOut;
}

/** Says what this run has left to `npm run test:all`. */
function printLeftOut(): void {
  const files = new Map<string, number>();
  for (const { file, provider } of listed) {
    const reason = reasonToLeaveOut(file, provider);
    if (reason !== undefined) files.set(reason, (files.get(reason) ?? 0) + 1);
  }
  console.log(`\nLeft to npm run test:all: ${listed.length - count} of ${listed.length} runs of a file`);
  for (const [reason, number] of files) console.log(`${String(number).padStart(4)}  ${reason}`);
  console.log();
}

/** Lists the test files below `folder`, without those of its packages. */
function listFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => `${folder}/${name}`)
    .filter((file) => file.endsWith(".test.ts") && !file.includes("/node_modules/"));
}

/** Orders `list` as `seed` determines; without a seed, keeps its order. */
function shuffle(list: Job[], seed: string | undefined): Job[] {
  if (seed === undefined) return list;
  const rank = (job: Job) => createHash("sha256").update(`${seed} ${job.file} ${job.provider}`).digest("hex");
  return list.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

async function work(): Promise<void> {
  for (let job = jobs.shift(); job; job = jobs.shift()) await run(job);
}

/** Runs one file; prints a line about it, and its whole output if it failed. */
async function run({ file, provider }: Job): Promise<void> {
  const start = performance.now();
  const { output, ended } = await runProcess(file, provider);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);

  const [, total = 0, passed = 0, skipped = 0] = SUMMARY.exec(output)?.map(Number) ?? [];
  const broken = total - passed;
  // uvu's total leaves out what is skipped
  const failed = ended === "0" && total + skipped > 0 ? broken : Math.max(broken, 1);
  const name = `${file.replace(/^test\//, "")}${provider ? ` (${provider})` : ""}`;
  const left = skipped > 0 ? `, ${skipped} skipped` : "";
  results.push({ passed, failed, skipped });
  const mark = `${failed > 0 ? "✗" : "✓"} ${results.length}/${count}`;
  console.log(`${mark} ${name}: ${passed} passed, ${failed} failed${left}, ${seconds} s`);
  if (failed > 0) console.log(`${output}\n${file} ended with ${ended}\n`);
}

/** Runs one file in its own process group, so that all processes it started end with it. */
async function runProcess(
  file: string,
  provider: string | undefined,
): Promise<{ output: string; ended: string }> {
  const env = { ...process.env, FORCE_COLOR: "0", ...(provider && { WEBCRYPTO: provider }) };
  const code = compiled?.find(file);
  const args = code === undefined ? ["--import", "tsx", file] : ["--enable-source-maps", code];
  const child = spawn(process.execPath, args, { env, detached: true });
  running.add(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const timer = setTimeout(() => {
    output += `\nstopped after ${TIME_LIMIT / 1000} s`;
    stop(child);
  }, TIME_LIMIT);
  child.once("exit", () => stop(child));
  const ended = await new Promise<string>((resolve) => {
    child.once("close", (status, signal) => resolve(String(status ?? signal)));
  });
  clearTimeout(timer);
  running.delete(child);
  return { output, ended };
}

function stop(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  } catch {
    // the group has ended
  }
}

function stopAll(signal: NodeJS.Signals): void {
  for (const child of running) stop(child);
  compiled?.remove();
  process.kill(process.pid, signal);
}
