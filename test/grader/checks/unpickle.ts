/** A pickle of the attacker's in the place of a genuine one: whoever loads it runs what it says. */
import { type Bytes, encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import { ModifiedTurn } from "../attacks/modify-turn.ts";
import { Budget } from "../crack/capture/budget.ts";
import { type Piece, streamsOf } from "../crack/capture/capture.ts";
import { patch } from "../crack/capture/view.ts";
import { viewsOf } from "../crack/decode/decodings.ts";
import { pickles } from "../crack/decode/pickle.ts";
import { count } from "../exchange/output-patterns.ts";
import { diagramOf, dumpOf } from "../exchange/sequence-diagram.ts";
import type { SharedExchanges } from "../exchange/shared-exchanges.ts";
import type { Turn } from "../model/turn.ts";
import { Found } from "../model/verdict-errors.ts";

const STEPS = 50_000_000;
const CANARY_LENGTH = 10;

/** Sends each side a pickle that prints, in the place of the first it would get. @throws Found when it is obeyed */
export async function refusesPickles(exchanges: SharedExchanges): Promise<void> {
  const { first } = await exchanges.baseline();
  await Promise.all(
    (["server", "client"] as const).map(async (receiver) => {
      const direction = receiver === "server" ? "client to server" : "server to client";
      const target = first.turns.find((turn) => turn.direction === direction && plant(turn.bytes, ""));
      if (target) await tryPickle(exchanges, receiver, target);
    }),
  );
}

async function tryPickle(
  exchanges: SharedExchanges,
  receiver: "server" | "client",
  target: Turn,
): Promise<void> {
  const title = `a pickle that prints, to the ${receiver}`;
  const canary = exchanges.text(title, CANARY_LENGTH).replaceAll(" ", "x");
  const held = new ModifiedTurn(target, (turn) => {
    const detail = `a pickle that calls print("${canary}") stands where the genuine one did`;
    return { kind: "replace", offset: 0, detail, pieces: [plant(turn, canary) ?? turn] };
  });
  const outcome = await exchanges.run({ title, attack: held });
  // the pickle itself may be shown in a complaint, but then with the call around it
  const printed = outcome.printed[receiver].split("\n").filter((line) => !/builtins|print/.test(line));
  if (!outcome.applied || count(printed.join("\n"), canary) === 0) return;
  throw new Found({
    expected: `the ${receiver} runs nothing that comes from the network`,
    happened: `${outcome.applied.detail}, and the ${receiver} ran it`,
    why: "A pickle is a program: who loads one from the network lets anybody delete its files, or read its keys, before any signature is looked at.",
    hint: "Send bytes, JSON or fields behind their lengths, and never call pickle.loads on what a peer has sent.",
    evidence: [
      { caption: "The exchange", diagram: diagramOf(outcome, title, { bad: [canary] }) },
      dumpOf(outcome.applied),
      { caption: `What the ${receiver} printed`, quote: outcome.printed[receiver].trim().slice(0, 1500) },
    ],
  });
}

/** Returns the turn with a call of `print(text)` written over its first pickle that is long enough; undefined when there is none. */
function plant(turn: Bytes, text: string): Bytes | undefined {
  const call = encodeUtf8(`cbuiltins\nprint\n(V${text.padEnd(CANARY_LENGTH, "x")}\ntR.`);
  const piece: Piece = { connection: 1, direction: "client to server", at: 0, bytes: turn.slice() };
  for (const view of streamsOf({ pieces: [piece], files: [] }).flatMap((stream) =>
    viewsOf(stream, new Budget(STEPS)),
  )) {
    if (view.rare) continue;
    const pickle = pickles(view.bytes).find(({ at, end }) => end - at >= call.length);
    const planted = pickle && patch(view, pickle.at, call);
    if (planted) return planted;
  }
  return undefined;
}
