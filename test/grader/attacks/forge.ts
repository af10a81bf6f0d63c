/** A message of the attacker's own, encrypted with nothing but the receiver's public key. */
import { type Bytes, encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import { Budget } from "../crack/capture/budget.ts";
import { type Piece, streamsOf } from "../crack/capture/capture.ts";
import { patch, type View } from "../crack/capture/view.ts";
import { viewsOf } from "../crack/decode/decodings.ts";
import { findKeys } from "../crack/keys/find-keys.ts";
import type { RsaKey } from "../crack/keys/found-key.ts";
import { sealBlock } from "../crack/rsa/own-keys.ts";
import type { Padding } from "../crack/rsa/padding.ts";
import type { Direction } from "../model/direction.ts";
import { ModifiedTurn, type TargetTurn } from "./modify-turn.ts";

const STEPS = 200_000_000;
/** Bytes beside the one block: enough for lengths, too few for a signature. */
const MAX_FRAME = 16;
const OPPOSITE: Record<Direction, Direction> = {
  "client to server": "server to client",
  "server to client": "client to server",
};

/** Says whether `turn` consists of a single block for `key`, apart from its frame. */
export function isOneBlock(turn: Bytes, key: RsaKey): boolean {
  return blockIn(turn, key) !== undefined;
}

/** Returns the RSA keys in bytes that have passed, each once. */
export function keysPassed(bytes: Bytes): RsaKey[] {
  const keys = findKeys(viewsIn(bytes)).flatMap((key) => ("modulus" in key ? [key] : []));
  return [...new Map(keys.map((key) => [key.modulus, key])).values()];
}

/** Returns the pieces of the turn that an attack holds back. */
export function piecesHeld({ overheard }: ModifiedTurn, { direction }: TargetTurn, length: number): Bytes[] {
  const pieces = overheard.filter((piece) => piece.direction === direction).map(({ bytes }) => bytes);
  let first = pieces.length;
  for (let held = 0; held < length && first > 0; first--) held += pieces[first - 1]?.length ?? 0;
  return pieces.slice(first);
}

/**
 * Replaces the block with one that encrypts `text`, for the public key that has passed before, or a
 * shared one.
 */
export function forgedMessage(
  target: TargetTurn,
  { padding, text, shared }: { padding: Padding; text: string; shared: readonly RsaKey[] },
): ModifiedTurn {
  return new ModifiedTurn(target, (turn, attack) => {
    const [key] = [...keysPassed(attack.passedIn(OPPOSITE[target.direction])), ...shared];
    const forged = key && sealInto(turn, key, padding, text);
    const detail = "the attacker encrypted another text with the public key that had passed";
    return { kind: "replace", offset: 0, detail, pieces: [forged ?? turn] };
  });
}

function sealInto(turn: Bytes, key: RsaKey, padding: Padding, text: string): Bytes | undefined {
  const block = blockIn(turn, key);
  return block && patch(block.view, block.at, sealBlock(key, { padding, plaintext: encodeUtf8(text) }));
}

function blockIn(turn: Bytes, { bits }: RsaKey): { view: View; at: number } | undefined {
  const length = Math.ceil(bits / 8);
  const view = viewsIn(turn).find(
    ({ bytes, rare }) => !rare && bytes.length >= length && bytes.length <= length + MAX_FRAME,
  );
  return view && { view, at: view.bytes.length - length };
}

function viewsIn(bytes: Bytes): View[] {
  const piece: Piece = { connection: 1, direction: "client to server", at: 0, bytes };
  return streamsOf({ pieces: [piece], files: [] }).flatMap((stream) => viewsOf(stream, new Budget(STEPS)));
}
