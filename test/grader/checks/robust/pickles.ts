/** Sends each side a pickle that prints, instead of the first genuine one that it would receive. */
import { canaryFrom, hasPickle, plantedPickle } from "../../attacks/plant-pickle.ts";
import { outputOf } from "../../exchange/evidence.ts";
import { count } from "../../exchange/output-patterns.ts";
import { diagramOf, dumpOf } from "../../exchange/sequence-diagram.ts";
import type { SharedExchanges } from "../../exchange/shared-exchanges.ts";
import { type Attempt, attempts } from "../../model/attempt.ts";
import type { Side } from "../../model/direction.ts";
import type { Turn } from "../../model/turn.ts";
import { Found } from "../../model/verdict-errors.ts";

/** @throws Found when a program runs the pickle */
export async function requireNoUnpickling(exchanges: SharedExchanges): Promise<Attempt[]> {
  const { first } = await exchanges.baseline();
  const tried = await Promise.all(
    (["server", "client"] as const).map(async (receiver) => {
      const direction = receiver === "server" ? "client to server" : "server to client";
      const target = first.turns.find((turn) => turn.direction === direction && hasPickle(turn.bytes));
      return target ? sendPickle(exchanges, receiver, target) : [];
    }),
  );
  return tried.flat();
}

async function sendPickle(exchanges: SharedExchanges, receiver: Side, target: Turn): Promise<Attempt[]> {
  const title = `a pickle that prints, to the ${receiver}`;
  const canary = canaryFrom(exchanges.prepared.random(title, 4));
  const outcome = await exchanges.run(() => ({ title, attack: plantedPickle(target, canary) }));
  // a complaint may quote the pickle, but then with the call around the text
  const lines = outcome.printed[receiver].split("\n").filter((line) => !/builtins|print/.test(line));
  if (!outcome.applied) return [];
  if (count(lines.join("\n"), String(canary)) === 0) return attempts("planted pickle", "refused");
  throw new Found({
    expected: `the ${receiver} runs nothing that comes from the network`,
    happened: `${outcome.applied.detail}, and the ${receiver} ran it`,
    why: "A pickle is a program. Loading one from the network lets anyone delete files or read keys, before any signature is checked.",
    hint: "Send bytes, JSON, or fields with their lengths, and never call pickle.loads on what a peer has sent.",
    evidence: [
      { caption: "The exchange", diagram: diagramOf(outcome, title, { bad: [String(canary)] }) },
      dumpOf(outcome.applied),
      outputOf(outcome, receiver),
    ],
  });
}
