/**
 * Grades a class: every folder in one folder, each in a process of its own, so that one that hangs, floods or crashes costs only
 * itself. What is done is kept at once; a second run goes on where the first ended.
 */

import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import process from "node:process";
import { ROOT } from "../../support/launch.ts";
import { fileNameOf } from "../report/file-name.ts";
import type { Grade, Outcome } from "../report/grade.ts";
import { decodeReport } from "../report/json.ts";
import { type Limits, runBounded } from "./bounded-process.ts";
import { digestOf } from "./folder-digest.ts";
import { loadGrade, readBounded, saveGrade } from "./grade-store.ts";
import { type Shard, takeShard } from "./shard.ts";

export interface ClassOptions {
  jobs: number;
  /** The command that grades one submission; behind it come its folder, `--json FILE`, and `--manifest FILE` where there is one. */
  grader: readonly string[];
  /** Where the grades are kept. */
  results: string;
  /** Stands for the harness itself: when it changes, all is graded again. */
  harness: string;
  /** The teacher's manifest: a file for all, or a folder with `NAME.json` for each student and `default.json` for the others. */
  manifest?: string | undefined;
  /** Grade again what is done. */
  again?: boolean;
  shard?: Shard;
  limits?: Limits;
  progress?: ClassProgress;
  /** Ends what runs, and grades no more. */
  signal?: AbortSignal;
}

/** Is told how it goes on. */
export interface ClassProgress {
  began(students: number): void;
  started(student: string): void;
  /** `reused` when it was done already. */
  finished(grade: Grade, reused: boolean): void;
}

export const DEFAULT_LIMITS: Limits = {
  seconds: 1800,
  output: 16 * 1024 * 1024,
  memory: 4 * 1024 ** 3,
  grace: 5,
};

// MiB; the submission's own programs have limits of their own
const HEAP_LIMIT = 1024;

/** The command that grades one submission with `flags`, as `ClassOptions` takes it. */
export function graderCommand(flags: readonly string[]): string[] {
  return [
    process.execPath,
    `--max-old-space-size=${HEAP_LIMIT}`,
    "--import",
    "tsx",
    "test/grade.ts",
    ...flags,
  ];
}

const SILENT: ClassProgress = { began() {}, started() {}, finished() {} };
const LOG_LENGTH = 4000;

/**
 * Grades each folder in `folder`, or those of this shard; returns the grades in the order of their names.
 *
 * @throws Error when there is no folder in it, or the results cannot be written
 */
export async function gradeClass(folder: string, options: ClassOptions): Promise<Grade[]> {
  const { jobs, results, shard = { index: 0, total: 1 }, progress = SILENT } = options;
  const students = takeShard(await listStudents(folder, results), shard);
  progress.began(students.length);
  const grades = new Map<string, Grade>();
  const waiting = [...students];
  const work = async () => {
    for (let student = waiting.shift(); student !== undefined; student = waiting.shift()) {
      const grade = await gradeOrReuse(student, resolve(folder, student), options, progress);
      grades.set(student, grade);
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return students.flatMap((student) => grades.get(student) ?? []);
}

/** The folders in `folder`, but hidden ones and the results, in an order that is the same everywhere. */
async function listStudents(folder: string, results: string): Promise<string[]> {
  const names: string[] = [];
  for (const name of (await readdir(folder)).sort()) {
    const path = join(folder, name);
    if (name.startsWith(".") || resolve(path) === resolve(results)) continue;
    // a link that leads nowhere is no folder
    const found = await stat(path).catch(() => undefined);
    if (found?.isDirectory()) names.push(name);
  }
  if (names.length === 0) throw new Error(`${folder} has no folders in it: expected one for each student`);
  return names;
}

async function gradeOrReuse(
  student: string,
  path: string,
  options: ClassOptions,
  progress: ClassProgress,
): Promise<Grade> {
  const { results, signal, again = false } = options;
  const finish = (grade: Grade, reused: boolean) => {
    progress.finished(grade, reused);
    return grade;
  };
  const nothing: Grade = { student, seconds: 0, outcome: { kind: "waiting" } };
  const job = await prepare(student, path, options).catch(explain);
  if (typeof job === "string")
    return finish({ ...nothing, outcome: { kind: "failed", reason: job, log: "" } }, false);

  const stored = await loadGrade(results, student);
  const done = stored?.outcome.kind === "graded" && stored.key === job.key ? stored : undefined;
  if (done !== undefined && (!again || signal?.aborted)) return finish(done, true);
  if (signal?.aborted) return finish(nothing, false);

  progress.started(student);
  const grade = await gradeOne(student, job.command, options);
  // what was interrupted says nothing
  if (signal?.aborted && grade.outcome.kind === "failed") return finish(done ?? nothing, done !== undefined);
  await saveGrade(results, { ...grade, key: job.key });
  return finish(grade, false);
}

/** What grades `student`, and a digest of all that the grade depends on. */
async function prepare(
  student: string,
  path: string,
  { grader, harness, manifest }: ClassOptions,
): Promise<{ key: string; command: string[] }> {
  const file = manifest === undefined ? undefined : await findManifest(resolve(manifest), student);
  const parts = [harness, ...grader, await digestOf(path), file === undefined ? "" : await digestOf(file)];
  const key = createHash("sha256").update(JSON.stringify(parts)).digest("hex");
  return { key, command: [...grader, path, ...(file === undefined ? [] : ["--manifest", file])] };
}

async function findManifest(manifest: string, student: string): Promise<string> {
  const isFile = async (path: string) => (await stat(path).catch(() => undefined))?.isFile() === true;
  if (await isFile(manifest)) return manifest;
  for (const name of [`${student}.json`, "default.json"])
    if (await isFile(join(manifest, name))) return join(manifest, name);
  throw new Error(`no manifest: there is neither ${student}.json nor default.json in ${manifest}`);
}

async function gradeOne(student: string, command: string[], options: ClassOptions): Promise<Grade> {
  const { limits = DEFAULT_LIMITS, signal } = options;
  const folder = await mkdtemp(join(tmpdir(), "grade-"));
  try {
    const file = join(folder, `${fileNameOf(student)}.json`);
    const ending = await runBounded([...command, "--json", file], { limits, signal, cwd: ROOT });
    const { seconds, status, stopped } = ending;
    const log = ending.tail.slice(-LOG_LENGTH);
    const fail = (reason: string): Outcome => ({ kind: "failed", reason, log });
    if (stopped !== undefined) return { student, seconds, outcome: fail(stopped) };
    try {
      return { student, seconds, outcome: { kind: "graded", report: decodeReport(await readBounded(file)) } };
    } catch (error) {
      const last = log.trimEnd().split("\n").at(-1) ?? "";
      const how = status === undefined ? "ended by a signal" : `ended with status ${status}`;
      return { student, seconds, outcome: fail(`the grader ${how}: ${last === "" ? explain(error) : last}`) };
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function explain(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What the class is called: the name of its folder. */
export function className(folder: string): string {
  return basename(resolve(folder));
}
