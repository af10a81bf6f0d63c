/** Servers that serve one client after the other: each exchange takes one that is idle. */
import { ReplaceableTap } from "../attacks/replaceable-tap.ts";
import type { Outcome } from "../model/outcome.ts";
import type { Session, SessionOptions } from "../model/session.ts";
import { type Baseline, worksLike } from "./baseline.ts";
import type { ExchangePlan, ExchangeRunner } from "./exchange-runner.ts";
import type { ExchangeTiming } from "./is-over.ts";

const PLAIN = { title: "plain" };
const TITLE = "many clients";
/** Exchanges after which a server counts as one that serves many. */
const TRIALS = 2;

interface ReusedSession {
  session: Session;
  tap: ReplaceableTap;
}

export class ReusedSessions {
  readonly #runner: ExchangeRunner;
  /** For sessions that are opened later. */
  readonly #options: SessionOptions;
  readonly #idle: ReusedSession[] = [];

  private constructor(runner: ExchangeRunner, options: SessionOptions) {
    this.#runner = runner;
    this.#options = options;
  }

  /** Resolves to undefined if the server does not serve one client after the other. */
  static async tryOut(
    runner: ExchangeRunner,
    baseline: Baseline,
    { timing, options }: { timing: ExchangeTiming; options: SessionOptions },
  ): Promise<ReusedSessions | undefined> {
    if (!baseline.listensOn) return undefined;
    const sessions = new ReusedSessions(runner, options);
    return runner.inTurn(async () => {
      const reused = await sessions.#open();
      for (let trial = 0; trial < TRIALS; trial += 1) {
        if (worksLike(baseline, await runner.exchange(reused.session, PLAIN, timing))) continue;
        await reused.session.close();
        return undefined;
      }
      sessions.#idle.push(reused);
      return sessions;
    });
  }

  /** Runs an exchange with a server that has served another client before. */
  async run(plan: ExchangePlan, timing: ExchangeTiming): Promise<Outcome> {
    return this.#runner.inTurn(async () => {
      const reused = this.#idle.pop() ?? (await this.#openUsed(timing));
      reused.tap.current = plan.attack ?? plan.tap ?? {};
      try {
        return await this.#runner.exchange(reused.session, plan, timing);
      } finally {
        reused.tap.current = {};
        const { server } = reused.session;
        const listens = !server.ended && (await reused.session.ports()).length > 0;
        if (listens) this.#idle.push(reused);
        else await reused.session.close();
      }
    });
  }

  /** Closes all sessions, each after `last`, and returns what that returned for each. */
  async close<T>(last: (session: Session) => Promise<T>): Promise<T[]> {
    return Promise.all(
      this.#idle.splice(0).map(async ({ session }) => {
        try {
          return await last(session);
        } finally {
          await session.close();
        }
      }),
    );
  }

  async #openUsed(timing: ExchangeTiming): Promise<ReusedSession> {
    const reused = await this.#open();
    await this.#runner.exchange(reused.session, PLAIN, timing);
    return reused;
  }

  async #open(): Promise<ReusedSession> {
    const tap = new ReplaceableTap();
    const session = await this.#runner.open({ ...this.#options, title: TITLE, tap });
    return { session, tap };
  }
}
