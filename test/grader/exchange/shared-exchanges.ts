/**
 * The exchanges that the checks of one task run, and those that they share.
 *
 * To the programs, plain and attacked exchanges look alike until an attack is applied. They run in
 * any order, several at a time.
 */
import type { Semaphore } from "../../../lib/async/semaphore.ts";
import type { Outcome } from "../model/outcome.ts";
import type { Session, SessionOptions } from "../model/session.ts";
import { NotShown } from "../model/verdict-errors.ts";
import type { PreparedTask } from "../run/prepared-task.ts";
import { type Baseline, learnBaseline, type Patterns, patternsOf, timingFor } from "./baseline.ts";
import {
  type ExchangePlan,
  ExchangeRunner,
  type RecordExchange,
  type SessionPlan,
} from "./exchange-runner.ts";
import type { ExchangeTiming } from "./is-over.ts";
import { ReusedSessions } from "./reused-sessions.ts";
import { sharedStage } from "./stage.ts";
import { makeText } from "./texts.ts";

const SECOND = 1000;

export interface SharedOptions {
  semaphore: Semaphore;
  /** Seconds that a plain exchange may take. */
  timeout: number;
  /** The programs find their folders as the first exchange left them. */
  keepsFolders: boolean;
  /** Characters of the texts in `longTexts`. */
  longText: number;
  /** Try only the cheapest attack of each kind. */
  quick?: boolean | undefined;
  /** Called with each exchange once it is over. */
  record?: RecordExchange;
  /** Runs what computes beside the exchanges, so that its time is counted. */
  compute?: <T>(task: () => Promise<T>) => Promise<T>;
}

/** Stages that belong to no check alone. */
const FIRST = "the first exchange";
const PLAIN = "other plain exchanges";

/** An exchange in a session of its own. */
export type NewSessionPlan = ExchangePlan & SessionPlan;

/** An exchange that cannot choose how its session is opened. */
export type AnySessionPlan = ExchangePlan & {
  [option in Exclude<keyof SessionOptions, "tap">]?: never;
};

/** An attack is used once: a plan that may run again makes a new one. */
type UnattackedPlan = AnySessionPlan & { attack?: never; tap?: never };

export class SharedExchanges {
  readonly prepared: PreparedTask;
  readonly #options: SharedOptions;
  readonly #runner: ExchangeRunner;
  #baseline: Promise<Baseline> | undefined;
  #sameTexts: Promise<Outcome> | undefined;
  #otherTexts: Promise<Outcome> | undefined;
  #longTexts: Promise<Outcome> | undefined;
  #patterns: Promise<Patterns> | undefined;
  #reused: Promise<ReusedSessions | undefined> | undefined;

  constructor(prepared: PreparedTask, options: SharedOptions) {
    const { semaphore, record = () => {} } = options;
    this.prepared = prepared;
    this.#options = options;
    this.#runner = new ExchangeRunner(prepared, { semaphore, record });
  }

  /** Only the cheapest attack of each kind is to be tried. */
  get isQuick(): boolean {
    return this.#options.quick === true;
  }

  /** The programs transfer files, instead of printing texts. */
  get transfersFiles(): boolean {
    return this.prepared.manifest.files !== undefined;
  }

  /** The texts are fixed in the source of the programs, so that no others can be sent. */
  get hasFixedTexts(): boolean {
    const { texts } = this.prepared.manifest;
    return texts.message !== undefined || texts.reply !== undefined;
  }

  /** @throws NotShown when no other texts can be sent */
  requireFreeTexts(): void {
    if (this.hasFixedTexts)
      throw new NotShown("the texts are fixed in the source (the field texts of the manifest)");
  }

  /** Returns a random text; the same seed and purpose give the same text. */
  text(purpose: string, length?: number): string {
    return makeText(this.prepared, purpose, length);
  }

  /** Returns a random text that is as long as the task's long texts. */
  longText(purpose: string): string {
    return this.text(purpose, this.#options.longText);
  }

  /**
   * The first plain exchange, and what it teaches.
   *
   * @throws NotShown when the programs do not start
   */
  baseline(): Promise<Baseline> {
    this.#baseline ??= sharedStage(FIRST, () =>
      learnBaseline(this.#runner, { limit: this.#limit, keepsFolders: this.#options.keepsFolders }),
    );
    return this.#baseline;
  }

  /** Another plain exchange, with the texts of the first one. */
  sameTexts(): Promise<Outcome> {
    this.#sameTexts ??= sharedStage(PLAIN, async () => {
      const { message, reply } = (await this.baseline()).first;
      return this.runInNewSession({ title: "the same texts again", message, reply });
    });
    return this.#sameTexts;
  }

  /** Another plain exchange, with other texts. */
  otherTexts(): Promise<Outcome> {
    this.#otherTexts ??= sharedStage(PLAIN, () =>
      this.runInNewSession({ title: "other texts", reply: this.text("another reply") }),
    );
    return this.#otherTexts;
  }

  /** Another plain exchange, with texts as long as the task says. */
  longTexts(): Promise<Outcome> {
    this.#longTexts ??= sharedStage(PLAIN, () =>
      this.runInNewSession({
        title: "long texts",
        message: this.longText("long message"),
        reply: this.longText("long reply"),
        patient: true,
      }),
    );
    return this.#longTexts;
  }

  /**
   * How each side shows the text that it received, learnt from two exchanges with different texts.
   */
  patterns(): Promise<Patterns> {
    this.#patterns ??= Promise.all([this.baseline(), this.otherTexts()]).then(([{ first }, other]) =>
      patternsOf([first, other]),
    );
    return this.#patterns;
  }

  /**
   * Runs an exchange: with a server that has served other clients before, if it serves many.
   *
   * @param plan a function if there is an attack: it runs again if an earlier attack had wedged the
   *   server
   */
  async run(plan: UnattackedPlan | (() => AnySessionPlan)): Promise<Outcome> {
    const make = typeof plan === "function" ? plan : () => plan;
    const reused = await this.#reusedSessions();
    return reused ? reused.run(make, await this.#timing(make())) : this.runInNewSession(make());
  }

  /** Which attack made a server stop serving others, with its last words; undefined if none did. */
  async wedged(): Promise<string | undefined> {
    return (await this.#reused?.catch(() => undefined))?.wedged;
  }

  /** Runs an exchange with a server that is started for it. */
  runInNewSession(plan: NewSessionPlan): Promise<Outcome> {
    return this.withSession(plan, (session) => this.#exchange(session, plan));
  }

  /** Runs an exchange in a session that is already open. */
  runIn(session: Session, plan: AnySessionPlan): Promise<Outcome> {
    return this.#exchange(session, plan);
  }

  /**
   * Starts a server for `task`, and ends it afterwards.
   *
   * @throws NotShown when the server does not listen
   */
  async withSession<T>(plan: SessionPlan, task: (session: Session) => Promise<T>): Promise<T> {
    return this.#runner.withSession({ ...(await this.#sessionOptions()), ...plan }, task);
  }

  /** Runs `task`, which computes without an exchange. */
  compute<T>(task: () => Promise<T>): Promise<T> {
    return this.#options.compute?.(task) ?? task();
  }

  /** Starts nothing more, waits for what is running, and ends all servers. */
  async finish(): Promise<void> {
    await this.#runner.finish();
    const reused = await this.#reused?.catch(() => undefined);
    await reused?.close();
  }

  async #exchange(session: Session, plan: ExchangePlan): Promise<Outcome> {
    return this.#runner.exchange(session, plan, await this.#timing(plan));
  }

  get #limit(): number {
    return this.#options.timeout * SECOND;
  }

  async #timing({ patient }: Pick<ExchangePlan, "patient"> = {}): Promise<ExchangeTiming> {
    return timingFor(await this.baseline(), { limit: this.#limit, patient });
  }

  /** What sessions have in common, unless a plan says otherwise. */
  async #sessionOptions(): Promise<SessionOptions> {
    const { first } = await this.baseline();
    return { foldersFrom: this.#options.keepsFolders ? first.session : undefined };
  }

  #reusedSessions(): Promise<ReusedSessions | undefined> {
    this.#reused ??= sharedStage(PLAIN, async () =>
      ReusedSessions.tryOut(this.#runner, await this.baseline(), {
        timing: await this.#timing(),
        options: await this.#sessionOptions(),
      }),
    );
    return this.#reused;
  }
}

/**
 * Makes `run` run once for each task, so that checks can share its result.
 *
 * A check that calls the returned function waits for the run that another one has started.
 *
 * @param stage what it is called in progress and times
 */
export function oncePerTask<T>(
  stage: string,
  run: (exchanges: SharedExchanges) => Promise<T>,
): (exchanges: SharedExchanges) => Promise<T> {
  const results = new WeakMap<SharedExchanges, Promise<T>>();
  return (exchanges) => {
    const known = results.get(exchanges) ?? sharedStage(stage, () => run(exchanges));
    results.set(exchanges, known);
    return known;
  };
}
