/** Writes the manifest of one submission. */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { MANIFEST_NAME } from "../manifest/manifest.ts";
import { findingsOf } from "./findings.ts";
import { formatManifest } from "./format-manifest.ts";
import { type Attempt, investigate } from "./investigate.ts";
import { type Findings, type TaskJson, taskOf } from "./plan.ts";
import { problemsOf, whyNoPair } from "./problems.ts";
import { type Proof, prove } from "./proof.ts";
import { listFiles, readSources, type Source } from "./sources.ts";
import { type Guess, guessTask, type TextTask, taskFolders } from "./task-guess.ts";
import { Workshop } from "./workshop.ts";

/** Where an incomplete manifest goes: the grader does not read it. */
export const DRAFT_NAME = "submission.draft.json";
/** Milliseconds after which no further trial is begun. */
const BUDGET = 45_000;

export interface InitOptions {
  task: TextTask | undefined;
  signal: AbortSignal;
  progress: (line: string) => void;
}

export interface TaskResult extends Guess {
  attempt: Attempt | undefined;
  json: TaskJson | undefined;
  proof: Proof | undefined;
  problems: string[];
}

export interface InitResult {
  tasks: TaskResult[];
  /** The file that was written, if one was. */
  written: string | undefined;
  seconds: number;
}

/** Investigates the submission in `folder`, and writes its manifest, or a draft. */
export async function initFolder(folder: string, options: InitOptions): Promise<InitResult> {
  const start = performance.now();
  const all = readSources(folder);
  const folders = options.task === undefined ? taskFolders(all) : new Map<TextTask, string>();
  const wanted: [Guess, Source[]][] =
    folders.size > 0
      ? [...folders].map(([task, top]) => [
          { task, why: `the folder ${top} is named after it` },
          all.filter(({ path }) => path.startsWith(`${top}/`)),
        ])
      : [[guessOf(folder, all, options.task), all]];
  const files = listFiles(folder);
  const workshop = new Workshop(folder, options.signal);
  const tasks: TaskResult[] = [];
  try {
    for (const [guess, sources] of wanted)
      tasks.push(await initTask(guess, { folder, sources, files, workshop, options }));
  } finally {
    await workshop.close();
  }
  return { tasks, written: write(folder, tasks), seconds: (performance.now() - start) / 1000 };
}

function guessOf(folder: string, sources: readonly Source[], task: TextTask | undefined): Guess {
  return task === undefined ? guessTask(basename(resolve(folder)), sources) : { task, why: "as requested" };
}

interface TaskContext {
  folder: string;
  sources: Source[];
  files: string[];
  workshop: Workshop;
  options: InitOptions;
}

async function initTask(guess: Guess, context: TaskContext): Promise<TaskResult> {
  const { folder, sources, files, workshop, options } = context;
  const { signal, progress } = options;
  const deadline = performance.now() + BUDGET;
  const attempt = await investigate({
    workshop,
    folder,
    facts: { sources, files },
    deadline,
    signal,
    progress,
  });
  const nothing = { ...guess, json: undefined, proof: undefined };
  if (!attempt) return { ...nothing, attempt, problems: whyNoPair(sources, files) };
  const problems = problemsOf(attempt);
  const { plan, seen, found } = attempt;
  if (!seen || !found || seen.connections.length === 0) return { ...nothing, attempt, problems };
  progress("one exchange, as the grader runs it");
  const first = await proveFindings(guess.task, attempt, found.findings, folder);
  if (isWhole(first.proof, attempt)) return { ...guess, attempt, ...first, problems };
  progress("the same with pauses before the texts");
  const paused = findingsOf(plan, seen, { folder, files, withPauses: true }).findings;
  const second = await proveFindings(guess.task, attempt, paused, folder);
  const better = count(second.proof) > count(first.proof) ? second : first;
  return { ...guess, attempt, ...better, problems: [...problems, ...differences(better.proof, attempt)] };
}

async function proveFindings(task: string, { plan }: Attempt, findings: Findings, folder: string) {
  const json = taskOf(plan, findings);
  return { json, proof: await prove(folder, { tasks: { [task]: json } }, task) };
}

/** Whether the exchange shows all that the trial has shown. */
function isWhole(proof: Proof, { found }: Attempt): boolean {
  return proof.message === found?.message.arrives && proof.reply === found.reply.arrives;
}

function count({ message, reply }: Proof): number {
  return Number(message) + Number(reply);
}

function differences(proof: Proof, attempt: Attempt): string[] {
  if (isWhole(proof, attempt)) return [];
  const lost = (["message", "reply"] as const).filter(
    (which) => attempt.found?.[which].arrives && !proof[which],
  );
  const reason = proof.reason === undefined ? "" : `: ${proof.reason}`;
  return [`in the grader's own exchange the ${lost.join(" and the ")} did not arrive${reason}`];
}

/** Returns whether the exchange of each task showed the message or the reply. */
export function isLaunched({ proof }: TaskResult): boolean {
  return proof !== undefined && (proof.message || proof.reply);
}

function write(folder: string, tasks: readonly TaskResult[]): string | undefined {
  const usable = tasks.filter(isLaunched);
  const chosen = usable.length > 0 ? usable : tasks.filter(({ json }) => json !== undefined);
  if (chosen.length === 0) return undefined;
  const name = usable.length > 0 ? MANIFEST_NAME : DRAFT_NAME;
  const json = { tasks: Object.fromEntries(chosen.map(({ task, json }) => [task, json])) };
  const file = join(folder, name);
  // the folder is the student's: a link in it could lead to a file of the teacher's
  rmSync(file, { force: true });
  writeFileSync(file, formatManifest(json), { flag: "wx" });
  return name;
}

/** Returns whether the folder has a manifest already. */
export function hasManifest(folder: string): boolean {
  return existsSync(join(folder, MANIFEST_NAME));
}
