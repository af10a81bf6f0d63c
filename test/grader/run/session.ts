/** A running server, the wire in front of it, and any number of clients. */
import type { Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { SessionEvent } from "../model/events.ts";
import type { RunningProgram } from "../model/program.ts";
import type { DialledConnection, Session, SessionOptions, Transfer } from "../model/session.ts";
import { NotShown } from "../model/verdict-errors.ts";
import type { Machine } from "../sandbox/machine.ts";
import { PacedWriter } from "../wire/paced-writer.ts";
import { Wire } from "../wire/wire.ts";
import { followConnection } from "./dialled-connection.ts";
import { EventLog } from "./event-log.ts";
import { Launcher, type SessionContext } from "./launcher.ts";
import type { Program } from "./program.ts";
import { ProgramFolders } from "./program-folders.ts";
import { awaitProgramBehind } from "./readiness.ts";
import { SessionFiles } from "./stored-files.ts";

/** Milliseconds between two checks whether the server listens. */
const LISTEN_POLL = 20;
/** Where to connect to reach a listener on all addresses. */
const LOOPBACK: Record<string, string> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

interface RunningServer {
  program: Program;
  machine: Machine;
  wire: Wire;
}

export class RunningSession implements Session {
  readonly #context: SessionContext;
  readonly #options: SessionOptions;
  readonly #reply: string;
  readonly #log = new EventLog();
  readonly #files: SessionFiles;
  readonly #folders: ProgramFolders;
  readonly #launcher: Launcher;
  readonly #dialled = new Set<Socket>();
  #running: RunningServer | undefined;
  #failure: { error: unknown } | undefined;

  constructor(context: SessionContext, options: SessionOptions) {
    const { foldersFrom, freshPrograms = [], serverFiles = [] } = options;
    const { record } = this.#log;
    this.#context = context;
    this.#options = options;
    this.#reply = options.reply ?? context.defaultText("server");
    this.#files = new SessionFiles(context.manifest.files, this.#reply, record);
    this.#folders = new ProgramFolders({
      source: context.source,
      newFolder: context.newFolder,
      removeStoredFiles: (folder) => this.#files.removeFrom(join(folder, context.manifest.folder)),
      earlier: foldersFrom instanceof RunningSession ? foldersFrom.#folders : undefined,
      freshPrograms,
    });
    this.#launcher = new Launcher(context, {
      files: this.#files,
      folders: this.#folders,
      serverFiles,
      record,
      passed: this.#log.passed,
      fail: (error) => this.#fail(error),
      detach: async (machine) => this.#running?.wire.removeClient(machine),
    });
  }

  get events(): SessionEvent[] {
    return this.#log.events;
  }

  get server(): RunningProgram {
    return this.#server().program;
  }

  /** Starts the server. @throws NotShown if it does not listen in time */
  async open(): Promise<void> {
    await this.#launcher.launch({
      side: "server",
      name: this.#options.server ?? "server",
      text: this.#reply,
      attach: ({ machine, program }) => {
        this.#running = { machine, program, wire: this.#makeWire(machine, program.number) };
      },
    });
    const { machine, program, wire } = this.#server();
    const { timeout } = this.#context.manifest;
    const deadline = performance.now() + timeout * 1000;
    while ((await machine.scanListeners()).length === 0) {
      if (program.ended) throw new NotShown(`the server ended before it listened: ${program.lastLines()}`);
      if (performance.now() > deadline)
        throw new NotShown(`the server does not listen after ${timeout} s: ${program.lastLines()}`);
      await sleep(LISTEN_POLL);
    }
    const chosen = this.#context.manifest.programs[this.#options.server ?? "server"];
    if (chosen) await awaitProgramBehind(chosen, machine);
    await wire.sync();
    wire.watch();
  }

  async start(message: string, client = "client", transfer?: Transfer): Promise<RunningProgram> {
    const { program } = await this.#launcher.launch({
      side: "client",
      name: client,
      text: message,
      transfer,
      attach: async (launched) => {
        const server = this.#server();
        this.#files.watchExchange(server, launched, message);
        await server.wire.addClient(launched.machine, launched.program.number);
      },
    });
    return program;
  }

  async watchFor(message: string): Promise<void> {
    this.#files.watchServer(this.#server(), message);
    await this.refresh();
  }

  async refresh(): Promise<void> {
    await this.#server().wire.sync();
  }

  async overwriteStored(message: string): Promise<void> {
    await this.#files.overwrite(this.#server(), message);
  }

  async dial(port?: number): Promise<DialledConnection> {
    const { machine, wire } = this.#server();
    const listeners = await machine.scanListeners();
    const listener = port === undefined ? listeners[0] : listeners.find((each) => each.port === port);
    if (!listener)
      throw new NotShown(
        port === undefined ? "the server no longer listens" : `the server does not listen on port ${port}`,
      );
    const address = LOOPBACK[listener.address] ?? listener.address;
    const socket = await machine.connect({ address, port: listener.port });
    socket.allowHalfOpen = true;
    this.#dialled.add(socket);
    const connection = wire.nextConnectionId();
    const { record } = this.#log;
    const from = socket.localPort ?? 0;
    record({ type: "connect", connection, address, port: listener.port, from, client: undefined });
    return followConnection(socket, { connection, record, writer: new PacedWriter(socket, machine) });
  }

  async ports(): Promise<number[]> {
    const listeners = await this.#server().machine.scanListeners();
    return [...new Set(listeners.map(({ port }) => port))];
  }

  isComputing(): boolean {
    return this.#launcher.isComputing();
  }

  folderOf(program: string): string | undefined {
    return this.#folders.kept(program);
  }

  async close(): Promise<void> {
    this.#running?.wire.unwatch();
    await this.#launcher.stop();
    if (this.#options.keepFolders) this.#launcher.keepFolders();
    this.#running?.wire.close();
    for (const socket of this.#dialled) socket.destroy();
    await this.#launcher.closeMachines();
    await this.#context.machines.release();
    if (this.#failure) throw this.#failure.error;
  }

  #makeWire(machine: Machine, number: number): Wire {
    return new Wire(machine, number, {
      tap: this.#options.tap ?? {},
      shared: this.#context.manifest.shared,
      secrets: this.#context.manifest.secrets,
      record: this.#log.record,
      onSync: () => this.#files.refresh(),
      fail: (error) => this.#fail(error),
    });
  }

  #server(): RunningServer {
    if (!this.#running) throw new TypeError("the session is not open");
    return this.#running;
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
  }
}
