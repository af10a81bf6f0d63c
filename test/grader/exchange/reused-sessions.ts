/**
 * Servers that serve one client after the other: each exchange takes one that is idle. An attack
 * counts only if the server was serving when it came.
 */
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
/** Characters of a server's output in a reason. */
const LAST_WORDS = 200;

interface ReusedSession {
  session: Session;
  tap: ReplaceableTap;
}

export class ReusedSessions {
  readonly #runner: ExchangeRunner;
  readonly #baseline: Baseline;
  /** For sessions that are opened later. */
  readonly #options: SessionOptions;
  readonly #idle: ReusedSession[] = [];
  /** Which attack the first server that stopped serving had seen last, and what it said. */
  wedged: string | undefined;

  private constructor(runner: ExchangeRunner, baseline: Baseline, options: SessionOptions) {
    this.#runner = runner;
    this.#baseline = baseline;
    this.#options = options;
  }

  /** Resolves to undefined if the server does not serve one client after the other. */
  static async tryOut(
    runner: ExchangeRunner,
    baseline: Baseline,
    { timing, options }: { timing: ExchangeTiming; options: SessionOptions },
  ): Promise<ReusedSessions | undefined> {
    if (!baseline.listensOn) return undefined;
    const sessions = new ReusedSessions(runner, baseline, options);
    return runner.inTurn(async () => {
      const reused = await sessions.#open();
      for (let trial = 0; trial < TRIALS; trial += 1) {
        if (await sessions.#serves(reused, timing)) continue;
        await reused.session.close();
        return undefined;
      }
      sessions.#idle.push(reused);
      return sessions;
    });
  }

  /**
   * Runs an exchange with a server that has served another client before. If the server showed no
   * life and does not serve a plain client either, an earlier attack may have wedged it: the
   * exchange runs again with a fresh one.
   */
  async run(make: () => ExchangePlan, timing: ExchangeTiming): Promise<Outcome> {
    return this.#runner.inTurn(async () => {
      const used = await this.#takeIdle();
      if (used) {
        const plan = make();
        const outcome = await this.#exchange(used, plan, timing);
        if (await this.#keep(used, { plan, outcome, timing })) return outcome;
      }
      const fresh = await this.#open();
      await this.#serves(fresh, timing);
      const plan = make();
      const outcome = await this.#exchange(fresh, plan, timing);
      await this.#keep(fresh, { plan, outcome, timing });
      return outcome;
    });
  }

  /** Closes all sessions. */
  async close(): Promise<void> {
    await Promise.all(this.#idle.splice(0).map(({ session }) => session.close()));
  }

  async #exchange(
    { session, tap }: ReusedSession,
    plan: ExchangePlan,
    timing: ExchangeTiming,
  ): Promise<Outcome> {
    tap.use(plan.attack ?? plan.tap ?? {});
    try {
      return await this.#runner.exchange(session, plan, timing);
    } finally {
      tap.release();
    }
  }

  /** Keeps a server that still serves for later exchanges, and closes any other. */
  async #keep(
    used: ReusedSession,
    { plan, outcome, timing }: { plan: ExchangePlan; outcome: Outcome; timing: ExchangeTiming },
  ): Promise<boolean> {
    const { session } = used;
    const { ended } = session.server;
    if (ended || (await session.ports()).length === 0) {
      await session.close();
      // a server whose time was up would have gone on
      return ended?.stopReason !== "time";
    }
    if (showsLife(outcome) || (await this.#serves(used, timing))) {
      this.#idle.push(used);
      return true;
    }
    this.wedged ??= `after "${plan.title}" it served no more, and its last words were: ${lastWords(session)}`;
    await session.close();
    return false;
  }

  async #takeIdle(): Promise<ReusedSession | undefined> {
    for (let used = this.#idle.pop(); used; used = this.#idle.pop()) {
      if (!used.session.server.ended) return used;
      await used.session.close();
    }
    return undefined;
  }

  async #serves(used: ReusedSession, timing: ExchangeTiming): Promise<boolean> {
    return worksLike(this.#baseline, await this.#exchange(used, PLAIN, timing));
  }

  async #open(): Promise<ReusedSession> {
    const tap = new ReplaceableTap();
    const session = await this.#runner.open({ ...this.#options, title: TITLE, tap });
    return { session, tap };
  }
}

/** The server printed something, or answered. */
function showsLife({ events }: Outcome): boolean {
  return events.some(
    (event) =>
      (event.type === "printed" && event.side === "server") ||
      (event.type === "data" && event.direction === "server to client" && event.bytes.length > 0),
  );
}

function lastWords({ server }: Session): string {
  return `${server.stdout}${server.stderr}`.trim().slice(-LAST_WORDS) || "(none)";
}
