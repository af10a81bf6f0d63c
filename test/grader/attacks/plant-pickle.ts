/** A Python pickle that prints, instead of a genuine one: a program that loads it runs it. */
import { Buffer } from "node:buffer";
import { type Bytes, concat, encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import { Budget } from "../crack/capture/budget.ts";
import { type Piece, streamsOf } from "../crack/capture/capture.ts";
import { patch } from "../crack/capture/view.ts";
import { viewsOf } from "../crack/decode/decodings.ts";
import { pickles } from "../crack/decode/pickle.ts";
import { ModifiedTurn, type TargetTurn } from "./modify-turn.ts";

const STEPS = 50_000_000;
/** The value of BININT is a signed integer of 4 bytes; this one has ten digits. */
const MIN_CANARY = 1_000_000_000;
const MAX_CANARY = 2_147_483_647;
/** Bytes of the shortest pickle of a string. */
const MIN_PICKLE = 10;

/** Returns a number that no program prints by chance. */
export function canaryFrom(random: Bytes): number {
  return MIN_CANARY + (Buffer.from(random).readUInt32BE() % (MAX_CANARY - MIN_CANARY));
}

/** Says whether `turn` has a pickle that can be replaced. */
export function hasPickle(turn: Bytes): boolean {
  return plant(turn, MIN_CANARY) !== undefined;
}

/** Replaces the first pickle of the turn with one that prints `canary`. */
export function plantedPickle(target: TargetTurn, canary: number): ModifiedTurn {
  const detail = `a pickle that calls print(${canary}) replaced the genuine one`;
  return new ModifiedTurn(target, (turn) => ({
    kind: "replace",
    offset: 0,
    detail,
    pieces: [plant(turn, canary) ?? turn],
  }));
}

function plant(turn: Bytes, canary: number): Bytes | undefined {
  const call = callOf(canary);
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
  // a shorter one may have no length before it
  const short = pickles(turn).find(({ at, end }) => end - at >= MIN_PICKLE);
  return short && concat([turn.slice(0, short.at), call, turn.slice(short.end)]);
}

/** GLOBAL, BININT, TUPLE1, REDUCE and STOP: the shortest call of print. */
function callOf(canary: number): Bytes {
  const value = Buffer.alloc(4);
  value.writeInt32LE(canary);
  return concat([encodeUtf8("cbuiltins\nprint\nJ"), new Uint8Array(value), Uint8Array.of(0x85, 0x52, 0x2e)]);
}
