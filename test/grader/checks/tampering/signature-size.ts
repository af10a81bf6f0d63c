/**
 * Tells a signature from what merely follows a message in its turn: a goodbye, a prompt, a menu.
 */
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import { type MessageRange, messagesIn } from "../../attacks/messages.ts";
import type { Baseline } from "../../exchange/baseline.ts";
import { publicKeysOf, type SeenKey } from "../../exchange/public-keys.ts";
import type { Trial } from "./judge.ts";
import { UNCHECKED } from "./plan.ts";

/** Bytes around a signature: a length before it, a line end after it. */
const AROUND = 10;
/** Bytes of P-256 and Ed25519 signatures, raw and in DER. */
const CURVE_SIGNATURE = [64, 70, 71, 72];

/** Says whether the attack hit bytes as long as a signature by a key that the sender has shown. */
export function hitsSignature({ applied, receiver, outcome }: Trial, baseline: Baseline): boolean {
  if (!applied) return false;
  const sender = receiver === "server" ? "client" : "server";
  const at = applied.kind === "cut" ? applied.before.length - UNCHECKED : applied.offset;
  const lengths = publicKeysOf(outcome, sender).flatMap(signatureLengths);
  return messagesAt(applied.before, at, baseline).some(({ from, to }) =>
    lengths.some((length) => to - from >= length && to - from <= length + AROUND),
  );
}

/** Returns the messages within the turn to which byte `at` may belong. */
function messagesAt(turn: Bytes, at: number, { turns }: Baseline): MessageRange[] {
  const pieces = [turns.message, turns.reply].flatMap((usual) => {
    // from the end, since what precedes it may be longer in another run
    const lengths = (usual?.pieces ?? []).toReversed();
    let to = turn.length;
    return lengths.map((length) => {
      const range = { from: to - length, to };
      to -= length;
      return range;
    });
  });
  return [...(messagesIn(turn, 1) ?? []), ...pieces].filter(({ from, to }) => from <= at && at < to);
}

/** The lengths of signatures by `key`: as bytes, in base64, in hexadecimal, and as a number. */
function signatureLengths({ key }: SeenKey): number[] {
  // these keys do not sign
  if (/^(?:X25519|DH)/.test(key.algorithm)) return [];
  const raw = "modulus" in key ? [Math.ceil(key.bits / 8)] : CURVE_SIGNATURE;
  return raw.flatMap((length) => [
    length,
    Math.ceil(length / 3) * 4,
    2 * length,
    Math.floor(length * 8 * Math.log10(2)),
  ]);
}
