/** A Python pickle that prints, instead of a genuine one: a program that loads it runs it. */
import { type Bytes, encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import { Budget } from "../crack/capture/budget.ts";
import { type Piece, streamsOf } from "../crack/capture/capture.ts";
import { patch } from "../crack/capture/view.ts";
import { viewsOf } from "../crack/decode/decodings.ts";
import { pickles } from "../crack/decode/pickle.ts";
import { ModifiedTurn, type TargetTurn } from "./modify-turn.ts";

const STEPS = 50_000_000;
/** Characters of the text that the pickle prints. */
export const CANARY_LENGTH = 10;

/** Says whether `turn` has a pickle that is long enough to be replaced. */
export function hasPickle(turn: Bytes): boolean {
  return plant(turn, "") !== undefined;
}

/** Replaces the first pickle of the turn with one that prints `canary`. */
export function plantedPickle(target: TargetTurn, canary: string): ModifiedTurn {
  const detail = `a pickle that calls print("${canary}") replaced the genuine one`;
  return new ModifiedTurn(target, (turn) => ({
    kind: "replace",
    offset: 0,
    detail,
    pieces: [plant(turn, canary) ?? turn],
  }));
}

function plant(turn: Bytes, canary: string): Bytes | undefined {
  const call = encodeUtf8(`cbuiltins\nprint\n(V${canary.padEnd(CANARY_LENGTH, "x")}\ntR.`);
  const piece: Piece = { connection: 1, direction: "client to server", at: 0, bytes: turn.slice() };
  const views = streamsOf({ pieces: [piece], files: [] }).flatMap((stream) =>
    viewsOf(stream, new Budget(STEPS)),
  );
  for (const view of views) {
    if (view.rare) continue;
    const pickle = pickles(view.bytes).find(({ at, end }) => end - at >= call.length);
    const planted = pickle && patch(view, pickle.at, call);
    if (planted) return planted;
  }
  return undefined;
}
