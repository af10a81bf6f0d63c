/**
 * The exchanges that the checks of one task run, and what they share: the plain ones, and what is known from those.
 *
 * Plain and attacked exchanges look alike to the programs until an attack strikes, and run in any order between each other.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Semaphore } from "../../../lib/async/semaphore.ts";
import { isSearchable } from "../../demo/find-text.ts";
import { clientFirst } from "../attacks/client-first.ts";
import { ReplaceableTap } from "../attacks/replaceable-tap.ts";
import type { Attack } from "../model/attack.ts";
import type { Direction } from "../model/direction.ts";
import type { Outcome } from "../model/outcome.ts";
import type { RunningProgram } from "../model/program.ts";
import type { PlacedFile, Session, Transfer } from "../model/session.ts";
import type { Tap } from "../model/tap.ts";
import type { Turn } from "../model/turn.ts";
import { NotShown } from "../model/verdict-errors.ts";
import type { PreparedTask } from "../run/prepared-task.ts";
import { isSamePlace } from "../wire/turns.ts";
import { exchange, type Watch } from "./exchange.ts";
import { count, OutputPatterns } from "./output-patterns.ts";
import { makeText } from "./texts.ts";

/** Milliseconds. */
const MIN_PATIENCE = 1000;
const MAX_PATIENCE = 10_000;
const MIN_GRACE = 250;
const FIRST_PATIENCE = 6000;
const SECOND = 1000;
const MIN_LIMIT = 20_000;
const ENDING_TIME = 400;
/** Characters of texts by which it is found out what carries them. */
const LONGER = 4000;

export interface SessionPlan {
  /** What it is tried for; texts that are not given follow from it. */
  title?: string;
  /** Where it must be a certain one; then no server that runs already will do. */
  reply?: string | undefined;
  /** Another server of the manifest than "server". */
  server?: string | undefined;
  /** What the programs find in their folders; by default what the task says. */
  folders?: Session | "fresh" | undefined;
  /** Names of programs that begin with a fresh copy all the same. */
  fresh?: readonly string[] | undefined;
  /** Keep the folders for later stages. */
  keep?: boolean;
  /** What lies in the server's folder besides. */
  serverFiles?: readonly PlacedFile[];
  attack?: Attack | undefined;
  tap?: Tap | undefined;
  /** As `StageOptions` has it, where that is not as in the plain exchange. */
  inPieces?: boolean;
  /** Wait as long as in the first exchange before it is said that a text did not arrive. */
  patient?: boolean;
}

export interface ExchangePlan extends SessionPlan {
  message?: string | undefined;
  /** Another client of the manifest than "client". */
  client?: string | undefined;
  /** What it carries, in a task whose programs carry files, where that is not the texts. */
  transfer?: Transfer | undefined;
  /** Runs beside the exchange, once its client has been started. */
  during?: ((session: Session, client: RunningProgram) => Promise<void>) | undefined;
  /** Runs after it, before the stage is closed. */
  after?: ((session: Session, outcome: Outcome) => Promise<void>) | undefined;
}

/** What the plain runs taught. */
export interface Baseline {
  first: Outcome;
  /** How each side shows what it received; without samples, where it never did. */
  patterns: { server: OutputPatterns; client: OutputPatterns };
  /** The turns that carried the texts; undefined where a text was not printed. */
  turns: { message: Turn | undefined; reply: Turn | undefined };
  /** Milliseconds. */
  patience: number;
  grace: number;
}

/** An exchange on a stage that is open already. */
export type OnSession = Pick<
  ExchangePlan,
  "title" | "message" | "client" | "transfer" | "attack" | "during" | "patient"
>;

/** How long an exchange is watched. */
type ExchangeTiming = Pick<Watch, "times" | "patience" | "grace" | "limit">;

/** A server that serves one client after the other. */
interface ReusedSession {
  session: Session;
  tap: ReplaceableTap;
}

export class SharedExchanges {
  readonly prepared: PreparedTask;
  /** Whether the programs find their folders as an earlier exchange left them. */
  readonly #keepsFolders: boolean;
  readonly #slots: Semaphore;
  /** Milliseconds that a plain exchange may take. */
  readonly #limit: number;
  #baseline: Promise<Baseline> | undefined;
  #again: Promise<Outcome> | undefined;
  #other: Promise<Outcome> | undefined;
  #patterns: Promise<Baseline["patterns"]> | undefined;
  readonly #titles = new Map<string, number>();
  readonly #record: (title: string, outcome: Outcome) => void;
  #listensOn = false;
  /** The programs talk only if what they write in several pieces comes so. */
  #inPieces = false;
  #serving: Promise<boolean> | undefined;
  readonly #reused: ReusedSession[] = [];
  /** What is under way. */
  readonly #running = new Set<Promise<unknown>>();
  #over = false;
  /** What the server of each stage was told to say. */
  readonly #replies = new WeakMap<Session, string>();

  constructor(
    prepared: PreparedTask,
    options: {
      semaphore: Semaphore;
      timeout: number;
      keepsFolders: boolean;
      /** Is given each exchange when it is over. */
      record?: (title: string, outcome: Outcome) => void;
    },
  ) {
    this.prepared = prepared;
    this.#slots = options.semaphore;
    this.#limit = options.timeout * SECOND;
    this.#keepsFolders = options.keepsFolders;
    this.#record = options.record ?? (() => {});
  }

  /** Whether the texts stand in the source, so that no others can be sent. */
  get fixedTexts(): boolean {
    const { texts } = this.prepared.manifest;
    return texts.message !== undefined || texts.reply !== undefined;
  }

  /** A random text, the same for the same seed and purpose. */
  text(purpose: string, length?: number): string {
    return makeText(this.prepared, purpose, length);
  }

  /** The first plain exchange, and what it taught. @throws NotShown when the programs do not even start */
  baseline(): Promise<Baseline> {
    this.#baseline ??= this.#runBaseline();
    return this.#baseline;
  }

  /** Other texts in another plain exchange. */
  other(): Promise<Outcome> {
    this.#other ??= this.baseline().then(() =>
      this.run({ title: "other texts", reply: this.text("another reply") }),
    );
    return this.#other;
  }

  /** How each side shows what it received, learnt from texts that differ. */
  patterns(): Promise<Baseline["patterns"]> {
    this.#patterns ??= Promise.all([this.baseline(), this.other()]).then(([{ first }, other]) =>
      waysOf([first, other]),
    );
    return this.#patterns;
  }

  /** The same texts in another plain exchange. */
  again(): Promise<Outcome> {
    this.#again ??= this.baseline().then(({ first }) =>
      this.run({ title: "the same texts again", message: first.message, reply: first.reply }),
    );
    return this.#again;
  }

  /** Runs an exchange: with a server that has served others before, where it serves many; else on a stage of its own. */
  async run(plan: ExchangePlan): Promise<Outcome> {
    const timing = await this.#watch(plan);
    const { reply, server, folders, fresh, after, keep, ...rest } = plan;
    const special = (reply ?? server ?? folders ?? fresh ?? after ?? keep ?? plan.serverFiles) !== undefined;
    return special || !(await this.#servesMany()) ? this.#run(plan, timing) : this.#runOnReused(rest, timing);
  }

  /** Closes what is still open, after a plain exchange on each; returns how many of those did not work. */
  async close(): Promise<number> {
    const { times } = (await this.baseline()).first;
    const last = await Promise.all(
      this.#reused.splice(0).map(async (reused) => {
        try {
          const outcome = await this.#exchange(
            reused.session,
            { title: "after all attacks" },
            await this.#watch({ patient: true }),
          );
          return outcome.times.message >= times.message && outcome.times.reply >= times.reply;
        } finally {
          await reused.session.close();
        }
      }),
    );
    return last.filter((works) => !works).length;
  }

  /** Lets nothing begin any more, and waits for what is under way: a check that has its proof does not wait for its other exchanges. */
  async finish(): Promise<void> {
    this.#over = true;
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
    await Promise.all(this.#reused.splice(0).map(({ session }) => session.close()));
  }

  /** Runs `task` when there is room for it. */
  async #inTurn<T>(task: () => Promise<T>): Promise<T> {
    return this.#slots.run(async () => {
      if (this.#over) throw new NotShown("all checks were done before");
      const run = task();
      this.#running.add(run);
      try {
        return await run;
      } finally {
        this.#running.delete(run);
      }
    });
  }

  /** Whether the server goes on listening after its first client, and serves the next. */
  #servesMany(): Promise<boolean> {
    this.#serving ??= this.baseline().then(async ({ first }) => {
      if (!this.#listensOn) return false;
      const timing = await this.#watch();
      return this.#inTurn(async () => {
        const reused = await this.#openReused();
        for (let count = 0; count < 2; count += 1) {
          const { times } = await this.#exchange(reused.session, {}, timing);
          if (times.message >= first.times.message && times.reply >= first.times.reply) continue;
          await reused.session.close();
          return false;
        }
        this.#reused.push(reused);
        return true;
      });
    });
    return this.#serving;
  }

  async #runOnReused(plan: ExchangePlan, timing: ExchangeTiming): Promise<Outcome> {
    return this.#inTurn(async () => {
      let reused = this.#reused.pop();
      if (!reused) {
        reused = await this.#openReused();
        // never the first client
        await this.#exchange(reused.session, {}, timing);
      }
      reused.tap.current = plan.attack ?? plan.tap ?? {};
      try {
        return await this.#exchange(reused.session, plan, timing);
      } finally {
        reused.tap.current = {};
        const listens = !reused.session.server.ended && (await reused.session.ports()).length > 0;
        if (listens) this.#reused.push(reused);
        else await reused.session.close();
      }
    });
  }

  async #openReused(): Promise<ReusedSession> {
    const tap = new ReplaceableTap();
    const reply = this.#replyOf({ title: "many clients" });
    const folders = this.#keepsFolders ? (await this.baseline()).first.session : undefined;
    const session = await this.prepared.open({
      reply,
      tap: clientFirst(tap),
      preservePieces: this.#inPieces,
      ...(folders && { foldersFrom: folders }),
    });
    this.#replies.set(session, reply);
    return { session, tap };
  }

  /** Runs an exchange on a stage that is open already. */
  async runOn(session: Session, plan: OnSession): Promise<Outcome> {
    return this.#exchange(session, plan, await this.#watch(plan));
  }

  async #watch({ patient }: Pick<ExchangePlan, "patient"> = {}): Promise<ExchangeTiming> {
    const { first, patience: usual, grace } = await this.baseline();
    const patience = patient ? Math.max(2 * FIRST_PATIENCE, 3 * usual) : usual;
    // a machine that is busy stretches what takes many small steps
    const limit = patient
      ? this.#limit
      : Math.min(this.#limit, Math.max(MIN_LIMIT, 4 * first.took + 2 * patience));
    return { times: first.times, patience, grace, limit };
  }

  async #runBaseline(): Promise<Baseline> {
    const watch = {
      times: { message: 1, reply: 1 },
      patience: FIRST_PATIENCE,
      grace: MIN_GRACE,
      limit: this.#limit,
    };
    const after = async (session: Session) => {
      // a server that ends does so soon
      await Promise.race([session.server.ending, sleep(ENDING_TIME)]);
      this.#listensOn = !session.server.ended && (await session.ports()).length > 0;
    };
    let first = await this.#run({ ...this.#baselinePlan("the first exchange"), after }, watch);
    // a machine that is busy, or a port that was still taken: a second chance, with all the time that there is, and a third where
    // one read is one piece: the next may be there already when it is late
    for (const inPieces of [false, true]) {
      if (first.times.message > 0 && first.times.reply > 0) break;
      const next = await this.#run(
        { ...this.#baselinePlan("another attempt"), inPieces, after },
        { ...watch, patience: 2 * FIRST_PATIENCE },
      );
      if (score(next) <= score(first)) continue;
      first = next;
      this.#inPieces = inPieces;
    }
    const { longestSilence } = first;
    const turns = (await this.#carriers(first, watch)) ?? {
      message: carrier(first, "server"),
      reply: carrier(first, "client"),
    };
    const patience = Math.min(MAX_PATIENCE, Math.max(MIN_PATIENCE, 3 * longestSilence + 400));
    return {
      first,
      patterns: waysOf([first]),
      turns,
      patience,
      grace: Math.min(patience, Math.max(MIN_GRACE, longestSilence / 2)),
    };
  }

  /** Where an exchange has several connections, the turns that grow with the texts carry them. */
  async #carriers(first: Outcome, watch: ExchangeTiming): Promise<Baseline["turns"] | undefined> {
    const { prepared } = this;
    if (new Set(first.turns.map(({ line }) => line)).size < 2) return undefined;
    const long = await this.#run(
      {
        title: "longer texts",
        folders: this.#keepsFolders ? first.session : "fresh",
        message: makeText(prepared, "a longer message", LONGER),
        reply: makeText(prepared, "a longer reply", LONGER),
      },
      watch,
    );
    const growth = (turn: Turn) =>
      (long.turns.find((other) => isSamePlace(other, turn))?.bytes.length ?? 0) - turn.bytes.length;
    const grown = (direction: Direction) =>
      first.turns
        .filter((turn) => turn.direction === direction && growth(turn) > LONGER / 2)
        .toSorted((a, b) => growth(b) - growth(a))[0];
    return { message: grown("client to server"), reply: grown("server to client") };
  }

  #baselinePlan(title: string): ExchangePlan {
    return { title, folders: "fresh", keep: true };
  }

  async #run(plan: ExchangePlan, timing: ExchangeTiming): Promise<Outcome> {
    const reply = this.#replyOf(plan);
    return this.withSession({ ...plan, reply }, async (session) => {
      const outcome = await this.#exchange(session, { ...plan, reply }, timing);
      await plan.after?.(session, outcome);
      return outcome;
    });
  }

  async #exchange(session: Session, plan: ExchangePlan, timing: ExchangeTiming): Promise<Outcome> {
    const { texts } = this.prepared.manifest;
    const title = plan.title ?? "plain";
    const message = texts.message ?? plan.message ?? this.text(`message, ${this.#numbered(title)}`);
    const reply = plan.reply ?? this.#replies.get(session) ?? "";
    const { attack, during, client, transfer } = plan;
    const outcome = await exchange(
      session,
      { ...timing, message, reply, apart: this.prepared.manifest.files !== undefined },
      { client, transfer, attack, during: during && ((running) => during(session, running)) },
    );
    this.#record(title, outcome);
    return outcome;
  }

  #replyOf({ reply, title = "plain" }: SessionPlan): string {
    return this.prepared.manifest.texts.reply ?? reply ?? this.text(`reply, ${this.#numbered(title)}`);
  }

  /** No two exchanges have the same text by chance. */
  #numbered(title: string): string {
    const number = (this.#titles.get(title) ?? 0) + 1;
    this.#titles.set(title, number);
    return `${title} ${number}`;
  }

  /** Opens a stage for `task`, when its turn comes, and closes it afterwards. @throws NotShown when the server does not listen */
  async withSession<T>(plan: SessionPlan, task: (session: Session) => Promise<T>): Promise<T> {
    // the first exchange itself has nothing to go on from
    const kept =
      this.#keepsFolders && plan.folders === undefined ? (await this.baseline()).first.session : undefined;
    const folders = plan.folders === "fresh" ? undefined : (plan.folders ?? kept);
    return this.#inTurn(async () => {
      const reply = this.#replyOf(plan);
      const session = await this.prepared.open({
        reply,
        tap: clientFirst(plan.attack ?? plan.tap ?? {}),
        preservePieces: plan.inPieces ?? this.#inPieces,
        keepFolders: plan.keep ?? false,
        ...(plan.server !== undefined && { server: plan.server }),
        ...(folders && { foldersFrom: folders }),
        ...(plan.fresh && { freshPrograms: plan.fresh }),
        ...(plan.serverFiles && { serverFiles: plan.serverFiles }),
      });
      this.#replies.set(session, reply);
      try {
        return await task(session);
      } finally {
        await session.close();
      }
    });
  }
}

/** Learns from the exchanges in which the text was printed. */
function waysOf(outcomes: readonly Outcome[]): Baseline["patterns"] {
  const samples = (which: "message" | "reply", side: "server" | "client") =>
    outcomes
      .filter(({ times }) => times[which] > 0)
      .map((outcome) => ({ text: outcome[which], output: outcome.printed[side] }));
  return {
    server: new OutputPatterns(samples("message", "server")),
    client: new OutputPatterns(samples("reply", "client")),
  };
}

function score({ times }: Outcome): number {
  return Number(times.message > 0) * 2 + Number(times.reply > 0);
}

/** The turn in which the text that `side` printed had come: the last one to it before it was printed. */
function carrier({ events, turns, message, reply }: Outcome, side: "server" | "client"): Turn | undefined {
  const text = side === "server" ? message : reply;
  const direction = side === "server" ? "client to server" : "server to client";
  let output = "";
  for (const event of events) {
    if (event.type !== "printed" || event.side !== side) continue;
    output += event.text;
    if (isSearchable(text) && count(output, text) > 0)
      return turns.findLast((turn) => turn.direction === direction && turn.from <= event.at);
  }
  return undefined;
}

/** Ends an attack that cannot be made on this submission. */
export function notShown(reason: string): never {
  throw new NotShown(reason);
}
