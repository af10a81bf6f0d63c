/** The public keys that were sent in an exchange. */
import { Buffer } from "node:buffer";
import { Budget } from "../crack/capture/budget.ts";
import { streamsOf } from "../crack/capture/capture.ts";
import type { View } from "../crack/capture/view.ts";
import { viewsOf } from "../crack/decode/decodings.ts";
import { findKeys } from "../crack/keys/find-keys.ts";
import type { FoundKey } from "../crack/keys/found-key.ts";
import type { Side } from "../model/direction.ts";
import { capturedIn, type Overheard } from "./captured-in.ts";

const SEARCH_STEPS = 500_000_000;
const SIDES = ["client", "server"] as const;

export interface SeenKey {
  /** Equal for equal keys. */
  id: string;
  key: FoundKey;
}

const known = new WeakMap<Overheard, FoundKey[]>();

/** Returns the public keys that `side` sent. */
export function publicKeysOf(outcome: Overheard, side: Side): SeenKey[] {
  return keysOf(outcome)
    .filter((key) => key.side === side)
    .map((key) => ({ id: idOf(key), key }));
}

/**
 * Returns the public keys that `side` sent or has in a shared file, or that may be its own because
 * nothing says whose they are.
 */
export function ownKeysOf(outcome: Overheard, side: Side): SeenKey[] {
  const isOwn = (key: FoundKey) => [side, undefined].includes(key.side ?? ownerOf(key, outcome));
  return keysOf(outcome)
    .filter(isOwn)
    .map((key) => ({ id: idOf(key), key }));
}

function keysOf(outcome: Overheard): FoundKey[] {
  const keys =
    known.get(outcome) ??
    captureViews(outcome)
      .flatMap((views) => findKeys(views))
      .filter(({ certain }) => certain);
  known.set(outcome, keys);
  return keys;
}

/** Returns the side whose key is in a shared file: by its name, or by who wrote it first. */
function ownerOf({ where: [place] }: FoundKey, { session }: Overheard): Side | undefined {
  if (!place || !("file" in place)) return undefined;
  const named = SIDES.filter((side) => place.file.toLowerCase().includes(side));
  if (named.length === 1) return named[0];
  const written = session.events.find((event) => event.type === "file" && event.name === place.file);
  return written?.type === "file" ? written.side : undefined;
}

/** Returns the bytes of each stream of an exchange, in every decoding. */
export function captureViews(outcome: Overheard, budget = new Budget(SEARCH_STEPS)): View[][] {
  return streamsOf(capturedIn(outcome)).map((stream) => viewsOf(stream, budget));
}

/** The id of an RSA key, as in `SeenKey`. */
export function rsaId(modulus: bigint): string {
  return `RSA ${modulus.toString(16)}`;
}

function idOf(key: FoundKey): string {
  if ("modulus" in key) return rsaId(key.modulus);
  const { view, offset, length } = key.point;
  return `${key.algorithm} ${Buffer.from(view.bytes.subarray(offset, offset + length)).toString("hex")}`;
}
