/**
 * The exchanges that the checks of one task run, and what they share: the plain ones, and what is known from those.
 *
 * Plain and attacked exchanges look alike to the programs until an attack strikes, and run in any order between each other.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Attack } from "./attacks/attack.ts";
import { politely } from "./attacks/polite.ts";
import { SwitchedTap } from "./attacks/switched.ts";
import { NotShown } from "./check.ts";
import { exchange, type Outcome, type Watch } from "./exchange.ts";
import { isSearchable } from "./find-text.ts";
import type { Lab, Laid, Running, Stage, Tap, Transfer } from "./lab.ts";
import { count, Ways } from "./printed.ts";
import type { Slots } from "./slots.ts";
import { makeText } from "./texts.ts";
import { isSamePlace, type Turn } from "./turns.ts";
import type { Direction } from "./wiretap.ts";

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

export interface StagePlan {
  /** What it is tried for; texts that are not given follow from it. */
  title?: string;
  /** Where it must be a certain one; then no server that runs already will do. */
  reply?: string | undefined;
  /** Another server of the manifest than "server". */
  server?: string | undefined;
  /** What the programs find in their folders; by default what the task says. */
  folders?: Stage | "fresh" | undefined;
  /** Names of programs that begin with a fresh copy all the same. */
  fresh?: readonly string[] | undefined;
  /** Keep the folders for later stages. */
  keep?: boolean;
  /** What lies in the server's folder besides. */
  lay?: readonly Laid[];
  attack?: Attack | undefined;
  tap?: Tap | undefined;
  /** As `StageOptions` has it, where that is not as in the plain exchange. */
  inPieces?: boolean;
  /** Wait as long as in the first exchange before it is said that a text did not arrive. */
  patient?: boolean;
}

export interface Plan extends StagePlan {
  message?: string | undefined;
  /** Another client of the manifest than "client". */
  client?: string | undefined;
  /** What it carries, in a task whose programs carry files, where that is not the texts. */
  transfer?: Transfer | undefined;
  /** Runs beside the exchange, once its client has been started. */
  during?: ((stage: Stage, client: Running) => Promise<void>) | undefined;
  /** Runs after it, before the stage is closed. */
  after?: ((stage: Stage, outcome: Outcome) => Promise<void>) | undefined;
}

/** What the plain runs taught. */
export interface Plain {
  first: Outcome;
  /** How each side shows what it received; without samples, where it never did. */
  ways: { server: Ways; client: Ways };
  /** The turns that carried the texts; undefined where a text was not printed. */
  turns: { message: Turn | undefined; reply: Turn | undefined };
  /** Milliseconds. */
  patience: number;
  grace: number;
}

/** An exchange on a stage that is open already. */
export type OnStage = Pick<
  Plan,
  "title" | "message" | "client" | "transfer" | "attack" | "during" | "patient"
>;

/** How long an exchange is watched. */
type Manner = Pick<Watch, "times" | "patience" | "grace" | "limit">;

/** A server that serves one client after the other. */
interface Lane {
  stage: Stage;
  tap: SwitchedTap;
}

export class Trials {
  readonly lab: Lab;
  /** Whether the programs find their folders as an earlier exchange left them. */
  readonly #keepsFolders: boolean;
  readonly #slots: Slots;
  /** Milliseconds that a plain exchange may take. */
  readonly #limit: number;
  #plain: Promise<Plain> | undefined;
  #again: Promise<Outcome> | undefined;
  #other: Promise<Outcome> | undefined;
  #ways: Promise<Plain["ways"]> | undefined;
  readonly #titles = new Map<string, number>();
  readonly #record: (title: string, outcome: Outcome) => void;
  #listensOn = false;
  /** The programs talk only if what they write in several pieces comes so. */
  #inPieces = false;
  #serving: Promise<boolean> | undefined;
  readonly #lanes: Lane[] = [];
  /** What is under way. */
  readonly #running = new Set<Promise<unknown>>();
  #over = false;
  /** What the server of each stage was told to say. */
  readonly #replies = new WeakMap<Stage, string>();

  constructor(
    lab: Lab,
    options: {
      slots: Slots;
      timeout: number;
      keepsFolders: boolean;
      /** Is given each exchange when it is over. */
      record?: (title: string, outcome: Outcome) => void;
    },
  ) {
    this.lab = lab;
    this.#slots = options.slots;
    this.#limit = options.timeout * SECOND;
    this.#keepsFolders = options.keepsFolders;
    this.#record = options.record ?? (() => {});
  }

  /** Whether the texts stand in the source, so that no others can be sent. */
  get fixedTexts(): boolean {
    const { texts } = this.lab.manifest;
    return texts.message !== undefined || texts.reply !== undefined;
  }

  /** A random text, the same for the same seed and purpose. */
  text(purpose: string, length?: number): string {
    return makeText(this.lab, purpose, length);
  }

  /** The first plain exchange, and what it taught. @throws NotShown when the programs do not even start */
  plain(): Promise<Plain> {
    this.#plain ??= this.#runPlain();
    return this.#plain;
  }

  /** Other texts in another plain exchange. */
  other(): Promise<Outcome> {
    this.#other ??= this.plain().then(() =>
      this.run({ title: "other texts", reply: this.text("another reply") }),
    );
    return this.#other;
  }

  /** How each side shows what it received, learnt from texts that differ. */
  ways(): Promise<Plain["ways"]> {
    this.#ways ??= Promise.all([this.plain(), this.other()]).then(([{ first }, other]) =>
      waysOf([first, other]),
    );
    return this.#ways;
  }

  /** The same texts in another plain exchange. */
  again(): Promise<Outcome> {
    this.#again ??= this.plain().then(({ first }) =>
      this.run({ title: "the same texts again", message: first.message, reply: first.reply }),
    );
    return this.#again;
  }

  /** Runs an exchange: with a server that has served others before, where it serves many; else on a stage of its own. */
  async run(plan: Plan): Promise<Outcome> {
    const manner = await this.#watch(plan);
    const { reply, server, folders, fresh, after, keep, ...rest } = plan;
    const special = (reply ?? server ?? folders ?? fresh ?? after ?? keep ?? plan.lay) !== undefined;
    return special || !(await this.#servesMany()) ? this.#run(plan, manner) : this.#runOnLane(rest, manner);
  }

  /** Closes what is still open, after a plain exchange on each; returns how many of those did not work. */
  async close(): Promise<number> {
    const { times } = (await this.plain()).first;
    const last = await Promise.all(
      this.#lanes.splice(0).map(async (lane) => {
        try {
          const outcome = await this.#exchange(
            lane.stage,
            { title: "after all attacks" },
            await this.#watch({ patient: true }),
          );
          return outcome.times.message >= times.message && outcome.times.reply >= times.reply;
        } finally {
          await lane.stage.close();
        }
      }),
    );
    return last.filter((works) => !works).length;
  }

  /** Lets nothing begin any more, and waits for what is under way: a check that has its proof does not wait for its other exchanges. */
  async finish(): Promise<void> {
    this.#over = true;
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
    await Promise.all(this.#lanes.splice(0).map(({ stage }) => stage.close()));
  }

  /** Runs `task` when there is room for it. */
  async #inTurn<T>(task: () => Promise<T>): Promise<T> {
    return this.#slots.use(async () => {
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
    this.#serving ??= this.plain().then(async ({ first }) => {
      if (!this.#listensOn) return false;
      const manner = await this.#watch();
      return this.#inTurn(async () => {
        const lane = await this.#openLane();
        for (let count = 0; count < 2; count += 1) {
          const { times } = await this.#exchange(lane.stage, {}, manner);
          if (times.message >= first.times.message && times.reply >= first.times.reply) continue;
          await lane.stage.close();
          return false;
        }
        this.#lanes.push(lane);
        return true;
      });
    });
    return this.#serving;
  }

  async #runOnLane(plan: Plan, manner: Manner): Promise<Outcome> {
    return this.#inTurn(async () => {
      let lane = this.#lanes.pop();
      if (!lane) {
        lane = await this.#openLane();
        // never the first client
        await this.#exchange(lane.stage, {}, manner);
      }
      lane.tap.current = plan.attack ?? plan.tap ?? {};
      try {
        return await this.#exchange(lane.stage, plan, manner);
      } finally {
        lane.tap.current = {};
        const listens = !lane.stage.server.ended && (await lane.stage.ports()).length > 0;
        if (listens) this.#lanes.push(lane);
        else await lane.stage.close();
      }
    });
  }

  async #openLane(): Promise<Lane> {
    const tap = new SwitchedTap();
    const reply = this.#replyOf({ title: "many clients" });
    const folders = this.#keepsFolders ? (await this.plain()).first.stage : undefined;
    const stage = await this.lab.open({
      reply,
      tap: politely(tap),
      inPieces: this.#inPieces,
      ...(folders && { folders }),
    });
    this.#replies.set(stage, reply);
    return { stage, tap };
  }

  /** Runs an exchange on a stage that is open already. */
  async runOn(stage: Stage, plan: OnStage): Promise<Outcome> {
    return this.#exchange(stage, plan, await this.#watch(plan));
  }

  async #watch({ patient }: Pick<Plan, "patient"> = {}): Promise<Manner> {
    const { first, patience: usual, grace } = await this.plain();
    const patience = patient ? Math.max(2 * FIRST_PATIENCE, 3 * usual) : usual;
    // a machine that is busy stretches what takes many small steps
    const limit = patient
      ? this.#limit
      : Math.min(this.#limit, Math.max(MIN_LIMIT, 4 * first.took + 2 * patience));
    return { times: first.times, patience, grace, limit };
  }

  async #runPlain(): Promise<Plain> {
    const watch = {
      times: { message: 1, reply: 1 },
      patience: FIRST_PATIENCE,
      grace: MIN_GRACE,
      limit: this.#limit,
    };
    const after = async (stage: Stage) => {
      // a server that ends does so soon
      await Promise.race([stage.server.ending, sleep(ENDING_TIME)]);
      this.#listensOn = !stage.server.ended && (await stage.ports()).length > 0;
    };
    let first = await this.#run({ ...this.#plainPlan("the first exchange"), after }, watch);
    // a machine that is busy, or a port that was still taken: a second chance, with all the time that there is, and a third where
    // one read is one piece: the next may be there already when it is late
    for (const inPieces of [false, true]) {
      if (first.times.message > 0 && first.times.reply > 0) break;
      const next = await this.#run(
        { ...this.#plainPlan("another attempt"), inPieces, after },
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
      ways: waysOf([first]),
      turns,
      patience,
      grace: Math.min(patience, Math.max(MIN_GRACE, longestSilence / 2)),
    };
  }

  /** Where an exchange has several connections, the turns that grow with the texts carry them. */
  async #carriers(first: Outcome, watch: Manner): Promise<Plain["turns"] | undefined> {
    const { lab } = this;
    if (new Set(first.turns.map(({ line }) => line)).size < 2) return undefined;
    const long = await this.#run(
      {
        title: "longer texts",
        folders: this.#keepsFolders ? first.stage : "fresh",
        message: makeText(lab, "a longer message", LONGER),
        reply: makeText(lab, "a longer reply", LONGER),
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

  #plainPlan(title: string): Plan {
    return { title, folders: "fresh", keep: true };
  }

  async #run(plan: Plan, manner: Manner): Promise<Outcome> {
    const reply = this.#replyOf(plan);
    return this.withStage({ ...plan, reply }, async (stage) => {
      const outcome = await this.#exchange(stage, { ...plan, reply }, manner);
      await plan.after?.(stage, outcome);
      return outcome;
    });
  }

  async #exchange(stage: Stage, plan: Plan, manner: Manner): Promise<Outcome> {
    const { texts } = this.lab.manifest;
    const title = plan.title ?? "plain";
    const message = texts.message ?? plan.message ?? this.text(`message, ${this.#numbered(title)}`);
    const reply = plan.reply ?? this.#replies.get(stage) ?? "";
    const { attack, during, client, transfer } = plan;
    const outcome = await exchange(
      stage,
      { ...manner, message, reply, apart: this.lab.manifest.files !== undefined },
      { client, transfer, attack, during: during && ((running) => during(stage, running)) },
    );
    this.#record(title, outcome);
    return outcome;
  }

  #replyOf({ reply, title = "plain" }: StagePlan): string {
    return this.lab.manifest.texts.reply ?? reply ?? this.text(`reply, ${this.#numbered(title)}`);
  }

  /** No two exchanges have the same text by chance. */
  #numbered(title: string): string {
    const number = (this.#titles.get(title) ?? 0) + 1;
    this.#titles.set(title, number);
    return `${title} ${number}`;
  }

  /** Opens a stage for `task`, when its turn comes, and closes it afterwards. @throws NotShown when the server does not listen */
  async withStage<T>(plan: StagePlan, task: (stage: Stage) => Promise<T>): Promise<T> {
    // the first exchange itself has nothing to go on from
    const kept =
      this.#keepsFolders && plan.folders === undefined ? (await this.plain()).first.stage : undefined;
    const folders = plan.folders === "fresh" ? undefined : (plan.folders ?? kept);
    return this.#inTurn(async () => {
      const reply = this.#replyOf(plan);
      const stage = await this.lab.open({
        reply,
        tap: politely(plan.attack ?? plan.tap ?? {}),
        inPieces: plan.inPieces ?? this.#inPieces,
        keep: plan.keep ?? false,
        ...(plan.server !== undefined && { server: plan.server }),
        ...(folders && { folders }),
        ...(plan.fresh && { fresh: plan.fresh }),
        ...(plan.lay && { lay: plan.lay }),
      });
      this.#replies.set(stage, reply);
      try {
        return await task(stage);
      } finally {
        await stage.close();
      }
    });
  }
}

/** Learns from the exchanges in which the text was printed. */
function waysOf(outcomes: readonly Outcome[]): Plain["ways"] {
  const samples = (which: "message" | "reply", side: "server" | "client") =>
    outcomes
      .filter(({ times }) => times[which] > 0)
      .map((outcome) => ({ text: outcome[which], output: outcome.printed[side] }));
  return { server: new Ways(samples("message", "server")), client: new Ways(samples("reply", "client")) };
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
