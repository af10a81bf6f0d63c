/** The plain exchange, and what it teaches about the two programs. */
import { Buffer } from "node:buffer";
import { setTimeout as sleep } from "node:timers/promises";
import type { Direction, Side } from "../model/direction.ts";
import type { Outcome } from "../model/outcome.ts";
import type { Turn } from "../model/turn.ts";
import { isSamePlace } from "../wire/turns.ts";
import type { ExchangeRunner, SessionPlan } from "./exchange-runner.ts";
import type { ExchangeTiming } from "./is-over.ts";
import { count, OutputPatterns } from "./output-patterns.ts";
import { makeText } from "./texts.ts";

/** All times are in milliseconds. */
const MIN_PATIENCE = 1000;
const MAX_PATIENCE = 10_000;
const MIN_GRACE = 250;
const FIRST_PATIENCE = 6000;
const MIN_LIMIT = 20_000;
const ENDING_TIME = 400;
/** Characters of texts that make the turns which carry them longer. */
const LONGER = 4000;
/** Bytes; shorter texts turn up in other output by chance. */
const MIN_SEARCHABLE = 4;

export interface Baseline {
  /** The first plain exchange. */
  first: Outcome;
  /** How each side shows the text that it received. Without samples if it never showed one. */
  patterns: Patterns;
  /** The turns that carried the texts; undefined where a text was not printed. */
  turns: { message: Turn | undefined; reply: Turn | undefined };
  /** Milliseconds of silence after which nothing more is expected. */
  patience: number;
  /** Milliseconds of silence after which a text that has arrived will not come again. */
  grace: number;
  /** The server went on listening after its first client. */
  listensOn: boolean;
}

export type Patterns = { [side in Side]: OutputPatterns };

/**
 * Runs the first plain exchange, again if it fails, and learns from it.
 *
 * @param options.limit milliseconds that a plain exchange may take
 * @throws NotShown when the programs do not even start
 */
export async function learnBaseline(
  runner: ExchangeRunner,
  { limit, keepsFolders }: { limit: number; keepsFolders: boolean },
): Promise<Baseline> {
  const timing = {
    times: { message: 1, reply: 1 },
    patience: FIRST_PATIENCE,
    grace: MIN_GRACE,
    limit,
  };
  let listensOn = false;
  const run = (plan: SessionPlan, patience = FIRST_PATIENCE) =>
    runner.withSession({ ...plan, keepFolders: true }, async (session) => {
      const outcome = await runner.exchange(session, { title: plan.title }, { ...timing, patience });
      // a server that ends does so soon
      await Promise.race([session.server.ending, sleep(ENDING_TIME)]);
      listensOn = !session.server.ended && (await session.ports()).length > 0;
      return outcome;
    });
  let first = await run({ title: "the first exchange" });
  // the machine may be busy, or the port still taken: try again, with more patience; but programs
  // that were still at work when all their time was up would need the same time again
  if (score(first) < BOTH && !first.unfinished) {
    const again = await run({ title: "another attempt" }, 2 * FIRST_PATIENCE);
    if (score(again) > score(first)) first = again;
  }
  const turns = (await findGrowingTurns(runner, first, { timing, keepsFolders })) ?? {
    message: carrierOf(first, "server"),
    reply: carrierOf(first, "client"),
  };
  const { longestSilence } = first;
  const patience = Math.min(MAX_PATIENCE, Math.max(MIN_PATIENCE, 3 * longestSilence + 400));
  const grace = Math.min(patience, Math.max(MIN_GRACE, longestSilence / 2));
  return { first, patterns: patternsOf([first]), turns, patience, grace, listensOn };
}

/**
 * How long another exchange is watched.
 *
 * @param limit milliseconds that a plain exchange may take
 */
export function timingFor(
  { first, patience: usual, grace }: Baseline,
  { limit, patient = false }: { limit: number; patient?: boolean | undefined },
): ExchangeTiming {
  const { times } = first;
  const patience = patient ? Math.max(2 * FIRST_PATIENCE, 3 * usual) : usual;
  if (patient) return { times, patience, grace, limit };
  // a busy machine stretches an exchange of many small steps
  const usualLimit = Math.max(MIN_LIMIT, 4 * first.took + 2 * patience);
  return { times, patience, grace, limit: Math.min(limit, usualLimit) };
}

/** Says whether each text arrived as often as in the first exchange. */
export function worksLike({ first }: Baseline, { times }: Outcome): boolean {
  return times.message >= first.times.message && times.reply >= first.times.reply;
}

/** Learns how each side shows a text from the exchanges in which it did. */
export function patternsOf(outcomes: readonly Outcome[]): Patterns {
  const samples = (which: "message" | "reply", side: Side) =>
    outcomes
      .filter(({ times }) => times[which] > 0)
      .map((outcome) => ({ text: outcome[which], output: outcome.printed[side] }));
  return {
    server: new OutputPatterns(samples("message", "server")),
    client: new OutputPatterns(samples("reply", "client")),
  };
}

/** The score of an exchange in which both texts arrived. */
const BOTH = 3;

function score({ times }: Outcome): number {
  return Number(times.message > 0) * 2 + Number(times.reply > 0);
}

/** Where an exchange has several connections, the turns that grow with the texts carry them. */
async function findGrowingTurns(
  runner: ExchangeRunner,
  first: Outcome,
  { timing, keepsFolders }: { timing: ExchangeTiming; keepsFolders: boolean },
): Promise<Baseline["turns"] | undefined> {
  if (new Set(first.turns.map(({ line }) => line)).size < 2) return undefined;
  const { prepared } = runner;
  const title = "longer texts";
  const message = makeText(prepared, "a longer message", LONGER);
  const reply = makeText(prepared, "a longer reply", LONGER);
  const foldersFrom = keepsFolders ? first.session : undefined;
  const long = await runner.withSession({ title, reply, foldersFrom }, (session) =>
    runner.exchange(session, { title, message }, timing),
  );
  const growth = (turn: Turn) =>
    (long.turns.find((other) => isSamePlace(other, turn))?.bytes.length ?? 0) - turn.bytes.length;
  const grown = (direction: Direction) =>
    first.turns
      .filter((turn) => turn.direction === direction && growth(turn) > LONGER / 2)
      .toSorted((a, b) => growth(b) - growth(a))[0];
  return { message: grown("client to server"), reply: grown("server to client") };
}

/** The turn that carried the text which `side` printed: the last one to it before the text. */
function carrierOf({ events, turns, message, reply }: Outcome, side: Side): Turn | undefined {
  const text = side === "server" ? message : reply;
  if (Buffer.byteLength(text) < MIN_SEARCHABLE) return undefined;
  const direction = side === "server" ? "client to server" : "server to client";
  let output = "";
  for (const event of events) {
    if (event.type !== "printed" || event.side !== side) continue;
    output += event.text;
    if (count(output, text) > 0)
      return turns.findLast((turn) => turn.direction === direction && turn.from <= event.at);
  }
  return undefined;
}
