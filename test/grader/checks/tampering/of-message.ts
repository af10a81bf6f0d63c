/** Tells the bytes of a message from what merely stands behind it in its turn: a goodbye, the next prompt, a menu. */
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import { type MessageRange, messagesIn } from "../../attacks/messages.ts";
import { cut } from "../../attacks/mutations.ts";
import type { Baseline, SharedExchanges } from "../../exchange/shared-exchanges.ts";
import type { Turn } from "../../model/turn.ts";
import { keysOf, type SeenKey } from "../keys.ts";
import { type Trial, tamper, UNCHECKED } from "./tampering.ts";

/** Bytes around a signature: a length before it, a line end behind. */
const AROUND = 10;
/** Of P-256 and Ed25519, raw and in DER. */
const CURVE_SIGNATURE = [64, 70, 71, 72];

/**
 * Says whether bytes that nobody checks are of the message: it is not taken without them, or they are as long as a signature by a key
 * that its sender has shown.
 */
export async function isOfMessage(
  exchanges: SharedExchanges,
  baseline: Baseline,
  trial: Trial,
): Promise<boolean> {
  const { applied, receiver, name } = trial;
  if (!applied) return false;
  const isCut = applied.kind === "cut";
  if (!isCut) {
    const { direction, ordinal, before } = applied;
    const target: Turn = {
      ...(baseline.first.turns.find((turn) => turn.direction === direction && turn.ordinal === ordinal) ?? {
        pause: 0,
        connection: 0,
        from: 0,
        to: 0,
      }),
      direction,
      ordinal,
      bytes: before,
      pieces: [before.length],
    };
    const shorter = await tamper(exchanges, baseline, {
      name: `${name}: without them`,
      receiver,
      target,
      onMessage: true,
      change: (turn) => cut(turn, applied.offset),
    });
    if (shorter.observation.kind !== "unchanged") return true;
  }
  const sender = receiver === "server" ? "client" : "server";
  const from = isCut ? applied.before.length - UNCHECKED : applied.offset;
  const lengths = keysOf(trial.outcome, sender).flatMap(signatureLengths);
  return unitsAt(applied.before, from, baseline).some((unit) =>
    lengths.some((length) => unit.to - unit.from >= length && unit.to - unit.from <= length + AROUND),
  );
}

/** The messages within the turn in which byte `at` may stand. */
function unitsAt(turn: Bytes, at: number, { turns }: Baseline): MessageRange[] {
  const pieces = [turns.message, turns.reply].flatMap((usual) => {
    // from the end, since what comes before may be longer in another run
    const ends = (usual?.pieces ?? []).toReversed();
    let to = turn.length;
    return ends.map((length) => {
      const unit = { from: to - length, to };
      to -= length;
      return unit;
    });
  });
  return [...(messagesIn(turn, 1) ?? []), ...pieces].filter(({ from, to }) => from <= at && at < to);
}

/** How long signatures by `key` are: as bytes, in base64, in hexadecimal, and as a number. */
function signatureLengths({ key }: SeenKey): number[] {
  // these do not sign
  if (/^(?:X25519|DH)/.test(key.algorithm)) return [];
  const raw = "modulus" in key ? [Math.ceil(key.bits / 8)] : CURVE_SIGNATURE;
  return raw.flatMap((length) => [
    length,
    Math.ceil(length / 3) * 4,
    2 * length,
    Math.floor(length * 8 * Math.log10(2)),
  ]);
}
