/** A running server, the wire before it, and any number of clients. */
import type { Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type Bytes, concat } from "../../../lib/bytes/bytes.ts";
import { editedFiles } from "../manifest/edits.ts";
import type { Edit, TaskManifest } from "../manifest/manifest.ts";
import { fillIn } from "../manifest/placeholders.ts";
import type { Side } from "../model/direction.ts";
import type { EventWithoutTime, SessionEvent } from "../model/events.ts";
import type { RunningProgram } from "../model/program.ts";
import type { DialledConnection, Session, SessionOptions, Transfer } from "../model/session.ts";
import { NotShown } from "../model/verdict-errors.ts";
import type { Limits } from "../sandbox/box.ts";
import type { Machine } from "../sandbox/machine.ts";
import type { SessionMachines } from "../sandbox/sandbox.ts";
import { reset } from "../wire/reset.ts";
import { Wire } from "../wire/wire.ts";
import { Program } from "./program.ts";
import { inTurn, SessionFiles } from "./stored-files.ts";

/** Milliseconds between two looks at whether the server listens. */
const LOOK = 10;
/** Milliseconds between two looks at the ports, when nothing passes. */
const IDLE_LOOK = 20;

export interface Setting {
  manifest: TaskManifest;
  machines: SessionMachines;
  /** The folder of which each program gets a copy. */
  source: string;
  /** The files that the edits below are about. */
  originals: string;
  /** What is changed for each program, since it depends on where it runs, or on what it says. */
  edits: Edit[];
  limits: Limits;
  /** A name for a folder that is kept. */
  newFolder(): string;
  /** What a side says when nobody tells it. */
  text(side: Side): string;
}

/** Puts a program on the wire, before it starts. */
type Connect = (machine: Machine, number: number, program: Program) => void | Promise<void>;

/** Bytes of all connections that a stage keeps. */
const KEPT_BYTES = 64 << 20;
/** How long a program may run at all, as a multiple of the time for a plain exchange. */
const PATIENCE = 5;
const CLOSED = "the stage was closed before the program was started";

export class RunningSession implements Session {
  readonly events: SessionEvent[] = [];
  readonly #setting: Setting;
  readonly #options: SessionOptions;
  readonly #opened = performance.now();
  #programs: { name: string; program: Program; machine: Machine }[] = [];
  /** Programs on their way; whoever closes waits for them. */
  readonly #starting = new Set<Promise<unknown>>();
  #closed = false;
  #count = 0;
  readonly #dialled = new Set<Socket>();
  readonly kept = new Map<string, string>();
  /** Where each program's last run in this stage left its folder. */
  readonly #left = new Map<string, string>();
  readonly files: SessionFiles;
  readonly #reply: string;
  #kept = 0;
  #failure: { error: unknown } | undefined;
  #server: Program | undefined;
  #machine: Machine | undefined;
  #wire: Wire | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(setting: Setting, options: SessionOptions) {
    this.#setting = setting;
    this.#options = options;
    this.#reply = options.reply ?? setting.text("server");
    this.files = new SessionFiles(setting.manifest.files, this.#reply, (event) => this.#record(event));
  }

  get server(): RunningProgram {
    return this.#started().program;
  }

  /** Starts the server. @throws NotShown when it does not listen in time */
  async open(): Promise<void> {
    const name = this.#options.server ?? "server";
    const { machine, program } = await this.#run("server", name, this.#reply, (machine, number) => {
      this.#machine = machine;
      this.#wire = new Wire(machine, number, {
        tap: this.#options.tap ?? {},
        inPieces: this.#options.preservePieces ?? false,
        shared: this.#setting.manifest.shared,
        record: (event) => this.#record(event),
        look: () => this.files.look(),
        fail: (error) => this.#fail(error),
      });
    });
    this.#server = program;
    const { timeout } = this.#setting.manifest;
    const deadline = performance.now() + timeout * 1000;
    while ((await machine.scanListeners()).length === 0) {
      if (program.ended) throw new NotShown(`the server ended before it listened: ${program.lastWords()}`);
      if (performance.now() > deadline)
        throw new NotShown(`the server does not listen after ${timeout} s: ${program.lastWords()}`);
      await pause(LOOK);
    }
    await this.#wire?.sync();
    this.#timer = setInterval(() => void this.#wire?.sync(), IDLE_LOOK);
  }

  async start(message: string, client = "client", transfer?: Transfer): Promise<RunningProgram> {
    const { program } = await this.#run(
      "client",
      client,
      message,
      async (machine, number, program) => {
        this.files.follow(this.#started(), { machine, program }, message);
        await this.#started().wire.addClient(machine, number);
      },
      transfer,
    );
    return program;
  }

  async watchFor(message: string): Promise<void> {
    this.files.expect(this.#started(), message);
    await this.refresh();
  }

  async refresh(): Promise<void> {
    await this.#started().wire.sync();
  }

  async overwriteStored(message: string): Promise<void> {
    await this.files.supersede(this.#started(), message);
  }

  async dial(port?: number): Promise<DialledConnection> {
    const { machine, wire } = this.#started();
    const listeners = await machine.scanListeners();
    const listener = port === undefined ? listeners[0] : listeners.find((each) => each.port === port);
    if (!listener)
      throw new NotShown(
        port === undefined ? "the server listens no more" : `nobody listens on port ${port}`,
      );
    const address = { "0.0.0.0": "127.0.0.1", "::": "::1" }[listener.address] ?? listener.address;
    const socket = await machine.connect({ address, port: listener.port });
    socket.allowHalfOpen = true;
    this.#dialled.add(socket);
    const connection = wire.nextConnectionId();
    this.#record({
      type: "connect",
      connection,
      address,
      port: listener.port,
      from: socket.localPort ?? 0,
      client: undefined,
    });
    return this.#follow(socket, connection);
  }

  async ports(): Promise<number[]> {
    const listeners = await this.#started().machine.scanListeners();
    return [...new Set(listeners.map(({ port }) => port))];
  }

  isComputing(): boolean {
    return this.#programs.some(({ program, machine }) => !program.ended && machine.isComputing());
  }

  folderOf(program: string): string | undefined {
    return this.kept.get(program);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await Promise.allSettled(this.#starting);
    await Promise.all(this.#programs.map(({ program }) => program.stop()));
    if (this.#options.keepFolders) {
      for (const { name, machine } of this.#programs) this.kept.set(name, this.#keep(machine));
    }
    this.#wire?.close();
    for (const socket of this.#dialled) socket.destroy();
    await Promise.all(this.#programs.map(({ machine }) => machine.close()));
    await this.#setting.machines.release();
    if (this.#failure) throw this.#failure.error;
  }

  async #run(
    side: Side,
    name: string,
    text: string,
    connect: Connect,
    transfer?: Transfer,
  ): Promise<{ machine: Machine; program: Program }> {
    if (this.#closed) throw new NotShown(CLOSED);
    const run = this.#launch(side, name, text, connect, transfer);
    this.#starting.add(run);
    try {
      return await run;
    } finally {
      this.#starting.delete(run);
    }
  }

  async #launch(
    side: Side,
    name: string,
    text: string,
    connect: Connect,
    transfer?: Transfer,
  ): Promise<{ machine: Machine; program: Program }> {
    const { manifest, machines, limits } = this.#setting;
    const { folder } = manifest;
    const chosen = manifest.programs[name];
    if (!chosen) throw new NotShown(`the manifest has no program ${name}`);
    const endpoint = await machines.endpoint(side);
    const { host, port } = endpoint;
    const fill = fillIn({ host, port: String(port), ...this.files.words(side, text, transfer) });
    const command = inTurn([chosen.command, ...chosen.next].map((words) => words.map(fill)));
    const env = Object.fromEntries(Object.entries(chosen.env).map(([key, value]) => [key, fill(value)]));
    const machine = await machines.create({
      side,
      endpoint,
      source: this.#beginning(name),
      folder,
      command,
      env,
      limits,
    });
    machine.onFailure = (error) => this.#fail(error);
    try {
      for (const { name: file, content, mode } of editedFiles(
        this.#setting.originals,
        this.#setting.edits,
        fill,
      ))
        await machine.writeFile(file, content, mode);
      await this.files.serverFiles(machine, side, text, transfer);
      if (side === "server") await this.#layMore(machine);
      if (this.#closed) throw new NotShown(CLOSED);
    } catch (error) {
      await machine.close();
      throw error;
    }
    const number = ++this.#count;
    const program = new Program(machine, {
      side,
      number,
      stdin: chosen.stdin.map((item) => (typeof item === "string" ? fill(item) : item)),
      seconds: manifest.timeout * PATIENCE,
      record: (event) => this.#record(event),
    });
    await this.#forget(name);
    this.#programs.push({ name, program, machine });
    await connect(machine, number, program);
    if (this.#options.preservePieces) machine.preservePieces();
    machine.startProgram();
    return { machine, program };
  }

  /** Closes the machines of earlier runs, but for the last, whose files may still be looked at: what they left, the next has. */
  async #forget(name: string): Promise<void> {
    const past = this.#programs.filter((each) => each.name === name && each.program.ended).slice(0, -1);
    this.#programs = this.#programs.filter((each) => !past.includes(each));
    for (const { machine } of past) {
      await this.#wire?.removeClient(machine);
      await machine.close();
    }
  }

  async #layMore(machine: Machine): Promise<void> {
    for (const laid of this.#options.serverFiles ?? []) {
      const error =
        "target" in laid
          ? await machine.makeLink(laid.path, laid.target)
          : await machine.writeFile(laid.path, laid.content);
      if (error) throw new NotShown(`${laid.path} cannot be made: ${error}`);
    }
  }

  /** The folder in which a program goes on: where its last run in this stage, or an earlier stage, left it. */
  #beginning(name: string): string {
    const before = this.#programs.findLast((each) => each.name === name && each.program.ended);
    if (before) {
      const folder = this.#keep(before.machine);
      this.files.tidy(join(folder, this.#setting.manifest.folder));
      this.#left.set(name, folder);
    }
    const left = this.#left.get(name);
    if (left !== undefined) return left;
    const { foldersFrom: folders } = this.#options;
    const kept = folders instanceof RunningSession ? folders.kept : undefined;
    if (folders && !kept?.size)
      throw new TypeError("that stage has not kept its folders, or is not closed yet");
    const own = this.#options.freshPrograms?.includes(name) ? undefined : kept?.get(name);
    if (own === undefined) return this.#setting.source;
    // what was stored in that stage would look as if it had been stored in this one
    if (folders instanceof RunningSession) folders.files.tidy(join(own, this.#setting.manifest.folder));
    return own;
  }

  #keep(machine: Machine): string {
    const folder = this.#setting.newFolder();
    machine.copyFolder(folder);
    return folder;
  }

  #started(): { program: Program; machine: Machine; wire: Wire } {
    if (!this.#server || !this.#machine || !this.#wire) throw new TypeError("the stage is not open");
    return { program: this.#server, machine: this.#machine, wire: this.#wire };
  }

  #record(event: EventWithoutTime): void {
    const at = performance.now() - this.#opened;
    if (event.type === "data") {
      const length =
        event.bytes === event.passed ? event.bytes.length : event.bytes.length + event.passed.length;
      this.#kept += length;
      if (this.#kept > KEPT_BYTES) {
        const nothing: Bytes = new Uint8Array(0);
        this.events.push({ at, ...event, bytes: nothing, passed: nothing, dropped: length });
        return;
      }
    }
    this.events.push({ at, ...event });
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
  }

  #follow(socket: Socket, connection: number): DialledConnection {
    const pieces: Bytes[] = [];
    const nothing: Bytes = new Uint8Array(0);
    let gone = false;
    const watchers = new Set<() => void>();
    const finish = (type: "end" | "reset") => {
      if (gone) return;
      gone = true;
      this.#record({ type, connection, direction: "server to client" });
      for (const tell of watchers) tell();
    };
    socket.on("data", (piece: Bytes) => {
      const bytes = new Uint8Array(piece);
      pieces.push(bytes);
      this.#record({ type: "data", connection, direction: "server to client", bytes, passed: bytes });
    });
    socket.on("end", () => finish("end"));
    socket.on("error", () => finish("reset"));
    socket.resume();
    return {
      write: (bytes) => {
        this.#record({
          type: "data",
          connection,
          direction: "client to server",
          bytes: nothing,
          passed: bytes,
        });
        socket.write(bytes);
      },
      end: () => socket.end(),
      reset: () => reset(socket),
      get received() {
        return concat(pieces);
      },
      closed: (seconds) =>
        new Promise((resolve) => {
          if (gone) return resolve(true);
          const tell = () => {
            clearTimeout(timer);
            watchers.delete(tell);
            resolve(gone);
          };
          const timer = setTimeout(tell, seconds * 1000);
          watchers.add(tell);
        }),
    };
  }
}
