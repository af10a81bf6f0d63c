/** Sends a message of the attacker's, encrypted with nothing but the receiver's public key. */
import { equal } from "../../../../lib/bytes/bytes.ts";
import { forgedMessage, isOneBlock } from "../../attacks/forge.ts";
import type { Padding } from "../../crack/rsa/padding.ts";
import { outputOf } from "../../exchange/evidence.ts";
import { count } from "../../exchange/output-patterns.ts";
import { ownKeysOf } from "../../exchange/public-keys.ts";
import { diagramOf, dumpOf } from "../../exchange/sequence-diagram.ts";
import type { SharedExchanges } from "../../exchange/shared-exchanges.ts";
import { type Attempt, attempts } from "../../model/attempt.ts";
import type { Side } from "../../model/direction.ts";
import type { Turn } from "../../model/turn.ts";
import { Found } from "../../model/verdict-errors.ts";

const PADDINGS: Padding[] = ["OAEP, SHA-256", "OAEP, SHA-1", "PKCS #1 v1.5"];

/**
 * Forges the message to `receiver`, if it is one block of RSA and nothing else.
 *
 * @throws Found when the receiver accepts it
 */
export async function forgeMessage(exchanges: SharedExchanges, receiver: Side): Promise<Attempt[]> {
  const { first, turns } = await exchanges.baseline();
  const target = receiver === "server" ? turns.message : turns.reply;
  const key = ownKeysOf(first, receiver).find(({ key }) => "modulus" in key)?.key;
  if (!target || !key || !("modulus" in key) || !isOneBlock(target.bytes, key)) return [];
  const tried = await Promise.all(
    PADDINGS.map((padding) => forgeWith(exchanges, { receiver, target, padding })),
  );
  return tried.flat();
}

async function forgeWith(
  exchanges: SharedExchanges,
  { receiver, target, padding }: { receiver: Side; target: Turn; padding: Padding },
): Promise<Attempt[]> {
  const title = `forged with ${padding}, to the ${receiver}`;
  const text = exchanges.text(title, 30);
  const outcome = await exchanges.run(() => ({
    title,
    attack: forgedMessage(target, { padding, text }),
  }));
  const { applied } = outcome;
  if (!applied || equal(applied.before, applied.after)) return [];
  if (count(outcome.printed[receiver], text) === 0) return attempts("forged message", "refused");
  throw new Found({
    expected: `the ${receiver} accepts only messages that its peer has signed`,
    happened: `the attacker encrypted another text with the ${receiver}'s public key (${padding}) and sent it instead of the genuine message, and the ${receiver} printed it`,
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
