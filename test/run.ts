/**
 * Runs the tests: `npm test -- [--jobs N] [--shuffle SEED] [--in FOLDER] [part of a file's name ...]`
 *
 * Each file runs in a process of its own, the unit tests once with each WebCrypto provider. A file that runs no test,
 * ends half-way or takes too long has failed. The last line is the sum.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import process from "node:process";
import { parseArgs } from "node:util";

interface Job {
  file: string;
  /** The WebCrypto provider; undefined where the tests choose themselves. */
  provider: string | undefined;
}

interface Result {
  passed: number;
  failed: number;
  skipped: number;
}

const FOLDERS = {
  "test/unit": ["peculiar", "native"],
  "test/harness": [undefined],
  "test/end-to-end": [undefined],
};
// unit tests that meet no cryptography run only once
const WITHOUT_CRYPTOGRAPHY =
  /\/(bytes|cli|fields|framing|lines|pending|pins|printable|small-file|spki|tcp|trace)\.test\.ts$/;
// for what hangs; on a quiet machine no file takes a tenth of this
const TIME_LIMIT = 300_000;
const SUMMARY = /Total: +(\d+)\s+Passed: +(\d+)\s+Skipped: +(\d+)/;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    jobs: { type: "string", default: String(availableParallelism()) },
    shuffle: { type: "string" },
    in: { type: "string" },
  },
});
const jobs = shuffle(listJobs(positionals), values.shuffle);
const running = new Set<ChildProcess>();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stopAll(signal));

const results: Result[] = [];
await Promise.all(Array.from({ length: Number(values.jobs) }, work));

const sum = (key: keyof Result) => results.reduce((total, result) => total + result[key], 0);
const skipped = sum("skipped");
if (results.length === 0) console.log("no test file has such a name");
console.log(`${sum("passed")} passed, ${sum("failed")} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
// what is left out where a program is missing must run in CI
process.exitCode = sum("passed") > 0 && sum("failed") === 0 && !(process.env["CI"] && skipped > 0) ? 0 : 1;

function listJobs(names: string[]): Job[] {
  return Object.entries(values.in === undefined ? FOLDERS : { [values.in]: [undefined] })
    .flatMap(([folder, providers]) =>
      readdirSync(folder)
        .filter((name) => name.endsWith(".test.ts"))
        .flatMap((name) => providers.map((provider) => ({ file: `${folder}/${name}`, provider }))),
    )
    .filter(({ file, provider }) => provider !== "native" || !WITHOUT_CRYPTOGRAPHY.test(file))
    .filter(({ file }) => names.length === 0 || names.some((name) => file.includes(name)));
}

/** Orders `list` by chance, the same for the same `seed`; without a seed, leaves it as it is. */
function shuffle(list: Job[], seed: string | undefined): Job[] {
  if (seed === undefined) return list;
  const rank = (job: Job) => createHash("sha256").update(`${seed} ${job.file} ${job.provider}`).digest("hex");
  return list.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

async function work(): Promise<void> {
  for (let job = jobs.shift(); job; job = jobs.shift()) results.push(await run(job));
}

/** Runs one file; prints a line about it, and all of its output when it failed. */
async function run({ file, provider }: Job): Promise<Result> {
  const start = performance.now();
  const { output, ended } = await runProcess(file, provider);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);

  const [, total = 0, passed = 0, skipped = 0] = SUMMARY.exec(output)?.map(Number) ?? [];
  const failed = ended === "0" && total > 0 ? total - passed : Math.max(total - passed, 1);
  const name = `${file.slice("test/".length)}${provider ? ` (${provider})` : ""}`;
  const left = skipped > 0 ? `, ${skipped} skipped` : "";
  console.log(`${failed > 0 ? "✗" : "✓"} ${name}: ${passed} passed, ${failed} failed${left}, ${seconds} s`);
  if (failed > 0) console.log(`${output}\n${file} ended with ${ended}\n`);
  return { passed, failed, skipped };
}

/** Runs one file in a process group of its own, so that whatever it started ends with it. */
async function runProcess(
  file: string,
  provider: string | undefined,
): Promise<{ output: string; ended: string }> {
  const env = { ...process.env, FORCE_COLOR: "0", ...(provider && { WEBCRYPTO: provider }) };
  const child = spawn(process.execPath, ["--import", "tsx", file], { env, detached: true });
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
    // nobody of the group is left
  }
}

function stopAll(signal: NodeJS.Signals): void {
  for (const child of running) stop(child);
  process.kill(process.pid, signal);
}
