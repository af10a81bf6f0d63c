/** A running server, the wire before it, and any number of clients. */
import type { Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { type Bytes, concat } from "../../lib/bytes.ts";
import { NotShown } from "./check.ts";
import type { Dialled, Running, Stage, StageEvent, StageOptions } from "./lab.ts";
import type { Machine } from "./machine.ts";
import type { TaskManifest } from "./manifest.ts";
import { type EventWithoutTime, Program } from "./program.ts";
import type { Side } from "./report.ts";
import { Wire } from "./wire.ts";

/** Milliseconds between two looks at whether the server listens. */
const LOOK = 10;
/** Milliseconds between two looks at the ports, when nothing passes. */
const IDLE_LOOK = 20;

/** How a stage comes by the machines of its programs. */
export interface Machines {
  /** Makes one ready, its program waiting at the gate. @param text what the program is to say */
  make(side: Side, program: string, text: string, folder: string | undefined): Promise<Machine>;
}

export interface Setting {
  manifest: TaskManifest;
  machines: Machines;
  /** Keeps the folder of a program that has ended; returns where. */
  keep(machine: Machine): Promise<string>;
  /** The texts where the manifest, nor the check, says them. */
  text(side: Side): string;
}

/** How long a program may run at all, as a multiple of the time for a plain exchange. */
const PATIENCE = 5;

export class RunningStage implements Stage {
  readonly events: StageEvent[] = [];
  readonly #setting: Setting;
  readonly #options: StageOptions;
  readonly #opened = performance.now();
  readonly #programs: { name: string; program: Program; machine: Machine }[] = [];
  readonly #dialled = new Set<Socket>();
  readonly kept = new Map<string, string>();
  #failure: { error: unknown } | undefined;
  #server: Program | undefined;
  #machine: Machine | undefined;
  #wire: Wire | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(setting: Setting, options: StageOptions) {
    this.#setting = setting;
    this.#options = options;
  }

  get server(): Running {
    return this.#started().program;
  }

  /** Starts the server. @throws NotShown when it does not listen in time */
  async open(): Promise<void> {
    const name = this.#options.server ?? "server";
    const reply = this.#options.reply ?? this.#setting.text("server");
    const { machine, program } = await this.#run("server", name, reply, (machine, number) => {
      this.#machine = machine;
      this.#wire = new Wire(machine, number, {
        tap: this.#options.tap ?? {},
        shared: this.#setting.manifest.shared,
        record: (event) => this.#record(event),
        fail: (error) => {
          this.#failure ??= { error };
        },
      });
    });
    this.#server = program;
    const { timeout } = this.#setting.manifest;
    const deadline = performance.now() + timeout * 1000;
    while ((await machine.scan()).length === 0) {
      if (program.ended) throw new NotShown(`the server ended before it listened: ${lastWords(program)}`);
      if (performance.now() > deadline)
        throw new NotShown(`the server does not listen after ${timeout} s: ${lastWords(program)}`);
      await pause(LOOK);
    }
    await this.#wire?.sync();
    this.#timer = setInterval(() => void this.#wire?.sync(), IDLE_LOOK);
  }

  async start(message: string, client = "client"): Promise<Running> {
    const { program } = await this.#run("client", client, message, (machine, number) =>
      this.#started().wire.add(machine, number),
    );
    return program;
  }

  async dial(port?: number): Promise<Dialled> {
    const { machine, wire } = this.#started();
    const listeners = await machine.scan();
    const listener = port === undefined ? listeners[0] : listeners.find((each) => each.port === port);
    if (!listener)
      throw new NotShown(
        port === undefined ? "the server listens no more" : `nobody listens on port ${port}`,
      );
    const address = { "0.0.0.0": "127.0.0.1", "::": "::1" }[listener.address] ?? listener.address;
    const socket = await machine.connect({ address, port: listener.port });
    socket.allowHalfOpen = true;
    this.#dialled.add(socket);
    const connection = wire.count();
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
    const listeners = await this.#started().machine.scan();
    return [...new Set(listeners.map(({ port }) => port))];
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#programs.map(({ program }) => program.stop()));
    if (this.#options.keep) {
      for (const { name, machine } of this.#programs) this.kept.set(name, await this.#setting.keep(machine));
    }
    this.#wire?.close();
    for (const socket of this.#dialled) socket.destroy();
    await Promise.all(this.#programs.map(({ machine }) => machine.close()));
    if (this.#failure) throw this.#failure.error;
  }

  async #run(
    side: Side,
    name: string,
    text: string,
    connect: (machine: Machine, number: number) => void | Promise<void>,
  ): Promise<{ machine: Machine; program: Program }> {
    const { manifest, machines } = this.#setting;
    const { stdin = [] } = manifest.programs[name] ?? {};
    const folder = await this.#folderOf(name);
    const machine = await machines.make(side, name, text, folder);
    const number = this.#programs.length + 1;
    const own = side === "server" ? "{reply}" : "{message}";
    const program = new Program(machine, {
      side,
      number,
      stdin: stdin.map((item) => (typeof item === "string" ? item.replaceAll(own, text) : item)),
      seconds: manifest.timeout * PATIENCE,
      record: (event) => this.#record(event),
    });
    this.#programs.push({ name, program, machine });
    await connect(machine, number);
    machine.go();
    return { machine, program };
  }

  /** The folder in which a program goes on: where its last run in this stage, or an earlier stage, left it. */
  async #folderOf(name: string): Promise<string | undefined> {
    const before = this.#programs.findLast((each) => each.name === name && each.program.ended);
    if (before) return await this.#setting.keep(before.machine);
    const { folders } = this.#options;
    return folders instanceof RunningStage ? folders.kept.get(name) : undefined;
  }

  #started(): { program: Program; machine: Machine; wire: Wire } {
    if (!this.#server || !this.#machine || !this.#wire) throw new TypeError("the stage is not open");
    return { program: this.#server, machine: this.#machine, wire: this.#wire };
  }

  #record(event: EventWithoutTime): void {
    this.events.push({ at: performance.now() - this.#opened, ...event });
  }

  #follow(socket: Socket, connection: number): Dialled {
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
      reset: () => socket.resetAndDestroy(),
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

/** What a program printed last, for a reason on one line. */
function lastWords({ stdout, stderr }: Program): string {
  const lines = `${stdout}\n${stderr}`.split("\n").filter((line) => line.trim() !== "");
  return lines.slice(-20).join("\n").slice(-2000) || "it printed nothing";
}
