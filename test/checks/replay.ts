/** Checks that nothing counts twice: not in its session, not in another, and not back to its author. */

import { setTimeout as sleep } from "node:timers/promises";
import { replace } from "../harness/attacks/changes.ts";
import { HeldTurn } from "../harness/attacks/hold.ts";
import { Played, replayTo } from "../harness/attacks/play.ts";
import { lastUnits } from "../harness/attacks/units.ts";
import { type Check, Found } from "../harness/check.ts";
import type { Outcome } from "../harness/exchange.ts";
import { ladderOf } from "../harness/ladder.ts";
import { count } from "../harness/printed.ts";
import type { Plain, Trials } from "../harness/trials.ts";
import { sent } from "../harness/turns.ts";
import { evidenceOfTrial } from "./tampering.ts";
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
    async run(trials) {
      const plain = await trials.plain();
      // before all the tampering: what they prove, they prove soon
      await Promise.all([
        replayToServer(trials, plain),
        ...(plain.turns.reply
          ? [
              replayToClient(trials, plain),
              reflectReply(trials, plain),
              // a client that knows nobody yet may take its own key for the server's
              ...(options.knowsPeers ? [reflect(trials, plain)] : []),
            ]
          : []),
      ]);
      const all = await tamperingOf(trials, long);
      requireStruck(all);
      const twice = all.find(
        ({ strike, extra, receiver }) => strike?.kind === "duplicate" && extra >= plain.ways[receiver].times,
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
async function replayToServer(trials: Trials, plain: Plain): Promise<void> {
  const { first } = plain;
  const seconds = plain.patience / 1000;
  const fresh = await trials.withStage({ title: "a recorded client" }, async (stage) => {
    await stage.expect(first.message);
    await replayTo(stage, first, seconds);
    await stage.look();
    return printedBy(stage, first.message);
  });
  if (fresh >= plain.ways.server.times) throw replayed(trials, first, "a server of another run");
  await trials.run({
    title: "to be recorded",
    after: async (stage, outcome) => {
      if (outcome.endings.server) return;
      if (printedBy(stage, outcome.message) === 0) return;
      await stage.expect(outcome.message);
      // the same file again would not be seen
      await stage.supersede(outcome.message);
      const before = printedBy(stage, outcome.message);
      for (const wait of [0, LATER]) {
        await sleep(wait);
        if (!(await replayTo(stage, outcome, seconds))) return;
        await stage.look();
        const extra = printedBy(stage, outcome.message) - before;
        if (extra >= plain.ways.server.times)
          throw replayed(trials, outcome, "the same server, on a new connection");
      }
    },
  });
}

function printedBy({ server }: Outcome["stage"], text: string): number {
  return count([server.stdout, server.stderr, ...server.stored.values()].join("\n"), text);
}

function replayed(trials: Trials, outcome: Outcome, where: string): Found {
  const length = sent(outcome.turns, "client to server").length;
  return new Found({
    expected: "the server refuses what was recorded in an earlier session",
    happened: `the ${length} bytes of the recorded client were sent to ${where}, which ${showed(trials)} its message as new`,
    why: WHY,
    hint: HINT,
    evidence: [
      {
        caption: "The session that was recorded; its client's bytes were then sent again",
        ladder: ladderOf(outcome, "Recorded"),
      },
      { caption: "The message that was taken again", quote: outcome.message },
    ],
  });
}

/** Plays the first server's part again, to another client. */
async function replayToClient(trials: Trials, { first, ways }: Plain): Promise<void> {
  const outcome = await trials.run({ title: "a recorded server", tap: new Played(first.turns) });
  if (count(outcome.printed.client, first.reply) < Math.max(1, ways.client.times)) return;
  throw new Found({
    expected: "the client refuses an answer that was recorded in an earlier session",
    happened: `the recorded server's bytes were played to another client, which ${showed(trials)} the old answer`,
    why: WHY,
    hint: HINT,
    evidence: [
      {
        caption: "The client, and the recording in the place of the server",
        ladder: ladderOf(outcome, "Played back", { bad: [first.reply] }),
      },
      { caption: "The old answer", quote: first.reply },
    ],
  });
}

/** Sends the client's bytes back to it. */
async function reflect(trials: Trials, plain: Plain): Promise<void> {
  requireNoEcho(plain, await trials.run({ title: "an echo", tap: new Played("echo") }), "all that it sent");
}

/** Sends the client's message back to it, in the place of the answer. */
async function reflectReply(trials: Trials, plain: Plain): Promise<void> {
  const { turns } = plain;
  const { message, reply } = turns;
  if (!message || !reply) return;
  for (const start of [0, ...lastUnits(message)]) {
    const way = lastUnits(message).indexOf(start);
    const recorder = new HeldTurn(reply, (turn) => {
      const own = recorder.passed(message);
      // the turn need not be as long in each run
      const from = lastUnits({ bytes: own })[way] ?? own.length - (message.bytes.length - start);
      return replace(turn, start === 0 ? own : own.slice(from), "the client's own message");
    });
    const title = start === 0 ? "the message sent back" : `the message from ${start} on sent back`;
    requireNoEcho(plain, await trials.run({ title, attack: recorder }), "its own message");
  }
}

function requireNoEcho({ first }: Plain, outcome: Outcome, what: string): void {
  const usual = count(first.printed.client, first.message);
  if (count(outcome.printed.client, outcome.message) <= usual) return;
  throw new Found({
    expected: "the client refuses its own words when they come back",
    happened: `${what} was sent back to the client, which printed its own message as the server's`,
    why: "Who cannot tell his own words from the other's will take an echo for consent.",
    hint: "Use other keys, or other labels under the signature, for each direction.",
    evidence: [
      { caption: "The exchange", ladder: ladderOf(outcome, "Reflected", { bad: [outcome.message] }) },
      { caption: "What the client was told to say, and printed", quote: outcome.message },
    ],
  });
}
