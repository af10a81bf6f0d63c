/** Judges an attack on bytes that are proved to be a signature. */
import type { Alter } from "../../attacks/modify-turn.ts";
import type { SharedExchanges } from "../../exchange/shared-exchanges.ts";
import { type Attempt, attempts } from "../../model/attempt.ts";
import type { Side } from "../../model/direction.ts";
import type { Turn } from "../../model/turn.ts";
import { Found } from "../../model/verdict-errors.ts";
import { evidenceOfTrial } from "../tampering/judge.ts";
import { tamper } from "../tampering/run.ts";

export interface Strike {
  /** A noun, as in `3 re-made signatures`. */
  name: string;
  receiver: Side;
  target: Turn;
  /** The scheme of the signature, such as `RSA, PSS`. */
  signature: string;
  alter: Alter;
}

/** @throws Found when the receiver prints the message nevertheless, without a complaint */
export async function strike(exchanges: SharedExchanges, attack: Strike): Promise<Attempt[]> {
  const { name, receiver, target, signature, alter } = attack;
  const trial = await tamper(exchanges, { name, receiver, target, onMessage: true, alter });
  const { applied, observation, extra, isRepeated, noticed } = trial;
  if (!applied || isRepeated) return [];
  if (observation.kind !== "unchanged" || extra > 0 || noticed !== undefined)
    return attempts(name, "refused");
  const sender = receiver === "server" ? "client" : "server";
  throw new Found({
    expected: `the ${receiver} refuses a message with a wrong signature`,
    happened: `the message carries a signature (${signature}), which the ${sender}'s public key opens: ${applied.detail}, and the ${receiver} printed the message nevertheless`,
    why: "A signature that the receiver does not verify proves nothing: anyone can send messages in the peer's name.",
    hint: "Call verify with the sender's public key, and refuse the message if it fails.",
    evidence: evidenceOfTrial(trial),
  });
}
