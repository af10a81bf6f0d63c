/** Runs the exchanges of one task: a limited number at a time, each with texts of its own. */
import type { Semaphore } from "../../../lib/async/semaphore.ts";
import { clientFirst } from "../attacks/client-first.ts";
import type { Attack } from "../model/attack.ts";
import type { Outcome } from "../model/outcome.ts";
import type { RunningProgram } from "../model/program.ts";
import type { Session, SessionOptions, Transfer } from "../model/session.ts";
import type { Tap } from "../model/tap.ts";
import { NotShown } from "../model/verdict-errors.ts";
import type { PreparedTask } from "../run/prepared-task.ts";
import { exchange } from "./exchange.ts";
import type { ExchangeTiming } from "./is-over.ts";
import { makeText } from "./texts.ts";

export type RecordExchange = (title: string, outcome: Outcome) => void;

/** What sits on the wire, if anything: an attack, or a tap that no peer may object to. */
interface OnTheWire {
  attack?: Attack | undefined;
  tap?: Tap | undefined;
}

/** A client's exchange with a server. */
export interface ExchangePlan extends OnTheWire {
  /** The purpose, as transcripts show it. Texts that are not given follow from it. */
  title: string;
  message?: string | undefined;
  /** A client of the manifest other than "client". */
  client?: string | undefined;
  /** The files to transfer, in a task whose programs transfer files; by default the texts. */
  transfer?: Transfer | undefined;
  /** Runs beside the exchange once its client has been started. */
  during?: ((session: Session, client: RunningProgram) => Promise<void>) | undefined;
  /** Wait as long as in the first exchange before a text counts as lost. */
  patient?: boolean;
}

/** A server that is started for one purpose, and the wire in front of it. */
export interface SessionPlan extends OnTheWire, Omit<SessionOptions, "tap"> {
  title: string;
}

export class ExchangeRunner {
  readonly prepared: PreparedTask;
  readonly #semaphore: Semaphore;
  readonly #record: RecordExchange;
  readonly #running = new Set<Promise<unknown>>();
  readonly #titles = new Map<string, number>();
  /** The text that the server of each session was given. */
  readonly #replies = new WeakMap<Session, string>();
  #isFinished = false;

  /** @param record is called with each exchange once it is over */
  constructor(
    prepared: PreparedTask,
    { semaphore, record }: { semaphore: Semaphore; record: RecordExchange },
  ) {
    this.prepared = prepared;
    this.#semaphore = semaphore;
    this.#record = record;
  }

  /** Runs `task` when there is room for it. @throws NotShown after `finish` */
  async inTurn<T>(task: () => Promise<T>): Promise<T> {
    return this.#semaphore.run(async () => {
      if (this.#isFinished) throw new NotShown("all checks had finished");
      const run = task();
      this.#running.add(run);
      try {
        return await run;
      } finally {
        this.#running.delete(run);
      }
    });
  }

  /** Starts nothing more, and waits for what is running. */
  async finish(): Promise<void> {
    this.#isFinished = true;
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  /**
   * Opens a session for `task` when there is room for it, and closes it afterwards.
   *
   * @throws NotShown when the server does not listen
   */
  withSession<T>(plan: SessionPlan, task: (session: Session) => Promise<T>): Promise<T> {
    return this.inTurn(async () => {
      const session = await this.open(plan);
      try {
        return await task(session);
      } finally {
        await session.close();
      }
    });
  }

  /** Opens a session, out of turn. The caller closes it. */
  async open({ title, attack, tap, ...options }: SessionPlan): Promise<Session> {
    const { texts } = this.prepared.manifest;
    const reply = texts.reply ?? options.reply ?? this.#nextText("reply", title);
    const session = await this.prepared.open({ ...options, reply, tap: clientFirst(attack ?? tap ?? {}) });
    this.#replies.set(session, reply);
    return session;
  }

  /** Runs an exchange in a session that is already open. */
  async exchange(session: Session, plan: ExchangePlan, timing: ExchangeTiming): Promise<Outcome> {
    const { title, client, transfer, attack, during } = plan;
    const { texts, files } = this.prepared.manifest;
    const outcome = await exchange(
      session,
      {
        ...timing,
        message: texts.message ?? plan.message ?? this.#nextText("message", title),
        reply: this.#replies.get(session) ?? "",
        apart: files !== undefined,
      },
      { client, transfer, attack, during: during && ((running) => during(session, running)) },
    );
    this.#record(title, outcome);
    return outcome;
  }

  /** Returns a text that no other exchange has. */
  #nextText(which: "message" | "reply", title: string): string {
    const number = (this.#titles.get(title) ?? 0) + 1;
    this.#titles.set(title, number);
    return makeText(this.prepared, `${which}, ${title} ${number}`);
  }
}
