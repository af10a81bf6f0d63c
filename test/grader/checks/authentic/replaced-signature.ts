/** Replaces the signature of a message by one of the attacker's, and leaves it out. */

import { Buffer } from "node:buffer";
import { generateKeyPair } from "node:crypto";
import { promisify } from "node:util";
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import { type Alteration, cut, replace } from "../../attacks/alterations.ts";
import type { ModifiedTurn } from "../../attacks/modify-turn.ts";
import { bitLength, fromBytes } from "../../crack/arithmetic/modular.ts";
import { Budget } from "../../crack/capture/budget.ts";
import { streamsOf } from "../../crack/capture/capture.ts";
import type { View } from "../../crack/capture/view.ts";
import { viewsOf } from "../../crack/decode/decodings.ts";
import { findKeys } from "../../crack/keys/find-keys.ts";
import type { PrivateNumbers, PublicNumbers } from "../../crack/rsa/own-keys.ts";
import {
  distinctSignatures,
  findSignatures,
  isSamePlace,
  resign,
  type Signature,
  signatureAt,
} from "../../crack/rsa/signatures.ts";
import { ownKeysOf, publicKeysOf } from "../../exchange/public-keys.ts";
import type { SharedExchanges } from "../../exchange/shared-exchanges.ts";
import type { Attempt } from "../../model/attempt.ts";
import type { Side } from "../../model/direction.ts";
import type { Outcome } from "../../model/outcome.ts";
import { isSamePlace as isSameTurn } from "../../wire/turns.ts";
import { strike } from "./struck-signature.ts";

const STEPS = 200_000_000;
const MAX_SIGNATURES = 3;

/**
 * Attacks each signature in the turn that carries the message to `receiver`. Bytes count as a
 * signature only if a public key of the sender opens them, in two plain exchanges and in the
 * attacked one.
 *
 * @throws Found when the receiver prints the message nevertheless, without a complaint
 */
export async function replaceSignatures(exchanges: SharedExchanges, receiver: Side): Promise<Attempt[]> {
  const { first, turns } = await exchanges.baseline();
  const target = receiver === "server" ? turns.message : turns.reply;
  if (!target) return [];
  const again = await exchanges.sameTexts();
  const repeated = again.turns.find((turn) => isSameTurn(turn, target));
  if (!repeated) return [];
  const sender = receiver === "server" ? "client" : "server";
  const recurring = findSignatures(viewsIn(repeated.bytes), keysOf(again, sender));
  const signatures = distinctSignatures(
    findSignatures(viewsIn(target.bytes), keysOf(first, sender)).filter((signature) =>
      recurring.some((other) => isSamePlace(signature, other)),
    ),
  );
  const known = keysOf(first, sender);
  const sent = publicKeysOf(first, sender).flatMap(({ key }) => ("modulus" in key ? [key] : []));
  const tried = await Promise.all(
    signatures.slice(0, MAX_SIGNATURES).flatMap((signature) => {
      // made before the exchange, which does not wait for it
      const own = keyLike(signature.key);
      const inTurn = (turn: Bytes, attack: ModifiedTurn) => {
        const keys = [...known, ...rsaIn(viewsIn(attack.passedIn(target.direction)))];
        const views = viewsIn(turn);
        const isShared = !sent.some(({ modulus }) => modulus === signature.key.modulus);
        return (
          findSignatures(views, keys, signature)[0] ?? (isShared ? signatureAt(views, signature) : undefined)
        );
      };
      const ways: [name: string, alter: (found: Signature, turn: Bytes) => Promise<Alteration>][] = [
        ["re-made signature", async (found, turn) => remade(found, turn, await own)],
        ["omitted signature", async ({ offset }, turn) => cut(turn, offset)],
      ];
      return ways.map(async ([name, alter]) => {
        await own;
        return strike(exchanges, {
          name,
          receiver,
          target,
          signature: `RSA, ${signature.scheme}`,
          alter: async (turn, attack) => {
            const found = inTurn(turn, attack);
            return found ? alter(found, turn) : replace(turn, "no signature was found");
          },
        });
      });
    }),
  );
  return tried.flat();
}

/** Replaces a signature by one over the same hash, with a key of the attacker's. */
function remade(signature: Signature, turn: Bytes, own: PrivateNumbers): Alteration {
  return replace(
    signature.replace(resign(signature, own)) ?? turn,
    "the attacker signed the same with another key",
  );
}

/** Makes a key whose modulus is above every padded hash for `theirs`. */
async function keyLike({ modulus }: PublicNumbers): Promise<PrivateNumbers> {
  const { privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength: bitLength(modulus) });
  const { n = "", e = "", d = "" } = privateKey.export({ format: "jwk" });
  return { modulus: integer(n), exponent: integer(e), privateExponent: integer(d) };
}

function integer(base64url: string): bigint {
  return fromBytes(Buffer.from(base64url, "base64url"));
}

function keysOf(outcome: Outcome, side: Side): PublicNumbers[] {
  return distinct(ownKeysOf(outcome, side).flatMap(({ key }) => ("modulus" in key ? [key] : [])));
}

function rsaIn(views: readonly View[]): PublicNumbers[] {
  return distinct(findKeys(views).flatMap((key) => ("modulus" in key ? [key] : [])));
}

function distinct(keys: readonly PublicNumbers[]): PublicNumbers[] {
  return [...new Map(keys.map((key) => [key.modulus, key])).values()];
}

function viewsIn(bytes: Bytes): View[] {
  const piece = { connection: 1, direction: "client to server" as const, at: 0, bytes: bytes.slice() };
  return streamsOf({ pieces: [piece], files: [] }).flatMap((stream) => viewsOf(stream, new Budget(STEPS)));
}
