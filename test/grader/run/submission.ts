/** A submission, copied and ready: each of its tasks becomes a lab. */
import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import type { Bytes } from "../../../lib/bytes/bytes.ts";
import { toHex } from "../../../lib/bytes/bytes.ts";
import { applyEdits } from "../manifest/edits.ts";
import { loadManifest } from "../manifest/load.ts";
import type { Edit, Manifest, TaskManifest } from "../manifest/manifest.ts";
import { fillIn } from "../manifest/placeholders.ts";
import type { Side } from "../model/direction.ts";
import type { Report } from "../model/report.ts";
import type { SessionOptions } from "../model/session.ts";
import { NotShown } from "../model/verdict-errors.ts";
import { LIMITS } from "../sandbox/box.ts";
import { BOX_UID, Boxes, whyNoBoxes } from "../sandbox/boxes.ts";
import { copyTree } from "../sandbox/file-tree.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { makeTemporaryFolder, removeTemporaryFolder } from "../sandbox/temporary-folder.ts";
import { Unsandboxed } from "../sandbox/unsandboxed.ts";
import type { PreparedTask } from "./prepared-task.ts";
import { Program } from "./program.ts";
import { RunningSession } from "./session.ts";

/** What is copied is not the history, nor packages, which are shown to the programs in place. */
const LEFT_OUT = [".git", "node_modules"];
/** Seconds that each command of `prepare` may take. */
const PREPARE_SECONDS = 120;

export interface SubmissionOptions {
  /** The manifest, where it is not the folder's own. */
  manifest?: string;
  /** Determines every choice that is left to chance. */
  seed: string;
  sandbox?: "auto" | "bwrap" | "none";
}

export interface Submission {
  readonly manifest: Manifest;
  readonly isolation: Report["isolation"];
  /** @throws Error when the manifest and the files do not fit together */
  prepared(task: string): PreparedTask;
  /** Removes all that it took. */
  close(): Promise<void>;
}

/** Copies the submission in `folder`, so that its programs can be run. @throws Error that says what is wrong with it */
export async function openSubmission(folder: string, options: SubmissionOptions): Promise<Submission> {
  const manifest = loadManifest(folder, options.manifest);
  const sandbox = await chooseSandbox(options.sandbox ?? "auto");
  const base = makeTemporaryFolder("sml-grade-", BOX_UID);
  const close = async () => {
    await sandbox.close();
    await removeTemporaryFolder(base);
  };
  try {
    const copy = join(base, "submission");
    const { bytes, skipped } = copyTree(folder, copy, { uid: BOX_UID, leaveOut: LEFT_OUT });
    const tasks = Object.values(manifest.tasks);
    const commands = tasks.flatMap(({ programs, prepare }) => [
      ...prepare.map(([command = ""]) => command),
      ...Object.values(programs).flatMap(({ command, next }) =>
        [command, ...next].map(([first = ""]) => first),
      ),
    ]);
    sandbox.prepareFor({ folder: resolve(folder), commands });
    const { kind, notes } = sandbox.isolation;
    const links = skipped.length > 0 ? [`left out of the copy: ${skipped.slice(0, 5).join(", ")}`] : [];
    return {
      manifest,
      isolation: { kind, notes: [...notes, ...links] },
      prepared: (task) => {
        const own = manifest.tasks[task];
        if (!own) throw new TypeError(`the manifest has no task ${task}`);
        return new TaskLab(task, own, { base, copy, bytes, sandbox, seed: options.seed });
      },
      close,
    };
  } catch (error) {
    await close();
    throw error instanceof Error ? new Error(`${folder}: ${error.message}`) : error;
  }
}

/** @throws Error when boxes are demanded, and there can be none */
async function chooseSandbox(wanted: "auto" | "bwrap" | "none"): Promise<Sandbox> {
  if (wanted === "none") return new Unsandboxed("it was asked for");
  const why = await whyNoBoxes();
  if (why === undefined) return new Boxes();
  if (wanted === "auto") return new Unsandboxed(why);
  throw new Error(`there are no namespaces to run it in: ${why}; see what npm run grade -- doctor says`);
}

interface Context {
  base: string;
  copy: string;
  bytes: number;
  sandbox: Sandbox;
  seed: string;
}

class TaskLab implements PreparedTask {
  readonly task: string;
  readonly manifest: TaskManifest;
  readonly source: string;
  readonly #context: Context;
  #prepared: Promise<string> | undefined;
  /** Those that depend on where a program runs, or what it says. */
  readonly #edits: Edit[];
  #kept = 0;

  constructor(task: string, manifest: TaskManifest, context: Context) {
    this.task = task;
    this.manifest = manifest;
    this.#context = context;
    this.source = join(context.base, task);
    copyTree(context.copy, this.source, { uid: BOX_UID });
    const { host, port } = context.sandbox.endpoint(manifest) ?? {};
    const fill = fillIn(host === undefined ? {} : { host, port: String(port) });
    this.#edits = applyEdits(join(this.source, manifest.folder), manifest.edits, fill);
  }

  random(purpose: string, length: number): Bytes {
    const hash = createHash("shake256", { outputLength: length });
    return new Uint8Array(hash.update(`${this.#context.seed}\0${this.task}\0${purpose}`).digest());
  }

  async open(options: SessionOptions = {}): Promise<RunningSession> {
    this.#prepared ??= this.#prepare();
    const source = await this.#prepared;
    const { sandbox } = this.#context;
    const session = new RunningSession(
      {
        manifest: this.manifest,
        machines: await sandbox.open(this.manifest),
        source,
        originals: join(this.source, this.manifest.folder),
        edits: this.#edits,
        limits: this.#limits(),
        newFolder: () => this.#newFolder(),
        text: (side: Side) => toHex(this.random(`what the ${side} says to nobody in particular`, 12)),
      },
      options,
    );
    try {
      await session.open();
    } catch (error) {
      await session.close();
      throw error;
    }
    return session;
  }

  #newFolder(): string {
    this.#kept += 1;
    return join(this.#context.base, `${this.task}-${this.#kept}`);
  }

  #limits() {
    return { ...LIMITS, disk: LIMITS.disk + this.#context.bytes };
  }

  /** Runs what is to be run once, each command in the folder that the one before has left; returns the last. */
  async #prepare(): Promise<string> {
    let source = this.source;
    const { folder, prepare } = this.manifest;
    for (const command of prepare) {
      const machines = await this.#context.sandbox.open(this.manifest);
      try {
        const side = "server";
        const endpoint = await machines.endpoint(side);
        const limits = this.#limits();
        const machine = await machines.create({ side, endpoint, source, folder, command, env: {}, limits });
        const silently = { number: 0, stdin: [], record: () => {} };
        const program = new Program(machine, { side, seconds: PREPARE_SECONDS, ...silently });
        try {
          machine.startProgram();
          const { status, stopReason: stopped } = await program.ending;
          if (status !== 0) {
            const how = stopped ?? (status === undefined ? "a signal" : `status ${status}`);
            throw new NotShown(`prepare: ${command.join(" ")} ended with ${how}: ${program.lastWords()}`);
          }
          source = this.#newFolder();
          machine.copyFolder(source);
        } finally {
          await machine.close();
        }
      } finally {
        await machines.release();
      }
    }
    return source;
  }
}
