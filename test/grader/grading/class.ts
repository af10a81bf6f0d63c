/**
 * Grades a class: every folder in one folder, each in a process of its own, so that a submission
 * that hangs, floods or crashes costs only its own grade. Each grade is stored at once, and a
 * second run continues from there.
 */
import { createHash } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { basename, join, resolve, sep } from "node:path";
import { quoted, shellWord } from "../../../lib/bytes/printable.ts";
import { isVisible } from "../manifest/submission-folder.ts";
import { type Change, changesBetween, type Grade } from "../report/grade.ts";
import type { Limits } from "./bounded-process.ts";
import { digestOf } from "./folder-digest.ts";
import { loadGrade, type StoredGrade, saveGrade } from "./grade-store.ts";
import { messageOf, runGrader } from "./grader-process.ts";
import { type Shard, takeShard } from "./shard.ts";
import { OWN_WEIGHTS, type Weights, weigh } from "./weights.ts";

export interface ClassOptions {
  /** Submissions at a time. */
  jobs: number;
  /**
   * The command that grades one submission; the folder is appended, `--manifest FILE` if there is
   * one, and `--json FILE`.
   */
  grader: readonly string[];
  /** The folder of the stored grades. */
  results: string;
  /** A digest of the grader itself: when it changes, every submission is graded again. */
  graderDigest: string;
  /**
   * The teacher's manifest: a file for the whole class, or a folder with `NAME.json` for each
   * student and `default.json` for the others.
   */
  manifest?: string | undefined;
  /** Grade again even where a stored grade could be used. */
  again?: boolean;
  /** Grade this student again, and no other. */
  student?: string | undefined;
  /** The points of the checks: a stored grade is weighed anew. */
  weights?: Weights | undefined;
  shard?: Shard;
  limits?: Limits;
  progress?: ClassProgress;
  /** Ends the running graders, and starts no more. */
  signal?: AbortSignal;
}

/** Receives the progress of a class. */
export interface ClassProgress {
  began(students: number): void;
  /** @param unusable why the stored grade cannot be used, if there is one that cannot */
  started(student: string, unusable?: string): void;
  /** @param reused the grade was stored already */
  finished(grade: Grade, reused: boolean): void;
}

const SILENT: ClassProgress = { began() {}, started() {}, finished() {} };

/**
 * Grades each folder in `folder`, or those of this shard; returns the grades in the order of names.
 *
 * @throws Error if there is no folder in it, or none of `student`, or the results cannot be written
 */
export async function gradeClass(folder: string, options: ClassOptions): Promise<Grade[]> {
  const { jobs, results, student: chosen, shard = { index: 0, total: 1 }, progress = SILENT } = options;
  const all = await listStudents(folder, results);
  if (chosen !== undefined && !all.includes(chosen))
    throw new Error(`${folder} has no folder ${quoted(chosen)} in it`);
  const students = takeShard(all, shard);
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

/** Returns the visible folders in `folder`, except the results, in a fixed order. */
async function listStudents(folder: string, results: string): Promise<string[]> {
  const names: string[] = [];
  for (const name of (await readdir(folder)).sort()) {
    const path = join(folder, name);
    if (!isVisible(name) || `${resolve(results)}${sep}`.startsWith(`${resolve(path)}${sep}`)) continue;
    // a dangling link is no folder
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
  const { results, signal, student: chosen = student } = options;
  const again = options.again === true || student === options.student;
  const isOver = () => signal?.aborted === true || student !== chosen;
  const finish = (unweighed: Grade, reused: boolean) => {
    const grade = weighGrade(unweighed, options.weights);
    progress.finished(grade, reused);
    return grade;
  };
  const ungraded: Grade = { student, seconds: 0, outcome: { kind: "waiting" } };
  const job = await prepare(student, path, options).catch(messageOf);
  if (typeof job === "string")
    return finish({ ...ungraded, outcome: { kind: "failed", reason: job, log: "" } }, false);

  const stored = await loadGrade(results, student).catch(messageOf);
  const done = isCurrent(stored, job.key) ? stored : undefined;
  if (done !== undefined && (!again || isOver())) return finish(done, true);
  if (isOver()) return finish(ungraded, false);

  progress.started(student, typeof stored === "string" ? stored : undefined);
  const grade = withoutPaths(await runGrader(student, job.command, options), path, job.manifest);
  // an interrupted grading says nothing about the submission
  if (signal?.aborted && grade.outcome.kind === "failed") return finish(done ?? ungraded, done !== undefined);
  const changes = typeof stored === "object" ? changesOf(stored, grade) : undefined;
  await saveGrade(results, { ...grade, changes, key: job.key });
  return finish({ ...grade, changes }, false);
}

function changesOf({ outcome: before }: Grade, { outcome: after }: Grade): Change[] | undefined {
  return before.kind === "graded" && after.kind === "graded"
    ? changesBetween(before.report, after.report)
    : undefined;
}

/** Replaces paths of the teacher's machine, which the student's page must not show, by names. */
function withoutPaths(grade: Grade, folder: string, manifest: string | undefined): Grade {
  const { student, outcome } = grade;
  if (outcome.kind !== "graded") return grade;
  const { report } = outcome;
  const rename = (command: string) =>
    [folder, manifest ?? folder].reduce(
      (text, path) => text.replaceAll(shellWord(path), shellWord(basename(path))),
      command,
    );
  const tasks = report.tasks.map((task) => ({
    ...task,
    checks: task.checks.map((check) => ({ ...check, repeat: rename(check.repeat) })),
  }));
  const submission = { ...report.submission, folder: student };
  return { ...grade, outcome: { ...outcome, report: { ...report, submission, tasks } } };
}

function weighGrade(grade: Grade, weights: Weights = OWN_WEIGHTS): Grade {
  const { outcome } = grade;
  if (outcome.kind !== "graded") return grade;
  return { ...grade, outcome: { ...outcome, report: weigh(outcome.report, weights) } };
}

function isCurrent(stored: StoredGrade | string | undefined, key: string): stored is StoredGrade {
  return typeof stored === "object" && stored.outcome.kind === "graded" && stored.key === key;
}

/**
 * Returns the command that grades `student`, and a digest of everything that the grade depends on.
 */
async function prepare(
  student: string,
  path: string,
  { grader, graderDigest, manifest }: ClassOptions,
): Promise<{ key: string; command: string[]; manifest: string | undefined }> {
  const file = manifest === undefined ? undefined : await findManifest(resolve(manifest), student);
  const parts = [
    graderDigest,
    ...grader,
    await digestOf(path),
    file === undefined ? "" : await digestOf(file),
  ];
  const key = createHash("sha256").update(JSON.stringify(parts)).digest("hex");
  const command = [...grader, path, ...(file === undefined ? [] : ["--manifest", file])];
  return { key, command, manifest: file };
}

async function findManifest(manifest: string, student: string): Promise<string> {
  const isFile = async (path: string) => (await stat(path).catch(() => undefined))?.isFile() === true;
  if (await isFile(manifest)) return manifest;
  for (const name of [`${student}.json`, "default.json"])
    if (await isFile(join(manifest, name))) return join(manifest, name);
  throw new Error(`no manifest: there is neither ${student}.json nor default.json in ${manifest}`);
}

/** Returns the name of the class: the name of its folder. */
export function className(folder: string): string {
  return basename(resolve(folder));
}
