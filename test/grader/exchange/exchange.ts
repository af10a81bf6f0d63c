/** One exchange: a client is started before a running server, and all is watched until nothing more comes. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Attack } from "../model/attack.ts";
import type { SessionEvent } from "../model/events.ts";
import type { Outcome } from "../model/outcome.ts";
import type { RunningProgram } from "../model/program.ts";
import type { Session, Transfer } from "../model/session.ts";
import { turnsOf } from "../wire/turns.ts";
import { count } from "./output-patterns.ts";

const STEP = 15;
/** How often a program must be seen at work, one look after the other. */
const WORK_LOOKS = 5;
/** Milliseconds. */
const STALL = 60;

export interface Watch {
  message: string;
  reply: string;
  /** How often each is printed in a plain run; 0: nobody expects it. */
  times: { message: number; reply: number };
  /**
   * Milliseconds without anything new, once the programs have begun to talk, after which nothing more is expected of
   * programs that wait.
   */
  patience: number;
  /** The same once both texts have been printed: something may come a second time. */
  grace: number;
  /** Milliseconds for the whole. */
  limit: number;
  /** Each connection's turns are counted by themselves. */
  apart?: boolean;
}

/** Starts a client on `stage`, and watches until all is said, or nothing more comes. */
export async function exchange(
  session: Session,
  watch: Watch,
  options: {
    client?: string | undefined;
    transfer?: Transfer | undefined;
    attack?: Attack | undefined;
    during?: ((client: RunningProgram) => Promise<void>) | undefined;
  } = {},
): Promise<Outcome> {
  const { server } = session;
  const before = {
    events: session.events.length,
    stdout: server.stdout.length,
    stderr: server.stderr.length,
  };
  const storedBefore = new Map(server.stored);
  const start = performance.now();
  const client = await session.start(watch.message, options.client, options.transfer);
  const endings: Outcome["endings"] = { server: undefined, client: undefined };
  void server.ending.then((ending) => {
    endings.server = ending;
  });
  void client.ending.then((ending) => {
    endings.client = ending;
  });
  const during = options.during?.(client) ?? Promise.resolve();
  const printed = () => ({
    server: [
      server.stdout.slice(before.stdout),
      server.stderr.slice(before.stderr),
      ...storedSince(storedBefore, server),
    ].join("\n"),
    client: [client.stdout, client.stderr, ...client.stored.values()].join("\n"),
  });
  const times = () => {
    const { server: byServer, client: byClient } = printed();
    return { message: count(byServer, watch.message), reply: count(byClient, watch.reply) };
  };

  let busy = true;
  void during.finally(() => {
    busy = false;
  });
  let seen = session.events.length;
  let last = performance.now();
  let looked = last;
  let unfinished = false;
  for (;;) {
    await sleep(STEP);
    const now = performance.now();
    // when this process itself stood still, so did the wire
    const stood = now - looked - STEP;
    if (stood > STALL) last += stood;
    looked = now;
    if (session.events.length !== seen) last = now;
    seen = session.events.length;
    const quiet = now - last;
    if (now - start > watch.limit) {
      unfinished = true;
      break;
    }
    const ended = endings.client !== undefined && endings.server !== undefined;
    if (busy) continue;
    const talking = session.events.slice(before.events).some(({ type }) => type === "connect");
    if (ended && quiet >= 3 * STEP) break;
    // the server may still be at work on what the client said last
    const enough = endings.client
      ? Math.min(watch.patience, Math.max(watch.grace, watch.patience / 2))
      : watch.patience;
    if (quiet >= enough && (talking || endings.client)) {
      // what an attack has done to a program may keep it busy for ever
      if (options.attack?.applied || !(await computes(session))) break;
      last = performance.now();
      looked = last;
      continue;
    }
    if (quiet < Math.min(watch.grace, watch.patience)) continue;
    const got = times();
    if (got.message >= watch.times.message && got.reply >= watch.times.reply) break;
  }
  await during;
  // the next client of this server shall be alone
  await client.stop();
  const events = session.events.slice(before.events);
  // not those of others that talk to the same server
  const own = new Set(
    events.flatMap((event) =>
      event.type === "connect" && event.client === client.number ? [event.connection] : [],
    ),
  );
  return {
    session,
    client,
    message: watch.message,
    reply: watch.reply,
    events,
    turns: turnsOf(events, own, watch.apart),
    printed: printed(),
    times: times(),
    endings,
    applied: options.attack?.applied,
    took: performance.now() - start,
    longestSilence: longestSilence(events),
    unfinished,
  };
}

/** The lines of the files that are new, or others than `before`. */
function storedSince(before: ReadonlyMap<string, string>, { stored }: RunningProgram): string[] {
  return [...stored].flatMap(([path, line]) => (before.get(path) === line ? [] : [line]));
}

/** Says whether a program computes all the time, as when it makes a key: how long that takes is left to chance. */
async function computes(session: Session): Promise<boolean> {
  for (let looks = 0; looks < WORK_LOOKS; looks += 1) {
    if (!session.isComputing()) return false;
    await sleep(STEP);
  }
  return true;
}

/** The longest time without an event between the first connection and the last thing that was printed. */
function longestSilence(events: readonly SessionEvent[]): number {
  const first = events.findIndex(({ type }) => type === "connect");
  const last = events.findLastIndex(({ type }) => type === "printed" || type === "data");
  const times = first < 0 ? [] : events.slice(first, last + 1).map(({ at }) => at);
  return Math.max(0, ...times.slice(1).map((at, index) => at - (times[index] ?? at)));
}
