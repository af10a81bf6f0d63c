/** One task of a submission, in a copy of its own. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { type Bytes, toHex } from "../../../lib/bytes/bytes.ts";
import { applyEdits } from "../manifest/edits.ts";
import type { Edit, TaskManifest } from "../manifest/manifest.ts";
import { fillIn } from "../manifest/placeholders.ts";
import type { Side } from "../model/direction.ts";
import { describeEnding } from "../model/ending.ts";
import type { SessionOptions } from "../model/session.ts";
import { NotShown } from "../model/verdict-errors.ts";
import { LIMITS, type Limits } from "../sandbox/box.ts";
import { BOX_UID } from "../sandbox/boxes.ts";
import { copyTree } from "../sandbox/file-tree.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import type { PreparedTask } from "./prepared-task.ts";
import { Program } from "./program.ts";
import { RunningSession } from "./session.ts";

/** The time limit, in seconds, of each command of `prepare`. */
const PREPARE_SECONDS = 120;

export interface TaskContext {
  /** The folder for all copies. */
  base: string;
  /** The copy of the submission. */
  copy: string;
  /** The size of the copy. */
  bytes: number;
  sandbox: Sandbox;
  seed: string;
  /** The time limit, in seconds, of each command of `prepare`, if not the usual one. */
  prepareSeconds?: number;
}

export class SubmissionTask implements PreparedTask {
  readonly task: string;
  readonly manifest: TaskManifest;
  readonly source: string;
  readonly #context: TaskContext;
  /** Resolves to the folder that the commands of `prepare` left behind. */
  #prepared: Promise<string> | undefined;
  /** Edits that differ between programs, as they depend on where a program runs or on its text. */
  readonly #edits: Edit[];
  #folders = 0;

  constructor(task: string, manifest: TaskManifest, context: TaskContext) {
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

  /**
   * Runs the commands of `prepare`, once; returns the folder that they left.
   *
   * @throws NotShown if one fails
   */
  build(): Promise<string> {
    this.#prepared ??= this.#prepare();
    return this.#prepared;
  }

  async open(options: SessionOptions = {}): Promise<RunningSession> {
    const source = await this.build();
    const session = new RunningSession(
      {
        manifest: this.manifest,
        machines: await this.#context.sandbox.open(this.manifest),
        source,
        originals: join(this.source, this.manifest.folder),
        edits: this.#edits,
        limits: this.#limits(),
        newFolder: () => this.#newFolder(),
        defaultText: (side: Side) => toHex(this.random(`default text of the ${side}`, 12)),
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
    this.#folders += 1;
    return join(this.#context.base, `${this.task}-${this.#folders}`);
  }

  #limits(): Limits {
    return { ...LIMITS, disk: LIMITS.disk + this.#context.bytes };
  }

  /** Runs the commands of `prepare`, each in the folder that the previous one left. */
  async #prepare(): Promise<string> {
    let source = this.source;
    for (const command of this.manifest.prepare) source = await this.#runOnce(command, source);
    return source;
  }

  /** Runs `command` in a copy of `source`, and returns the folder that it left. */
  async #runOnce(command: string[], source: string): Promise<string> {
    const side = "server";
    const { folder } = this.manifest;
    const seconds = this.#context.prepareSeconds ?? PREPARE_SECONDS;
    const machines = await this.#context.sandbox.open(this.manifest);
    try {
      const endpoint = await machines.endpoint(side);
      const limits = this.#limits();
      const machine = await machines.create({ side, endpoint, source, folder, command, env: {}, limits });
      const unwatched = { number: 0, stdin: [], record: () => {} };
      const program = new Program(machine, { side, seconds, ...unwatched });
      try {
        machine.startProgram();
        const ending = await program.ending;
        if (ending.status !== 0)
          throw new NotShown(
            `prepare: ${command.join(" ")} ${describeEnding(ending)}: ${program.lastLines()}`,
          );
        const left = this.#newFolder();
        machine.copyFolder(left);
        return left;
      } finally {
        await machine.close();
      }
    } finally {
      await machines.release();
    }
  }
}
