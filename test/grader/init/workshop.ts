/** Where plans are tried: a copy of the submission, built once for each way to build it. */
import { join, resolve } from "node:path";
import { parseManifest } from "../manifest/load.ts";
import type { TaskManifest } from "../manifest/manifest.ts";
import type { Side } from "../model/direction.ts";
import { SubmissionTask } from "../run/submission-task.ts";
import { LIMITS } from "../sandbox/box.ts";
import { BOX_UID, Boxes } from "../sandbox/boxes.ts";
import { copyTree } from "../sandbox/file-tree.ts";
import { makeTemporaryFolder, removeTemporaryFolder } from "../sandbox/temporary-folder.ts";
import { TEXTS } from "./answers.ts";
import { fixedText } from "./literals.ts";
import { type Plan, type TaskJson, taskOf } from "./plan.ts";
import { sourcesOf } from "./programs.ts";
import { type Observation, runTrial } from "./trial.ts";

const LEFT_OUT = [".git", "node_modules"];
/** Seconds for one command that builds. */
const BUILD_SECONDS = 40;
/** Milliseconds for one trial. */
const TRIAL_LIMIT = 40_000;

export class Workshop {
  readonly #folder: string;
  readonly #base = makeTemporaryFolder("sml-init-", BOX_UID);
  readonly #boxes = new Boxes();
  readonly #copy = join(this.#base, "submission");
  readonly #bytes: number;
  readonly #signal: AbortSignal;
  /** The folders that builds left, by the fields that they depend on. */
  readonly #built = new Map<string, Promise<string>>();

  /** @throws Error if the submission is too large, or cannot be read */
  constructor(folder: string, signal: AbortSignal) {
    this.#folder = folder;
    this.#signal = signal;
    this.#bytes = copyTree(folder, this.#copy, { uid: BOX_UID, leaveOut: LEFT_OUT }).bytes;
  }

  /**
   * Builds and runs the programs of `plan`.
   *
   * @throws NotShown if they cannot be built
   */
  async try(plan: Plan): Promise<Observation> {
    const manifest = asManifest(taskOf(plan));
    const source = await this.#build(manifest);
    return runTrial(manifest, {
      sandbox: this.#boxes,
      source,
      limits: { ...LIMITS, disk: LIMITS.disk + this.#bytes },
      texts: TEXTS,
      limit: TRIAL_LIMIT,
      answers: plan.answers,
      signal: this.#signal,
      hasFixedText: (sender: Side, printed: string) => {
        const receiver = sender === "client" ? "server" : "client";
        const { pair } = plan;
        return fixedText(sourcesOf(pair[sender]), printed, sourcesOf(pair[receiver])) !== undefined;
      },
    });
  }

  async close(): Promise<void> {
    await this.#boxes.close();
    await removeTemporaryFolder(this.#base);
  }

  #build(manifest: TaskManifest): Promise<string> {
    const { folder, prepare, programs } = manifest;
    const commands = [
      ...prepare,
      ...Object.values(programs).flatMap(({ command, relay = command }) => [command, relay]),
    ];
    this.#boxes.prepareFor({ folder: resolve(this.#folder), commands: commands.flat().filter(isProgram) });
    const key = JSON.stringify([folder, prepare]);
    const known = this.#built.get(key);
    if (known !== undefined) return known;
    const task = new SubmissionTask(`build-${this.#built.size + 1}`, manifest, {
      base: this.#base,
      copy: this.#copy,
      bytes: this.#bytes,
      sandbox: this.#boxes,
      seed: "init",
      prepareSeconds: BUILD_SECONDS,
    });
    const built = task.build();
    this.#built.set(key, built);
    return built;
  }
}

/** Words that may name a program; arguments that look like one do no harm. */
function isProgram(word: string): boolean {
  return /^[\w./+-]+$/.test(word);
}

function asManifest(task: TaskJson): TaskManifest {
  const { tasks } = parseManifest({ tasks: { part1: task } }, "init");
  const { part1 } = tasks;
  if (!part1) throw new TypeError("the manifest has no task");
  return part1;
}
