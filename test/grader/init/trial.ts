/** A trial: starts a server and a client, types what they ask for, and watches what they do. */
import { setTimeout as sleep } from "node:timers/promises";
import type { TaskManifest } from "../manifest/manifest.ts";
import { type Fill, fillIn } from "../manifest/placeholders.ts";
import type { Side } from "../model/direction.ts";
import type { EventWithoutTime } from "../model/events.ts";
import type { Ending } from "../model/program.ts";
import { commandOf } from "../run/command-sequence.ts";
import { Program } from "../run/program.ts";
import { awaitProgramBehind } from "../run/readiness.ts";
import type { Limits } from "../sandbox/box.ts";
import type { Listener, Machine } from "../sandbox/machine.ts";
import type { Sandbox, SessionMachines } from "../sandbox/sandbox.ts";
import { Wire } from "../wire/wire.ts";
import { type Answer, answerTo, lineFor } from "./answers.ts";
import type { Role } from "./roles.ts";

/** Milliseconds between two looks at the programs. */
const STEP = 25;
/** Milliseconds without an event after which a program that reads its input is answered. */
const QUIET = 250;
/** Milliseconds without an event after which nothing more is expected. */
const PATIENCE = 4000;
/** Milliseconds that a silent program may compute beyond the limit, as when it makes a key. */
const COMPUTING = 30_000;
/** The most lines that one program is given, and how often it is given its text. */
const MAX_LINES = 12;
const MAX_TEXTS = 3;

export interface TrialOptions {
  sandbox: Sandbox;
  /** The folder of which each program gets a copy: built already. */
  source: string;
  limits: Limits;
  texts: { message: string; reply: string };
  /** Whether the receiver shows a text that the sender's source spells out. */
  hasFixedText(sender: Side, printed: string): boolean;
  /** Answers to prompts, instead of the usual ones. */
  answers: Partial<Record<Role, string>>;
  /** Milliseconds for the whole trial. */
  limit: number;
  signal: AbortSignal;
}

export interface SeenProgram {
  output: string;
  typed: Question[];
  ending: Ending | undefined;
  /** It was waiting for input at the end. */
  isReading: boolean;
  listeners: Listener[];
}

export interface Observation {
  server: SeenProgram;
  client: SeenProgram;
  /** The ports that the client connected to. */
  connections: number[];
  bytes: Record<Side, number>;
  /** Whether the other side has printed the text that this side was given. */
  arrived: { message: boolean; reply: boolean };
}

/** Runs the trial. The folders of the programs are copied by `keep`, once they have ended. */
export async function runTrial(
  manifest: TaskManifest,
  options: TrialOptions,
  keep: (side: Side, machine: Machine) => void = () => {},
): Promise<Observation> {
  const machines = await options.sandbox.open(manifest);
  const trial = new Trial(manifest, machines, options);
  try {
    await trial.run();
    return trial.observation();
  } finally {
    await trial.close(keep);
    await machines.release();
  }
}

/** A program that waits for a line, and the line. */
interface Ask {
  player: Player;
  answer: Question;
}

export interface Question extends Answer {
  /** What the program printed since the line before. */
  prompt: string;
}

/** One of the two programs. */
class Player {
  readonly side: Side;
  readonly machine: Machine;
  readonly program: Program;
  readonly typed: Question[] = [];
  output = "";
  listeners: Listener[] = [];
  /** How much it had printed when the last line was typed. */
  #mark = 0;

  constructor(side: Side, machine: Machine, program: (player: Player) => Program) {
    this.side = side;
    this.machine = machine;
    this.program = program(this);
  }

  get isReading(): boolean {
    return this.program.ended === undefined && this.machine.isReadingInput();
  }

  get textsTyped(): number {
    return this.typed.filter(({ role }) => role === "message").length;
  }

  /** The answer to what it asks now. */
  nextAnswer(instead: Partial<Record<Role, string>>, isConnected: boolean): Question {
    const prompt = this.output.slice(this.#mark);
    const { role, line } = answerTo(prompt, this.side);
    // "Host: " of a program that is connected names who speaks
    const isText = isConnected && (role === "host" || role === "port");
    if (isText) return { prompt, role: "message", line: lineFor("message", this.side) };
    return { prompt, role, line: instead[role] ?? line };
  }

  type(answer: Question, fill: Fill): void {
    this.typed.push(answer);
    this.#mark = this.output.length;
    this.program.typeLine(fill(answer.line));
  }

  seen(): SeenProgram {
    const { output, typed, listeners } = this;
    return { output, typed, listeners, ending: this.program.ended, isReading: this.isReading };
  }
}

class Trial {
  readonly #manifest: TaskManifest;
  readonly #machines: SessionMachines;
  readonly #options: TrialOptions;
  readonly #start = performance.now();
  #server: Player | undefined;
  #client: Player | undefined;
  #wire: Wire | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lastEvent = performance.now();
  readonly #connections: number[] = [];
  readonly #bytes: Record<Side, number> = { server: 0, client: 0 };
  #seen: Observation | undefined;

  constructor(manifest: TaskManifest, machines: SessionMachines, options: TrialOptions) {
    this.#manifest = manifest;
    this.#machines = machines;
    this.#options = options;
  }

  async run(): Promise<void> {
    const server = await this.#launch("server");
    this.#server = server;
    const wire = new Wire(server.machine, 1, {
      tap: {},
      shared: this.#manifest.shared,
      secrets: this.#manifest.secrets,
      record: (event) => this.#record(event),
      fail: () => {},
    });
    this.#wire = wire;
    server.machine.startProgram();
    this.#lastEvent = performance.now();
    await this.#until(() => this.#lookAtListeners(server));
    if (server.listeners.length > 0) {
      const chosen = this.#manifest.programs["server"];
      if (chosen) await awaitProgramBehind(chosen, server.machine);
      await wire.sync();
      this.#timer = setInterval(() => void wire.sync(), STEP);
      const client = await this.#launch("client");
      this.#client = client;
      await wire.addClient(client.machine, 2);
      client.machine.startProgram();
      this.#lastEvent = performance.now();
      await this.#until(async () => this.#haveArrived() && this.#isQuiet());
    }
    this.#seen = this.#look();
  }

  observation(): Observation {
    return this.#seen ?? this.#look();
  }

  async close(keep: (side: Side, machine: Machine) => void): Promise<void> {
    clearInterval(this.#timer);
    const players = [this.#server, this.#client].filter((player) => player !== undefined);
    await Promise.all(players.map(({ program }) => program.stop()));
    for (const { side, machine } of players) keep(side, machine);
    this.#wire?.close();
    await Promise.all(players.map(({ machine }) => machine.close()));
  }

  async #launch(side: Side): Promise<Player> {
    const { sandbox: _, source, limits, limit } = this.#options;
    const chosen = this.#manifest.programs[side];
    if (!chosen) throw new TypeError(`the manifest has no ${side}`);
    const endpoint = await this.#machines.endpoint(side);
    const fill = this.#fill(side);
    const machine = await this.#machines.create({
      side,
      endpoint,
      source,
      folder: this.#manifest.folder,
      command: commandOf(chosen, fill),
      env: chosen.env,
      limits,
    });
    return new Player(side, machine, (player) => {
      const record = (event: EventWithoutTime) => {
        if (event.type === "printed") player.output += event.text;
        this.#record(event);
      };
      return new Program(machine, {
        side,
        number: 1,
        stdin: [],
        seconds: (limit + COMPUTING) / 1000,
        record,
      });
    });
  }

  #fill(side: Side): Fill {
    const { message, reply } = this.#options.texts;
    const { host, port } = this.#options.sandbox.endpoint(this.#manifest) ?? {
      host: "127.0.0.1",
      port: 10_001,
    };
    return fillIn({ host, port: String(port), ...(side === "server" ? { reply } : { message }) });
  }

  #record(event: EventWithoutTime): void {
    this.#lastEvent = performance.now();
    if (event.type === "connect") this.#connections.push(event.port);
    if (event.type === "data")
      this.#bytes[event.direction === "client to server" ? "client" : "server"] += event.bytes.length;
  }

  async #lookAtListeners(server: Player): Promise<boolean> {
    server.listeners = await server.machine.scanListeners();
    return server.listeners.length > 0;
  }

  /** Resolves once `isDone`, or once nothing more will come; types what the programs ask for. */
  async #until(isDone: () => Promise<boolean>): Promise<void> {
    const { limit, signal } = this.#options;
    let lastBusy = Number.NEGATIVE_INFINITY;
    for (;;) {
      signal.throwIfAborted();
      if (await isDone()) return;
      const players = [this.#client, this.#server].filter((player) => player !== undefined);
      if (players.every(({ program }) => program.ended) && this.#isQuiet()) return;
      if (this.#server?.program.ended && !this.#client) return;
      const isBusy = this.#isQuiet() && (await this.#isBusy(players));
      if (isBusy) lastBusy = performance.now();
      const ask = this.#isQuiet() && !isBusy ? this.#nextAsk(players) : undefined;
      const now = performance.now();
      const hasComputed = now - lastBusy < PATIENCE;
      if (!ask && !hasComputed && now - this.#lastEvent > PATIENCE) return;
      if (now - this.#start > limit + (hasComputed ? COMPUTING : 0)) return;
      const before = this.#lastEvent;
      await sleep(STEP);
      // output may have come meanwhile, or before, if this process stood still
      if (ask?.player.isReading && this.#lastEvent === before) this.#answer(ask);
    }
  }

  #isQuiet(): boolean {
    return performance.now() - this.#lastEvent > QUIET;
  }

  /** Says whether a program computes: at each of a few looks, as each program does sometimes. */
  async #isBusy(players: readonly Player[]): Promise<boolean> {
    for (let looks = 0; looks < 3; looks += 1) {
      if (!players.some(({ program, machine }) => !program.ended && machine.isComputing())) return false;
      await sleep(STEP);
    }
    return true;
  }

  /** Returns the program to answer next: texts come last, and the client's before the server's. */
  #nextAsk(players: readonly Player[]): Ask | undefined {
    const asks = players
      .filter((player) => player.isReading && player.typed.length < MAX_LINES)
      .map((player) => ({ player, answer: player.nextAnswer(this.#options.answers, this.#hasExchanged()) }));
    const isText = ({ answer }: Ask) => answer.role === "message";
    return (
      asks.find((ask) => !isText(ask)) ??
      asks.find(({ player }) => player.textsTyped === 0) ??
      // its text a second time only if nothing else helps
      asks.find(({ player }) => this.#client && player.textsTyped < MAX_TEXTS && !this.#haveArrived())
    );
  }

  #hasExchanged(): boolean {
    return this.#bytes.client + this.#bytes.server > 0;
  }

  #answer({ player, answer }: Ask): void {
    player.type(answer, this.#fill(player.side));
    this.#lastEvent = performance.now();
  }

  #haveArrived(): boolean {
    const { message, reply } = this.#arrived();
    return this.#isShown("client", message) && this.#isShown("server", reply);
  }

  #isShown(sender: Side, hasArrived: boolean): boolean {
    const receiver = sender === "client" ? this.#server : this.#client;
    return hasArrived || this.#options.hasFixedText(sender, receiver?.output ?? "");
  }

  #arrived(): { message: boolean; reply: boolean } {
    const { message, reply } = this.#options.texts;
    return {
      message: this.#server?.output.includes(message) ?? false,
      reply: this.#client?.output.includes(reply) ?? false,
    };
  }

  #look(): Observation {
    const nothing: SeenProgram = {
      output: "",
      typed: [],
      ending: undefined,
      isReading: false,
      listeners: [],
    };
    return {
      server: this.#server?.seen() ?? nothing,
      client: this.#client?.seen() ?? nothing,
      connections: [...this.#connections],
      bytes: { ...this.#bytes },
      arrived: this.#arrived(),
    };
  }
}
