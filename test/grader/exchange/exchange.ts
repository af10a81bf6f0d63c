/** One exchange: starts a client against a running server, and watches until nothing more comes. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Attack } from "../model/attack.ts";
import type { SessionEvent } from "../model/events.ts";
import type { Outcome } from "../model/outcome.ts";
import type { RunningProgram } from "../model/program.ts";
import type { Session, Transfer } from "../model/session.ts";
import { turnsOf } from "../wire/turns.ts";
import { type ExchangeTiming, type Progress, QuietClock, STEP, stateOf } from "./is-over.ts";
import { count } from "./output-patterns.ts";

/** Looks in a row at which a program must be computing. */
const WORK_LOOKS = 5;

export interface ExchangeRequest extends ExchangeTiming {
  message: string;
  reply: string;
  /** Count the turns of each connection separately. */
  apart?: boolean;
}

export interface ExchangeOptions {
  client?: string | undefined;
  transfer?: Transfer | undefined;
  /** The attack that the tap of the session applies. */
  attack?: Attack | undefined;
  /** Runs beside the exchange once the client has been started. */
  during?: ((client: RunningProgram) => Promise<void>) | undefined;
}

/**
 * Starts a client in `session`, and watches until both texts have arrived or nothing more comes.
 */
export async function exchange(
  session: Session,
  request: ExchangeRequest,
  options: ExchangeOptions = {},
): Promise<Outcome> {
  const { message, reply } = request;
  const { attack } = options;
  const { server } = session;
  const firstEvent = session.events.length;
  const serverBefore = markOf(server);
  const start = performance.now();
  const client = await session.start(message, options.client, options.transfer);
  const printed = () => ({ server: outputOf(server, serverBefore), client: outputOf(client) });
  const times = ({ server, client } = printed()) => ({
    message: count(server, message),
    reply: count(client, reply),
  });
  let isBusy = true;
  const attackersTime = new Stopwatch();
  const during = options.during?.(client) ?? Promise.resolve();
  const settled = () => {
    isBusy = false;
  };
  void during.then(settled, settled);
  const finished = await untilOver(session, request, {
    isAttacked: () => attack?.applied !== undefined,
    progress: () => ({
      // programs are not late if they wait for an attack
      elapsed: performance.now() - start - attackersTime.look(attack?.isWorking === true),
      isBusy: isBusy || attack?.isWorking === true,
      hasConnected: session.events.slice(firstEvent).some(({ type }) => type === "connect"),
      hasEnded: { client: client.ended !== undefined, server: server.ended !== undefined },
      haveTextsArrived() {
        const got = times();
        return got.message >= request.times.message && got.reply >= request.times.reply;
      },
    }),
  });
  await during;
  const endings = { server: server.ended, client: client.ended };
  // so that the next client has the server to itself
  await client.stop();
  const events = session.events.slice(firstEvent);
  const output = printed();
  return {
    session,
    client,
    message,
    reply,
    events,
    turns: turnsOf(events, connectionsOf(client, events), request.apart),
    printed: output,
    times: times(output),
    endings,
    applied: attack?.applied,
    took: performance.now() - start,
    longestSilence: longestSilence(events),
    unfinished: !finished,
  };
}

/** Measures for how long something has been so. */
class Stopwatch {
  #total = 0;
  #last = performance.now();

  /** Returns the milliseconds in all, those since the last look included if it `isSo`. */
  look(isSo: boolean): number {
    const now = performance.now();
    if (isSo) this.#total += now - this.#last;
    this.#last = now;
    return this.#total;
  }
}

/** Resolves to true once nothing more is expected, or to false if the limit is reached first. */
async function untilOver(
  session: Session,
  timing: ExchangeTiming,
  { progress, isAttacked }: { progress: () => Omit<Progress, "quiet">; isAttacked: () => boolean },
): Promise<boolean> {
  const clock = new QuietClock(performance.now(), session.events.length);
  for (;;) {
    await sleep(STEP);
    const quiet = clock.look(performance.now(), session.events.length);
    const state = stateOf({ ...progress(), quiet }, timing);
    if (state === "over") return true;
    if (state === "timed out") return false;
    if (state === "silent") {
      // an attack may keep a program busy forever
      if (isAttacked() || !(await isComputing(session))) return true;
      clock.restart(performance.now());
    }
  }
}

/** Says whether a program computes continuously, as when it makes a key: that may take any time. */
async function isComputing(session: Session): Promise<boolean> {
  for (let looks = 0; looks < WORK_LOOKS; looks += 1) {
    if (!session.isComputing()) return false;
    await sleep(STEP);
  }
  return true;
}

type Output = Pick<RunningProgram, "stdout" | "stderr" | "stored">;
const NOTHING: Output = { stdout: "", stderr: "", stored: new Map() };

function markOf({ stdout, stderr, stored }: Output): Output {
  return { stdout, stderr, stored: new Map(stored) };
}

/** Everything that a program has printed and stored since `before`. */
function outputOf({ stdout, stderr, stored }: Output, before = NOTHING): string {
  const files = [...stored].filter(([path, line]) => before.stored.get(path) !== line);
  return [
    stdout.slice(before.stdout.length),
    stderr.slice(before.stderr.length),
    ...files.map(([, line]) => line),
  ].join("\n");
}

/** The client's own connections: others may talk to the same server. */
function connectionsOf(client: RunningProgram, events: readonly SessionEvent[]): Set<number> {
  return new Set(
    events.flatMap((event) =>
      event.type === "connect" && event.client === client.number ? [event.connection] : [],
    ),
  );
}

/** The longest time without an event between the first connection and the last output. */
function longestSilence(events: readonly SessionEvent[]): number {
  const first = events.findIndex(({ type }) => type === "connect");
  const last = events.findLastIndex(({ type }) => type === "printed" || type === "data");
  const times = first < 0 ? [] : events.slice(first, last + 1).map(({ at }) => at);
  return Math.max(0, ...times.slice(1).map((at, index) => at - (times[index] ?? at)));
}
