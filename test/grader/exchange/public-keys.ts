/** The public keys that were sent in an exchange. */
import { Buffer } from "node:buffer";
import { Budget } from "../crack/capture/budget.ts";
import { streamsOf } from "../crack/capture/capture.ts";
import type { View } from "../crack/capture/view.ts";
import { viewsOf } from "../crack/decode/decodings.ts";
import { findKeys } from "../crack/keys/find-keys.ts";
import type { FoundKey, RsaKey } from "../crack/keys/found-key.ts";
import { findSignatures } from "../crack/rsa/signatures.ts";
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
  const isOwn = (key: FoundKey) => [side, undefined].includes(key.side ?? knownOwnerOf(key, outcome));
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

const owners = new WeakMap<FoundKey, { side: Side | undefined }>();

/** Looks for the owner of each key once. */
function knownOwnerOf(key: FoundKey, outcome: Overheard): Side | undefined {
  const owner = owners.get(key) ?? { side: ownerOf(key, outcome) };
  owners.set(key, owner);
  return owner.side;
}

/**
 * Returns the side whose key is in a shared file: by its name, by whose signatures it opens, or by
 * who wrote it first.
 */
function ownerOf(key: FoundKey, outcome: Overheard): Side | undefined {
  const [place] = key.where;
  if (!place || !("file" in place)) return undefined;
  const named = SIDES.filter((side) => place.file.toLowerCase().includes(side));
  if (named.length === 1) return named[0];
  const signers = "modulus" in key ? SIDES.filter((side) => hasSigned(side, key, outcome)) : [];
  if (signers.length === 1) return signers[0];
  const written = outcome.session.events.find((event) => event.type === "file" && event.name === place.file);
  return written?.type === "file" ? written.side : undefined;
}

/** Says whether a signature that `key` opens is among the bytes that `side` sent. */
function hasSigned(side: Side, key: RsaKey, outcome: Overheard): boolean {
  const direction = side === "client" ? "client to server" : "server to client";
  return streamsOf(capturedIn(outcome))
    .filter(({ parts: [part] }) => part && "direction" in part.place && part.place.direction === direction)
    .some((stream) => findSignatures(viewsOf(stream, new Budget(SEARCH_STEPS)), [key]).length > 0);
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
