/** Replaces a signature on an elliptic curve by one of the attacker's, and leaves it out. */
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import { cut, replace } from "../../attacks/alterations.ts";
import { piecesHeld } from "../../attacks/forge.ts";
import type { Alter } from "../../attacks/modify-turn.ts";
import {
  type CurveSignature,
  isSameCurvePlace,
  type Point,
  resignOnCurve,
  type SignatureSearch,
} from "../../crack/curves/signatures.ts";
import { Forger } from "../../crack/forger.ts";
import { capturedIn } from "../../exchange/captured-in.ts";
import { ownKeysOf } from "../../exchange/public-keys.ts";
import type { SharedExchanges } from "../../exchange/shared-exchanges.ts";
import type { Attempt } from "../../model/attempt.ts";
import type { Side } from "../../model/direction.ts";
import type { Outcome } from "../../model/outcome.ts";
import type { Turn } from "../../model/turn.ts";
import { isSamePlace, piecesOf } from "../../wire/turns.ts";
import { strike } from "./struck-signature.ts";

const MAX_SIGNATURES = 2;
/** Bytes; longer turns carry files, and their signatures would take long to find. */
const MAX_TURN = 16_384;
/** Bytes of the shortest signature. */
const MIN_TURN = 64;

/**
 * Attacks each signature in the turn that carries the message to `receiver`. Bytes count as a
 * signature only if a public key verifies them in two plain exchanges, at the same place.
 *
 * @throws Found when the receiver prints the message nevertheless, without a complaint
 */
export async function replaceCurveSignatures(exchanges: SharedExchanges, receiver: Side): Promise<Attempt[]> {
  const { first, turns } = await exchanges.baseline();
  const target = receiver === "server" ? turns.message : turns.reply;
  const sender = receiver === "server" ? "client" : "server";
  const keys = ownKeysOf(first, sender).map(({ key }) => key);
  // one who has a key of RSA, and none on a curve, signs with that
  if (keys.some((key) => "modulus" in key) && !keys.some((key) => "point" in key)) return [];
  if (!target || target.bytes.length < MIN_TURN || target.bytes.length > MAX_TURN) return [];
  const again = await exchanges.sameTexts();
  const repeated = again.turns.find((turn) => isSamePlace(turn, target));
  if (!repeated) return [];
  const [found = [], recurring = []] = await new Forger().find([
    searchIn(first, target, receiver),
    searchIn(again, repeated, receiver),
  ]);
  const signatures = found.filter((one) => recurring.some((other) => isSameCurvePlace(one, other)));
  const tried = await Promise.all(
    signatures
      .slice(0, MAX_SIGNATURES)
      .flatMap((signature) =>
        waysTo(signature, target).map(([name, alter]) =>
          strike(exchanges, { name, receiver, target, signature: nameOf(signature), alter }),
        ),
      ),
  );
  return tried.flat();
}

function searchIn(outcome: Outcome, turn: Turn, receiver: Side): SignatureSearch {
  const sender = receiver === "server" ? "client" : "server";
  const { pieces } = capturedIn(outcome);
  // what comes after the turn cannot have been signed
  const end = pieces.findIndex(({ at }) => at > turn.to);
  return {
    turn: piecesOf(turn),
    pieces: end === -1 ? pieces : pieces.slice(0, end),
    keys: ownKeysOf(outcome, sender).flatMap(({ key }) => ("point" in key ? pointOf(key) : [])),
    texts: [receiver === "server" ? outcome.message : outcome.reply],
  };
}

function pointOf({
  algorithm,
  point: { view, offset, length },
}: {
  algorithm: string;
  point: { view: { bytes: Bytes }; offset: number; length: number };
}): Point {
  return { curve: algorithm.replace(/^EC /, ""), bytes: view.bytes.slice(offset, offset + length) };
}

function waysTo(signature: CurveSignature, target: Turn): [name: string, alter: Alter][] {
  const resigned: Alter = (turn, attack) => {
    const made = resignOnCurve(piecesHeld(attack, target, turn.length), signature);
    return replace(made ?? turn, "the attacker signed with another key");
  };
  const omitted: Alter = (turn, attack) => {
    const made = resignOnCurve(piecesHeld(attack, target, turn.length), signature);
    const offset = made ? made.findIndex((byte, at) => byte !== turn[at]) : -1;
    return offset > 0 ? cut(turn, offset) : replace(turn, "no signature was found");
  };
  return [
    ["re-made signature", resigned],
    ["omitted signature", omitted],
  ];
}

function nameOf({ curve, form }: CurveSignature): string {
  return curve === "Ed25519" ? curve : `ECDSA, ${curve}, ${form}`;
}
