/** Nothing is accepted twice: in its session, in another, or by its own author. */
import { setTimeout as sleep } from "node:timers/promises";
import { replace } from "../attacks/alterations.ts";
import { lastMessages } from "../attacks/messages.ts";
import { ModifiedTurn } from "../attacks/modify-turn.ts";
import { Echo, PlayedServer, replayTo } from "../attacks/replay.ts";
import type { Baseline } from "../exchange/baseline.ts";
import { printedOrStored } from "../exchange/evidence.ts";
import { count } from "../exchange/output-patterns.ts";
import { diagramOf } from "../exchange/sequence-diagram.ts";
import type { SharedExchanges } from "../exchange/shared-exchanges.ts";
import { type Attempt, attempts } from "../model/attempt.ts";
import type { Outcome } from "../model/outcome.ts";
import type { Session } from "../model/session.ts";
import { Found, NotShown } from "../model/verdict-errors.ts";
import { bytesSent } from "../wire/turns.ts";
import type { Check } from "./check.ts";
import { attemptsOf, evidenceOfTrial, requireApplied } from "./tampering/judge.ts";
import { tamperingOf } from "./tampering/run.ts";

/**
 * Milliseconds after which a recording is tried again: the server may soon forget what it has seen.
 */
const LATER = 5000;
const RECORDED = "recorded session";
const WHY = "A recorded message can be sent again and again: pay 100, pay 100, pay 100.";
const HINT =
  "Let both sides contribute a fresh random value or key to each session, number the messages, and let the signature cover both.";

/** @param options.knowsPeers the client knows the server's key before the attack */
export function replay(points: number, options: { knowsPeers?: boolean } = {}): Check {
  return {
    id: "replay",
    title: "A recorded message is refused",
    points,
    needs: ["message"],
    async run(exchanges) {
      const baseline = await exchanges.baseline();
      // before the tampering, since these are quicker
      const sessions = await Promise.all([
        replayToNewServer(exchanges, baseline),
        ...(exchanges.isQuick ? [] : [replayToSameServer(exchanges, baseline)]),
        ...(baseline.turns.reply && !exchanges.isQuick
          ? [
              replayToClient(exchanges, baseline),
              reflectMessage(exchanges, baseline),
              // a client that knows no server yet may take its own key for the server's
              ...(options.knowsPeers ? [reflectAll(exchanges, baseline)] : []),
            ]
          : []),
      ]);
      const trials = await tamperingOf(exchanges);
      requireApplied(trials);
      const twice = trials.find(
        ({ applied, extra, receiver }) =>
          applied?.kind === "duplicate" && extra >= baseline.patterns[receiver].times,
      );
      if (!twice) {
        const duplicates = attemptsOf(trials.filter(({ applied }) => applied?.kind === "duplicate"));
        return requireBoth(sessions.flat(), duplicates);
      }
      throw new Found({
        expected: `the ${twice.receiver} accepts each message once`,
        happened: `the turn with the message was sent twice, and the ${twice.receiver} printed the message twice`,
        why: WHY,
        hint: HINT,
        evidence: evidenceOfTrial(twice),
      });
    },
  };
}

/** @throws NotShown when either could not be tried */
function requireBoth(sessions: Attempt[], duplicates: Attempt[]): Attempt[] {
  if (!sessions.some(({ what }) => what === RECORDED))
    throw new NotShown("no recorded session could be played to a server");
  if (duplicates.length === 0) throw new NotShown("the message could not be sent twice in its session");
  return [...sessions, ...duplicates];
}

/** Plays the first client's part to a server of another run. */
async function replayToNewServer(
  exchanges: SharedExchanges,
  { first, patience, patterns }: Baseline,
): Promise<Attempt[]> {
  return exchanges.withSession({ title: "a recorded client" }, async (session) => {
    await session.watchFor(first.message);
    if (!(await replayTo(session, first, patience / 1000))) return [];
    await session.refresh();
    if (timesPrinted(session, first.message) < patterns.server.times) return attempts(RECORDED, "refused");
    throw replayed(exchanges, first, "a server of another run");
  });
}

/** Plays a client's part again to the server that has just served it. */
async function replayToSameServer(
  exchanges: SharedExchanges,
  { patience, patterns }: Baseline,
): Promise<Attempt[]> {
  const title = "to be recorded";
  return exchanges.withSession({ title }, async (session) => {
    const outcome = await exchanges.runIn(session, { title });
    const { message } = outcome;
    if (session.server.ended || timesPrinted(session, message) === 0) return [];
    await session.watchFor(message);
    // the same file again would not be noticed
    await session.overwriteStored(message);
    const before = timesPrinted(session, message);
    const tried: Attempt[] = [];
    for (const wait of [0, LATER]) {
      await sleep(wait);
      if (!(await replayTo(session, outcome, patience / 1000))) break;
      await session.refresh();
      const extra = timesPrinted(session, message) - before;
      if (extra >= patterns.server.times)
        throw replayed(exchanges, outcome, "the same server, on a new connection");
      tried.push(...attempts(RECORDED, "refused"));
    }
    return tried;
  });
}

function timesPrinted({ server }: Session, text: string): number {
  return count([server.stdout, server.stderr, ...server.stored.values()].join("\n"), text);
}

function replayed(exchanges: SharedExchanges, outcome: Outcome, where: string): Found {
  const { length } = bytesSent(outcome.turns, "client to server");
  return new Found({
    expected: "the server refuses what was recorded in an earlier session",
    happened: `the ${length} bytes of a recorded client were sent to ${where}, which ${printedOrStored(exchanges)} its message as new`,
    why: WHY,
    hint: HINT,
    evidence: [
      {
        caption: "The recorded session, whose client's bytes were then sent again",
        diagram: diagramOf(outcome, "Recorded"),
      },
      { caption: "The message that was accepted again", quote: outcome.message },
    ],
  });
}

/** Plays the first server's part to another client. */
async function replayToClient(exchanges: SharedExchanges, { first, patterns }: Baseline): Promise<Attempt[]> {
  const outcome = await exchanges.run(() => ({
    title: "a recorded server",
    tap: new PlayedServer(first.turns),
  }));
  if (!outcome.events.some(({ type }) => type === "connect")) return [];
  if (count(outcome.printed.client, first.reply) < Math.max(1, patterns.client.times))
    return attempts("recorded reply", "refused");
  throw new Found({
    expected: "the client refuses a reply that was recorded in an earlier session",
    happened: `the bytes of a recorded server were sent to another client, which ${printedOrStored(exchanges)} the old reply`,
    why: WHY,
    hint: HINT,
    evidence: [
      {
        caption: "The client, and the recording instead of the server",
        diagram: diagramOf(outcome, "Played back", { bad: [first.reply] }),
      },
      { caption: "The old reply", quote: first.reply },
    ],
  });
}

/** Sends the client everything back that it sends. */
async function reflectAll(exchanges: SharedExchanges, baseline: Baseline): Promise<Attempt[]> {
  const outcome = await exchanges.run(() => ({ title: "an echo", tap: new Echo() }));
  return requireNoEcho(baseline, outcome, "everything that it sent");
}

/** Sends the client's message back to it instead of the reply. */
async function reflectMessage(exchanges: SharedExchanges, baseline: Baseline): Promise<Attempt[]> {
  const { message, reply } = baseline.turns;
  if (!message || !reply) return [];
  const tried: Attempt[] = [];
  const starts = lastMessages(message);
  for (const start of [0, ...starts]) {
    const way = starts.indexOf(start);
    const title = start === 0 ? "the message sent back" : `the message from ${start} on sent back`;
    const outcome = await exchanges.run(() => {
      const attack: ModifiedTurn = new ModifiedTurn(reply, () => {
        const own = attack.passed(message);
        // the turn may have another length in each run
        const from = lastMessages({ bytes: own })[way] ?? own.length - (message.bytes.length - start);
        return replace(start === 0 ? own : own.slice(from), "the client's own message");
      });
      return { title, attack };
    });
    if (outcome.applied) tried.push(...requireNoEcho(baseline, outcome, "its own message"));
  }
  return tried;
}

function requireNoEcho({ first }: Baseline, outcome: Outcome, what: string): Attempt[] {
  const usual = count(first.printed.client, first.message);
  if (count(outcome.printed.client, outcome.message) <= usual) return attempts("reflection", "refused");
  throw new Found({
    expected: "the client refuses its own message when it is sent back",
    happened: `the client received ${what} back, and printed its own message as the server's`,
    why: "A client that cannot tell its own messages from the server's takes an echo for consent.",
    hint: "Use different keys for the two directions, or different labels under the signature.",
    evidence: [
      { caption: "The exchange", diagram: diagramOf(outcome, "Reflected", { bad: [outcome.message] }) },
      { caption: "The text that the client was given, and printed", quote: outcome.message },
    ],
  });
}
