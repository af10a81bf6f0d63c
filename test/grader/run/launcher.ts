/** Starts the programs of a session, each on a machine of its own, and ends them all. */
import { editedFiles } from "../manifest/edits.ts";
import type { Edit, TaskManifest } from "../manifest/manifest.ts";
import { fillIn } from "../manifest/placeholders.ts";
import type { Side } from "../model/direction.ts";
import type { EventWithoutTime } from "../model/events.ts";
import type { PlacedFile, Transfer } from "../model/session.ts";
import { NotShown } from "../model/verdict-errors.ts";
import type { Limits } from "../sandbox/box.ts";
import type { Machine } from "../sandbox/machine.ts";
import type { SessionMachines } from "../sandbox/sandbox.ts";
import { commandOf } from "./command-sequence.ts";
import { Program } from "./program.ts";
import type { ProgramFolders } from "./program-folders.ts";
import type { Placed, SessionFiles } from "./stored-files.ts";

/** The time limit of a program, as a multiple of that of a plain exchange. */
const TIME_FACTOR = 5;
const CLOSED = "the session was closed before the program was started";

/** What the sessions of a task have in common. */
export interface SessionContext {
  manifest: TaskManifest;
  machines: SessionMachines;
  /** The folder of which each program gets a copy. */
  source: string;
  /** The unedited files that `edits` apply to. */
  originals: string;
  /** Edits that differ between programs, as they depend on where a program runs or on its text. */
  edits: Edit[];
  limits: Limits;
  /** Returns the name of a folder to make. */
  newFolder(): string;
  /** Returns the text of a side that is given none. */
  defaultText(side: Side): string;
}

export interface LaunchRequest {
  side: Side;
  /** The program's name in the manifest. */
  name: string;
  text: string;
  transfer?: Transfer | undefined;
  /** Attaches the program's machine to the wire, before the program starts. */
  attach(launched: Placed): void | Promise<void>;
}

interface Launched extends Placed {
  name: string;
}

export interface LauncherOptions {
  files: SessionFiles;
  folders: ProgramFolders;
  serverFiles: readonly PlacedFile[];
  record(event: EventWithoutTime): void;
  /** Returns the bytes that have passed on all connections. */
  passed(): number;
  fail(error: unknown): void;
  /** Detaches the machine of an earlier run from the wire. */
  detach(machine: Machine): Promise<void>;
}

export class Launcher {
  readonly #context: SessionContext;
  readonly #options: LauncherOptions;
  #launched: Launched[] = [];
  /** Launches in progress: closing waits for them. */
  readonly #launching = new Set<Promise<unknown>>();
  #isClosed = false;
  #count = 0;

  constructor(context: SessionContext, options: LauncherOptions) {
    this.#context = context;
    this.#options = options;
  }

  /** @throws NotShown if the program cannot be started, or the session is closed */
  async launch(request: LaunchRequest): Promise<Placed> {
    if (this.#isClosed) throw new NotShown(CLOSED);
    const launch = this.#launch(request);
    this.#launching.add(launch);
    try {
      return await launch;
    } finally {
      this.#launching.delete(launch);
    }
  }

  isComputing(): boolean {
    return this.#launched.some(({ program, machine }) => !program.ended && machine.isComputing());
  }

  /** Ends all programs, and starts no more. */
  async stop(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#launching);
    await Promise.all(this.#launched.map(({ program }) => program.stop()));
  }

  /** Keeps the folders of the programs, which have ended. */
  keepFolders(): void {
    for (const { name, machine } of this.#launched) this.#options.folders.keep(name, machine);
  }

  async closeMachines(): Promise<void> {
    await Promise.all(this.#launched.map(({ machine }) => machine.close()));
  }

  async #launch(request: LaunchRequest): Promise<Placed> {
    const { side, name, text, transfer } = request;
    const { manifest, machines } = this.#context;
    const chosen = manifest.programs[name];
    if (!chosen) throw new NotShown(`the manifest has no program ${name}`);
    const endpoint = await machines.endpoint(side);
    const { host, port } = endpoint;
    const placeholders = this.#options.files.placeholders(side, text, transfer);
    const fill = fillIn({ host, port: String(port), ...placeholders });
    const machine = await machines.create({
      side,
      endpoint,
      source: this.#startFolder(name),
      folder: manifest.folder,
      command: commandOf(chosen, fill),
      env: Object.fromEntries(Object.entries(chosen.env).map(([key, value]) => [key, fill(value)])),
      limits: this.#context.limits,
    });
    machine.onFailure = (error) => this.#options.fail(error);
    try {
      await this.#placeFiles(machine, request, fill);
      if (this.#isClosed) throw new NotShown(CLOSED);
    } catch (error) {
      await machine.close();
      throw error;
    }
    this.#count += 1;
    const program = new Program(machine, {
      side,
      number: this.#count,
      stdin: chosen.stdin.map((item) => (typeof item === "string" ? fill(item) : item)),
      seconds: manifest.timeout * TIME_FACTOR,
      passed: this.#options.passed,
      record: this.#options.record,
    });
    await this.#closeEarlier(name);
    this.#launched.push({ name, program, machine });
    await request.attach({ machine, program });
    machine.startProgram();
    return { machine, program };
  }

  #startFolder(name: string): string {
    const { folders } = this.#options;
    const before = this.#launched.findLast((each) => each.name === name && each.program.ended);
    if (before) folders.carryOver(name, before.machine);
    return folders.startFolder(name);
  }

  async #placeFiles(
    machine: Machine,
    { side, text, transfer }: LaunchRequest,
    fill: (text: string) => string,
  ): Promise<void> {
    const { originals, edits } = this.#context;
    for (const { name, content, mode } of editedFiles(originals, edits, fill))
      await machine.writeFile(name, content, mode);
    await this.#options.files.place(machine, side, text, transfer);
    if (side !== "server") return;
    for (const file of this.#options.serverFiles) {
      const error =
        "target" in file
          ? await machine.makeLink(file.path, file.target)
          : await machine.writeFile(file.path, file.content);
      if (error) throw new NotShown(`${file.path} cannot be made: ${error}`);
    }
  }

  /** Closes the machines of earlier runs, except the last, whose files are still read. */
  async #closeEarlier(name: string): Promise<void> {
    const earlier = this.#launched.filter((each) => each.name === name && each.program.ended).slice(0, -1);
    this.#launched = this.#launched.filter((each) => !earlier.includes(each));
    for (const { machine } of earlier) {
      await this.#options.detach(machine);
      await machine.close();
    }
  }
}
