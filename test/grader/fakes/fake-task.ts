/** A prepared task in memory: its programs are functions, so tests need no processes. */
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { type Bytes, concat, decodeUtf8, encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import type { TaskManifest } from "../manifest/manifest.ts";
import type { Direction, Side } from "../model/direction.ts";
import type { SessionEvent } from "../model/events.ts";
import type { Ending, RunningProgram } from "../model/program.ts";
import type { DialledConnection, Session, SessionOptions } from "../model/session.ts";
import type { Connection, Tap } from "../model/tap.ts";
import { NotShown } from "../model/verdict-errors.ts";
import type { PreparedTask } from "../run/prepared-task.ts";

const START_TIME = 1000;

/** A program: it ends when its promise settles; if it throws, it has crashed. */
export type FakeProgram = (world: FakeWorld) => Promise<void>;

export interface FakeWorld {
  /** The text to send. */
  text: string;
  /** The files that it keeps between runs, if the task keeps folders. */
  files: Map<string, string>;
  print(line: string): void;
  /** Appears to compute for some milliseconds. */
  work(milliseconds: number): Promise<void>;
  connect(port: number): Promise<FakeSocket>;
  listen(port: number): FakeListener;
}

export interface FakeListener {
  accept(): Promise<FakeSocket>;
}

/** One end of a connection. */
export class FakeSocket {
  readonly #send: (bytes: Bytes | undefined) => void;
  #buffer: Bytes = new Uint8Array(0);
  #ended = false;
  #wake: () => void = () => {};

  constructor(send: (bytes: Bytes | undefined) => void) {
    this.#send = send;
  }

  write(data: Bytes | string): void {
    this.#send(typeof data === "string" ? encodeUtf8(data) : data);
  }

  end(): void {
    this.#send(undefined);
  }

  receive(bytes: Bytes | undefined): void {
    if (bytes) this.#buffer = concat([this.#buffer, bytes]);
    else this.#ended = true;
    this.#wake();
  }

  /** Returns the bytes received, like `recv`; empty at the end. */
  async read(): Promise<Bytes> {
    await this.#until(() => this.#buffer.length > 0);
    const bytes = this.#buffer;
    this.#buffer = new Uint8Array(0);
    return bytes;
  }

  /** Returns the next line, without its line break. @throws Error at the end */
  async readLine(): Promise<string> {
    await this.#until(() => this.#buffer.includes(10));
    const end = this.#buffer.indexOf(10);
    if (end < 0) throw new Error("the stream ended");
    const line = decodeUtf8(this.#buffer.slice(0, end));
    this.#buffer = this.#buffer.slice(end + 1);
    return line;
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!holds() && !this.#ended)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
  }
}

export class FakeTask implements PreparedTask {
  readonly task = "part2";
  /** A folder without keys. */
  readonly source = fileURLToPath(new URL("../../vectors", import.meta.url));
  readonly manifest: TaskManifest;
  readonly steps = 20_000_000;
  readonly #programs: Record<string, FakeProgram>;
  readonly #seed: string;

  constructor(
    programs: Record<string, FakeProgram>,
    options: { manifest?: Partial<TaskManifest>; seed?: string } = {},
  ) {
    this.#programs = programs;
    this.#seed = options.seed ?? "seed";
    this.manifest = {
      folder: ".",
      prepare: [],
      programs: {},
      port: undefined,
      shared: [],
      secrets: [],
      texts: {},
      edits: [],
      hosts: [],
      files: undefined,
      passwords: [],
      timeout: 60,
      ...options.manifest,
    };
  }

  random(purpose: string, length: number): Bytes {
    const blocks: Bytes[] = [];
    for (let index = 0; index * 32 < length; index += 1)
      blocks.push(new Uint8Array(createHash("sha256").update(`${this.#seed} ${purpose} ${index}`).digest()));
    return concat(blocks).slice(0, length);
  }

  async open(options: SessionOptions = {}): Promise<Session> {
    const program = this.#programs[options.server ?? "server"];
    if (!program) throw new TypeError(`no program ${options.server}`);
    return FakeSession.open(this.#programs, program, options);
  }
}

class FakeSession implements Session {
  readonly events: SessionEvent[] = [];
  readonly files: Record<Side, Map<string, string>>;
  server: FakeRunningProgram;
  readonly #programs: Record<string, FakeProgram>;
  readonly #tap: Tap;
  readonly #start = performance.now();
  readonly #listeners = new Map<number, { waiting: FakeSocket[]; wake: () => void }>();
  #connections = 0;
  #numbers = 0;
  #computing = 0;
  closed = false;

  constructor(
    programs: Record<string, FakeProgram>,
    program: FakeProgram,
    { tap, foldersFrom, freshPrograms = [], reply = "" }: SessionOptions,
  ) {
    this.#programs = programs;
    this.#tap = tap ?? {};
    this.files =
      foldersFrom instanceof FakeSession
        ? {
            client: new Map(freshPrograms.includes("client") ? [] : foldersFrom.files.client),
            server: new Map(freshPrograms.includes("server") ? [] : foldersFrom.files.server),
          }
        : { client: new Map(), server: new Map() };
    this.server = this.#run(program, "server", reply);
  }

  static async open(
    programs: Record<string, FakeProgram>,
    program: FakeProgram,
    options: SessionOptions,
  ): Promise<Session> {
    const session = new FakeSession(programs, program, options);
    const end = performance.now() + START_TIME;
    while (session.#listeners.size === 0) {
      if (session.server.ended || performance.now() > end) throw new NotShown("the server does not listen");
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    return session;
  }

  async start(message: string, client = "client"): Promise<RunningProgram> {
    const program = this.#programs[client];
    if (!program) throw new TypeError(`no program ${client}`);
    return this.#run(program, "client", message);
  }

  async refresh(): Promise<void> {}
  async watchFor(): Promise<void> {}
  async overwriteStored(): Promise<void> {}

  async dial(port = this.#firstPort()): Promise<DialledConnection> {
    const received: Bytes[] = [];
    let isClosed = false;
    const socket = new FakeSocket(() => {});
    const upstream = this.#accept(port, (bytes) => {
      if (bytes) received.push(bytes);
      else isClosed = true;
    });
    void socket;
    return {
      write: (bytes) => upstream.receive(bytes),
      end: () => upstream.receive(undefined),
      reset: () => upstream.receive(undefined),
      get received() {
        return concat(received);
      },
      async closed(seconds) {
        const end = performance.now() + seconds * 1000;
        while (!isClosed && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 5));
        return isClosed;
      },
    };
  }

  async ports(): Promise<number[]> {
    return this.server.ended ? [] : [...this.#listeners.keys()];
  }

  isComputing(): boolean {
    return this.#computing > 0;
  }

  folderOf(): undefined {}

  async close(): Promise<void> {
    this.closed = true;
  }

  #firstPort(): number {
    return [...this.#listeners.keys()][0] ?? 0;
  }

  get #now(): number {
    return performance.now() - this.#start;
  }

  #accept(port: number, send: (bytes: Bytes | undefined) => void): FakeSocket {
    const listener = this.#listeners.get(port);
    if (!listener || this.server.ended) throw new Error("connection refused");
    const socket = new FakeSocket(send);
    listener.waiting.push(socket);
    listener.wake();
    return socket;
  }

  #run(program: FakeProgram, side: Side, text: string): FakeRunningProgram {
    this.#numbers += 1;
    const number = this.#numbers;
    const running = new FakeRunningProgram(side, number, (line) =>
      this.events.push({
        at: this.#now,
        type: "printed",
        side,
        program: number,
        stream: "stdout",
        text: `${line}\n`,
      }),
    );
    const world: FakeWorld = {
      text,
      files: this.files[side],
      print: (line) => running.print(line),
      work: async (milliseconds) => {
        this.#computing += 1;
        await new Promise((resolve) => setTimeout(resolve, milliseconds));
        this.#computing -= 1;
      },
      connect: (port) => this.#connect(port, number),
      listen: (port) => this.#listen(port),
    };
    // programs start a little later, like processes
    const finished = new Promise((resolve) => setTimeout(resolve, 1)).then(() => program(world));
    finished.then(
      () => this.#ended(running, 0),
      (error: unknown) => {
        running.print(`Traceback: ${error instanceof Error ? error.message : String(error)}`);
        this.#ended(running, 1);
      },
    );
    return running;
  }

  #ended(running: FakeRunningProgram, status: number): void {
    const ending = { status, stopReason: undefined };
    this.events.push({ at: this.#now, type: "exit", side: running.side, program: running.number, ending });
    running.finish(ending);
  }

  #listen(port: number): FakeListener {
    const listener = { waiting: [] as FakeSocket[], wake: () => {} };
    this.#listeners.set(port, listener);
    return {
      accept: async () => {
        for (;;) {
          const socket = listener.waiting.shift();
          if (socket) return socket;
          await new Promise<void>((resolve) => {
            listener.wake = resolve;
          });
        }
      },
    };
  }

  async #connect(port: number, client: number): Promise<FakeSocket> {
    if (!this.#listeners.has(port)) throw new Error("connection refused");
    this.#connections += 1;
    const id = this.#connections;
    const ends: Partial<Record<Direction, FakeSocket>> = {};
    const chains: Record<Direction, Promise<void>> = {
      "client to server": Promise.resolve(),
      "server to client": Promise.resolve(),
    };
    const deliver = (direction: Direction, bytes: Bytes | undefined) => {
      if (bytes === undefined) this.events.push({ at: this.#now, type: "end", connection: id, direction });
      ends[direction]?.receive(bytes);
    };
    const connection: Connection = {
      id,
      port,
      client,
      inject: (direction, bytes) => {
        const empty = new Uint8Array(0);
        this.events.push({
          at: this.#now,
          type: "data",
          connection: id,
          direction,
          bytes: empty,
          passed: bytes,
        });
        deliver(direction, bytes);
      },
      end: (direction) => deliver(direction, undefined),
      reset: () => {
        deliver("client to server", undefined);
        deliver("server to client", undefined);
      },
    };
    const send = (direction: Direction) => (bytes: Bytes | undefined) => {
      chains[direction] = chains[direction].then(async () => {
        if (bytes === undefined) {
          if ((await this.#tap.onEnd?.(connection, direction)) ?? true) deliver(direction, undefined);
          return;
        }
        const at = this.#now;
        const passed = (await this.#tap.onData?.(connection, direction, bytes)) ?? bytes;
        this.events.push({ at, type: "data", connection: id, direction, bytes, passed });
        if (passed.length > 0) deliver(direction, passed);
      });
    };
    this.events.push({
      at: this.#now,
      type: "connect",
      connection: id,
      port,
      address: "127.0.0.1",
      from: 50_000 + id,
      client,
    });
    const verdict = this.#tap.onConnect?.(connection) ?? "relay";
    if (verdict === "refuse") throw new Error("connection reset");
    const socket = new FakeSocket(send("client to server"));
    ends["server to client"] = socket;
    if (verdict === "relay") ends["client to server"] = this.#accept(port, send("server to client"));
    return socket;
  }
}

export class FakeRunningProgram implements RunningProgram {
  stdout = "";
  readonly stderr = "";
  readonly stored = new Map<string, string>();
  readonly awaitedText = undefined;
  readonly side: Side;
  readonly number: number;
  ended: Ending | undefined;
  readonly ending: Promise<Ending>;
  readonly #printed: (line: string) => void;
  #resolve: (ending: Ending) => void = () => {};

  constructor(side: Side, number: number, printed: (line: string) => void) {
    this.side = side;
    this.number = number;
    this.#printed = printed;
    this.ending = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  print(line: string): void {
    if (this.ended) return;
    this.stdout += `${line}\n`;
    this.#printed(line);
  }

  finish(ending: Ending): void {
    this.ended = ending;
    this.#resolve(ending);
  }

  async waitForOutput(text: string, seconds: number): Promise<boolean> {
    const end = performance.now() + seconds * 1000;
    while (!this.stdout.includes(text) && !this.ended && performance.now() < end)
      await new Promise((resolve) => setTimeout(resolve, 5));
    return this.stdout.includes(text);
  }

  typeLine(): void {}

  async stop(): Promise<void> {
    this.finish({ status: undefined, stopReason: "stopped" });
  }
}
