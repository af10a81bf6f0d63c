/** Checks that nothing counts twice: not in its session, not in another, and not back to its author. */

import { setTimeout as sleep } from "node:timers/promises";
import { lastMessages } from "../attacks/messages.ts";
import { ModifiedTurn } from "../attacks/modify-turn.ts";
import { replace } from "../attacks/mutations.ts";
import { Played, replayTo } from "../attacks/replay.ts";
import { count } from "../exchange/output-patterns.ts";
import { diagramOf } from "../exchange/sequence-diagram.ts";
import type { Baseline, SharedExchanges } from "../exchange/shared-exchanges.ts";
import type { Outcome } from "../model/outcome.ts";
import { Found } from "../model/verdict-errors.ts";
import { bytesSent } from "../wire/turns.ts";
import type { Check } from "./check.ts";
import { evidenceOfTrial } from "./tampering/tampering.ts";
import { requireStruck, tamperingOf } from "./unaltered.ts";
import { showed } from "./works.ts";

/** Milliseconds after which a recording is tried again: what is remembered may soon be forgotten. */
const LATER = 5000;
const WHY = "Who recorded a message can have it obeyed again: pay him 100, and again, and again.";
const HINT =
  "Let both sides contribute a fresh random value or key to each session, number the messages, and let the signature cover both.";

/** A recorded message is worth nothing any more. */
export function replay(points: number, long: number, options: { knowsPeers?: boolean } = {}): Check {
  return {
    id: "replay",
    title: "A recorded message is refused",
    points,
    needs: ["message"],
    async run(exchanges) {
      const baseline = await exchanges.baseline();
      // before all the tampering: what they prove, they prove soon
      await Promise.all([
        replayToServer(exchanges, baseline),
        ...(baseline.turns.reply
          ? [
              replayToClient(exchanges, baseline),
              reflectReply(exchanges, baseline),
              // a client that knows nobody yet may take its own key for the server's
              ...(options.knowsPeers ? [reflect(exchanges, baseline)] : []),
            ]
          : []),
      ]);
      const all = await tamperingOf(exchanges, long);
      requireStruck(all);
      const twice = all.find(
        ({ applied, extra, receiver }) =>
          applied?.kind === "duplicate" && extra >= baseline.patterns[receiver].times,
      );
      if (twice) {
        throw new Found({
          expected: `the ${twice.receiver} takes each message once`,
          happened: `the turn with the message came twice, and the ${twice.receiver} printed it twice`,
          why: WHY,
          hint: HINT,
          evidence: evidenceOfTrial(twice),
        });
      }
    },
  };
}

/** Plays the first client's part again, to the server of another run, and to one that has just served a client. */
async function replayToServer(exchanges: SharedExchanges, baseline: Baseline): Promise<void> {
  const { first } = baseline;
  const seconds = baseline.patience / 1000;
  const fresh = await exchanges.withSession({ title: "a recorded client" }, async (session) => {
    await session.watchFor(first.message);
    await replayTo(session, first, seconds);
    await session.refresh();
    return printedBy(session, first.message);
  });
  if (fresh >= baseline.patterns.server.times) throw replayed(exchanges, first, "a server of another run");
  await exchanges.run({
    title: "to be recorded",
    after: async (session, outcome) => {
      if (outcome.endings.server) return;
      if (printedBy(session, outcome.message) === 0) return;
      await session.watchFor(outcome.message);
      // the same file again would not be seen
      await session.overwriteStored(outcome.message);
      const before = printedBy(session, outcome.message);
      for (const wait of [0, LATER]) {
        await sleep(wait);
        if (!(await replayTo(session, outcome, seconds))) return;
        await session.refresh();
        const extra = printedBy(session, outcome.message) - before;
        if (extra >= baseline.patterns.server.times)
          throw replayed(exchanges, outcome, "the same server, on a new connection");
      }
    },
  });
}

function printedBy({ server }: Outcome["session"], text: string): number {
  return count([server.stdout, server.stderr, ...server.stored.values()].join("\n"), text);
}

function replayed(exchanges: SharedExchanges, outcome: Outcome, where: string): Found {
  const length = bytesSent(outcome.turns, "client to server").length;
  return new Found({
    expected: "the server refuses what was recorded in an earlier session",
    happened: `the ${length} bytes of the recorded client were sent to ${where}, which ${showed(exchanges)} its message as new`,
    why: WHY,
    hint: HINT,
    evidence: [
      {
        caption: "The session that was recorded; its client's bytes were then sent again",
        diagram: diagramOf(outcome, "Recorded"),
      },
      { caption: "The message that was taken again", quote: outcome.message },
    ],
  });
}

/** Plays the first server's part again, to another client. */
async function replayToClient(exchanges: SharedExchanges, { first, patterns }: Baseline): Promise<void> {
  const outcome = await exchanges.run({ title: "a recorded server", tap: new Played(first.turns) });
  if (count(outcome.printed.client, first.reply) < Math.max(1, patterns.client.times)) return;
  throw new Found({
    expected: "the client refuses an answer that was recorded in an earlier session",
    happened: `the recorded server's bytes were played to another client, which ${showed(exchanges)} the old answer`,
    why: WHY,
    hint: HINT,
    evidence: [
      {
        caption: "The client, and the recording in the place of the server",
        diagram: diagramOf(outcome, "Played back", { bad: [first.reply] }),
      },
      { caption: "The old answer", quote: first.reply },
    ],
  });
}

/** Sends the client's bytes back to it. */
async function reflect(exchanges: SharedExchanges, baseline: Baseline): Promise<void> {
  requireNoEcho(
    baseline,
    await exchanges.run({ title: "an echo", tap: new Played("echo") }),
    "all that it sent",
  );
}

/** Sends the client's message back to it, in the place of the answer. */
async function reflectReply(exchanges: SharedExchanges, baseline: Baseline): Promise<void> {
  const { turns } = baseline;
  const { message, reply } = turns;
  if (!message || !reply) return;
  for (const start of [0, ...lastMessages(message)]) {
    const way = lastMessages(message).indexOf(start);
    const recorder = new ModifiedTurn(reply, (turn) => {
      const own = recorder.passed(message);
      // the turn need not be as long in each run
      const from = lastMessages({ bytes: own })[way] ?? own.length - (message.bytes.length - start);
      return replace(turn, start === 0 ? own : own.slice(from), "the client's own message");
    });
    const title = start === 0 ? "the message sent back" : `the message from ${start} on sent back`;
    requireNoEcho(baseline, await exchanges.run({ title, attack: recorder }), "its own message");
  }
}

function requireNoEcho({ first }: Baseline, outcome: Outcome, what: string): void {
  const usual = count(first.printed.client, first.message);
  if (count(outcome.printed.client, outcome.message) <= usual) return;
  throw new Found({
    expected: "the client refuses its own words when they come back",
    happened: `${what} was sent back to the client, which printed its own message as the server's`,
    why: "Who cannot tell his own words from the other's will take an echo for consent.",
    hint: "Use other keys, or other labels under the signature, for each direction.",
    evidence: [
      { caption: "The exchange", diagram: diagramOf(outcome, "Reflected", { bad: [outcome.message] }) },
      { caption: "What the client was told to say, and printed", quote: outcome.message },
    ],
  });
}
