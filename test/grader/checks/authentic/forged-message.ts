/** Sends a message of the attacker's, encrypted with nothing but the receiver's public key. */
import { type Bytes, equal } from "../../../../lib/bytes/bytes.ts";
import { forgedMessage, isOneBlock, keysPassed, piecesHeld } from "../../attacks/forge.ts";
import { ModifiedTurn } from "../../attacks/modify-turn.ts";
import { Forger } from "../../crack/forger.ts";
import { follow, type Recipe } from "../../crack/recipe.ts";
import type { PrivateNumbers } from "../../crack/rsa/own-keys.ts";
import type { Padding } from "../../crack/rsa/padding.ts";
import { swapKeys } from "../../crack/rsa/swap-keys.ts";
import { outputOf, printedOrStored, quote } from "../../exchange/evidence.ts";
import { count } from "../../exchange/output-patterns.ts";
import { ownKeysOf } from "../../exchange/public-keys.ts";
import { diagramOf, dumpOf } from "../../exchange/sequence-diagram.ts";
import type { SharedExchanges } from "../../exchange/shared-exchanges.ts";
import type { Attack } from "../../model/attack.ts";
import { type Attempt, attempts } from "../../model/attempt.ts";
import type { Side } from "../../model/direction.ts";
import type { Turn } from "../../model/turn.ts";
import { Found } from "../../model/verdict-errors.ts";
import { isSamePlace, piecesOf } from "../../wire/turns.ts";

const PADDINGS: Padding[] = ["OAEP, SHA-256", "OAEP, SHA-1", "PKCS #1 v1.5"];

/**
 * Forges the message to `receiver`, if it is encrypted for a public key of the receiver's: learns
 * how in a session with a key of the attacker's, and does the same in a session with the genuine
 * keys.
 *
 * @throws Found when the receiver accepts it
 */
export async function forgeMessage(exchanges: SharedExchanges, receiver: Side): Promise<Attempt[]> {
  const { first, turns } = await exchanges.baseline();
  const target = receiver === "server" ? turns.message : turns.reply;
  const key = ownKeysOf(first, receiver).find(({ key }) => "modulus" in key)?.key;
  if (!target || !key || !("modulus" in key)) return [];
  const keyTurn = first.turns.find(
    ({ direction, bytes }) => direction !== target.direction && keysPassed(bytes).length > 0,
  );
  const recipe = keyTurn && (await learnFrom(exchanges, { keyTurn, target, receiver }));
  if (keyTurn && recipe) {
    const how = recipe.how;
    return forgeWith(exchanges, { receiver, how, text: recipe.text }, () =>
      followed(recipe, keyTurn, target),
    );
  }
  if (!isOneBlock(target.bytes, key)) return [];
  const tried = await Promise.all(
    PADDINGS.map((padding) => {
      const text = exchanges.text(`forged with ${padding}, to the ${receiver}`, 30);
      const attack = () => forgedMessage(target, { padding, text, shared: [key] });
      return forgeWith(exchanges, { receiver, how: padding, text }, attack);
    }),
  );
  return tried.flat();
}

/** Replaces the receiver's keys by the attacker's, and opens what the sender encrypts for them. */
async function learnFrom(
  exchanges: SharedExchanges,
  { keyTurn, target, receiver }: { keyTurn: Turn; target: Turn; receiver: Side },
): Promise<Recipe | undefined> {
  const { first } = await exchanges.baseline();
  const { message, reply } = first;
  let keys: PrivateNumbers[] = [];
  const attack = new ModifiedTurn(keyTurn, (turn) => {
    const { bytes, swapped } = swapKeys(turn);
    keys = swapped.flatMap(({ numbers }) => numbers ?? []);
    return { kind: "replace", offset: 0, detail: "keys of the attacker's replaced all", pieces: [bytes] };
  });
  const sender = receiver === "server" ? "client" : "server";
  const outcome = await exchanges.runInNewSession({
    title: `how a message to the ${receiver} is encrypted`,
    message,
    reply,
    attack,
    // one that does not know the receiver's key yet
    freshPrograms: [sender],
  });
  const turn = outcome.turns.find((candidate) => isSamePlace(candidate, target));
  if (!turn || keys.length === 0) return undefined;
  const text = receiver === "server" ? message : reply;
  return new Forger().learn({ message: piecesOf(turn), keys, text });
}

/** Sends what the recipe says, for the genuine key that has passed. */
function followed(recipe: Recipe, keyTurn: Turn, target: Turn): Attack {
  return new ModifiedTurn(target, (turn, attack) => {
    const key = keysPassed(attack.passed(keyTurn))[recipe.key];
    const bytes = key && follow(recipe, piecesHeld(attack, target, turn.length), key);
    const detail = "the attacker encrypted another text with the public key that had passed";
    return {
      kind: "replace",
      offset: bytes ? firstDifference(turn, bytes) : 0,
      detail,
      pieces: [bytes ?? turn],
    };
  });
}

function firstDifference(before: Bytes, after: Bytes): number {
  return Math.max(
    0,
    after.findIndex((byte, at) => byte !== before[at]),
  );
}

async function forgeWith(
  exchanges: SharedExchanges,
  { receiver, how, text }: { receiver: Side; how: string; text: string },
  attack: () => Attack,
): Promise<Attempt[]> {
  const title = `forged with ${how}, to the ${receiver}`;
  const outcome = await exchanges.run(() => ({ title, attack: attack() }));
  const { applied } = outcome;
  if (!applied || equal(applied.before, applied.after)) return [];
  if (count(outcome.printed[receiver], text) === 0) return attempts("forged message", "refused");
  throw new Found({
    expected: `the ${receiver} accepts only messages that its peer has signed`,
    happened: `the attacker encrypted another text with the ${receiver}'s public key (${how}) and sent it instead of the genuine message, and the ${receiver} ${printedOrStored(exchanges)} ${quote(text)}`,
    why: "A public key is public: anyone who has it can encrypt. Only a signature shows who did.",
    hint: "Sign each message with the sender's private key, and verify it with the sender's public key before you print it.",
    evidence: [
      { caption: "The exchange", diagram: diagramOf(outcome, title, { bad: [text] }) },
      dumpOf(applied),
      { caption: "The forged text", quote: text },
      outputOf(outcome, receiver),
    ],
  });
}
