/** Finds out how a submission is started: tries plans, and improves them by what it sees. */
import { NotShown } from "../model/verdict-errors.ts";
import { argumentsFor } from "./arguments.ts";
import { launchOf } from "./build.ts";
import { type Found, findingsOf, type TextFinding } from "./findings.ts";
import { type Facts, improve, keyOf } from "./improve.ts";
import type { Plan } from "./plan.ts";
import { findPairs, type Pair } from "./programs.ts";
import type { Observation } from "./trial.ts";
import type { Workshop } from "./workshop.ts";

/** Pairs of programs that are tried. */
const MAX_PAIRS = 4;
const MAX_TRIALS = 12;
/** Points for a text that arrived; each other sign of life has one. */
const TEXT = 8;
const SIGNS = 3;
/** The programs exchange texts both ways. */
const BOTH_WAYS = 2 * TEXT;

export interface Attempt {
  plan: Plan;
  /** Undefined if the programs could not be built. */
  seen: Observation | undefined;
  found: Found | undefined;
  score: number;
  /** What the plan was improved by, in words. */
  notes: string[];
  /** Why the programs could not be built. */
  problem: string | undefined;
}

export interface InvestigateOptions {
  workshop: Workshop;
  folder: string;
  facts: Facts;
  /** When to stop, by performance.now(). */
  deadline: number;
  signal: AbortSignal;
  /** Told of each trial before it runs. */
  progress: (line: string) => void;
}

/** Returns the best attempt; undefined if there is no pair of programs. */
export async function investigate(options: InvestigateOptions): Promise<Attempt | undefined> {
  const pairs = findPairs(options.facts.sources).slice(0, MAX_PAIRS);
  let best: Attempt | undefined;
  const budget = { trials: MAX_TRIALS };
  for (const pair of pairs) {
    const attempt = await investigatePair(pair, budget, options);
    if (best === undefined || attempt.score > best.score) best = attempt;
    if (best !== undefined && best.score >= BOTH_WAYS) break;
    if (performance.now() > options.deadline || budget.trials <= 0) break;
  }
  return best;
}

async function investigatePair(
  pair: Pair,
  budget: { trials: number },
  { workshop, folder, facts, deadline, signal, progress }: InvestigateOptions,
): Promise<Attempt> {
  let plan = firstPlan(pair);
  const notes: string[] = [];
  const tried = new Set([keyOf(plan)]);
  let best: Attempt | undefined;
  for (;;) {
    signal.throwIfAborted();
    progress(
      `${pair.server.source.path} and ${pair.client.source.path}${notes.length > 0 ? `: ${notes.at(-1)}` : ""}`,
    );
    budget.trials -= 1;
    const attempt = await tryPlan(plan, [...notes], { workshop, folder, facts });
    if (best === undefined || attempt.score > best.score) best = attempt;
    const isOver = performance.now() > deadline || budget.trials <= 0 || attempt.score >= BOTH_WAYS;
    const improved = isOver || !attempt.seen ? undefined : improve(plan, attempt.seen, facts, tried);
    if (!improved) return best ?? attempt;
    plan = improved.plan;
    notes.push(improved.why);
  }
}

function firstPlan(pair: Pair): Plan {
  return {
    pair,
    launches: { server: launchOf(pair.server), client: launchOf(pair.client) },
    arguments: {
      server: argumentsFor(pair.server.source, "server"),
      client: argumentsFor(pair.client.source, "client"),
    },
    scripts: [],
    hosts: [],
    shared: [],
    relay: undefined,
    answers: {},
  };
}

async function tryPlan(
  plan: Plan,
  notes: string[],
  { workshop, folder, facts }: Pick<InvestigateOptions, "workshop" | "folder" | "facts">,
): Promise<Attempt> {
  try {
    const seen = await workshop.try(plan);
    const found = findingsOf(plan, seen, { folder, files: facts.files, withPauses: false });
    return { plan, seen, found, notes, score: scoreOf(seen, found), problem: undefined };
  } catch (error) {
    if (!(error instanceof NotShown)) throw error;
    return { plan, seen: undefined, found: undefined, notes, score: -SIGNS - 1, problem: error.message };
  }
}

function scoreOf(seen: Observation, { message, reply }: Found): number {
  const texts = pointsOf(message) + pointsOf(reply);
  const signs = [
    seen.server.listeners.length > 0,
    seen.connections.length > 0,
    seen.bytes.client + seen.bytes.server > 0,
  ];
  return message.arrives && reply.arrives ? texts : texts + signs.filter((sign) => sign).length - SIGNS;
}

/** A text of the source counts less if the program was given one, which never arrived. */
function pointsOf({ arrives, from, isGiven }: TextFinding): number {
  if (!arrives) return 0;
  return (from === "source" || from === "file") && isGiven ? TEXT - 1 : TEXT;
}
