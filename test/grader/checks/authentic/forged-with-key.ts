/** Sends a message of the attacker's, encrypted with the key that the eavesdropper recovers. */
import { replace } from "../../attacks/alterations.ts";
import { ModifiedTurn } from "../../attacks/modify-turn.ts";
import type { ProofKind } from "../../crack/capture/proof.ts";
import { Forger, type Forgery } from "../../crack/forger.ts";
import { capturedIn } from "../../exchange/captured-in.ts";
import { outputOf, printedOrStored, quote } from "../../exchange/evidence.ts";
import { count } from "../../exchange/output-patterns.ts";
import { diagramOf, dumpOf } from "../../exchange/sequence-diagram.ts";
import type { SharedExchanges } from "../../exchange/shared-exchanges.ts";
import { type Attempt, attempts } from "../../model/attempt.ts";
import type { Side } from "../../model/direction.ts";
import { Found } from "../../model/verdict-errors.ts";
import { eavesdrop } from "../shared/eavesdropping.ts";
import { sourceFiles } from "../shared/source-files.ts";

/** Steps for one search: the kind of attack is known, and there is one session. */
const STEPS = 1_500_000_000;
/** The proofs after which a message can be made. */
const KEY_IS_KNOWN: ReadonlySet<ProofKind> = new Set([
  "toy cipher",
  "weak key",
  "key on the wire",
  "key in the source",
  "public key suffices",
]);

/**
 * Recovers the key of a live session, as the eavesdropper recovered those of the plain exchanges,
 * and replaces the message to `receiver` by one with another text.
 *
 * @throws Found when the receiver accepts it
 */
export async function forgeWithKey(exchanges: SharedExchanges, receiver: Side): Promise<Attempt[]> {
  const { first, turns } = await exchanges.baseline();
  const target = receiver === "server" ? turns.message : turns.reply;
  const kinds = await kindsOf(exchanges, receiver);
  if (!target || kinds.length === 0) return [];
  const title = `a forged text, to the ${receiver}`;
  const { message, reply } = first;
  const forger = new Forger();
  let forgery: Forgery | undefined;
  const attack = new ModifiedTurn(target, async (turn, { overheard, applied }) => {
    forgery = await forger.forge({
      capture: { pieces: [...overheard], files: capturedIn(first).files },
      stream: { connection: applied?.connection ?? 0, direction: target.direction },
      length: turn.length,
      text: receiver === "server" ? message : reply,
      kinds,
      source: sourceFiles(exchanges.prepared),
      steps: STEPS,
    });
    const bytes = forgery?.bytes ?? turn;
    const offset = Math.max(
      0,
      bytes.findIndex((byte, at) => byte !== turn[at]),
    );
    return { ...replace(bytes, "the attacker encrypted another text with the key"), offset };
  });
  const outcome = await exchanges
    .runInNewSession({ title, message, reply, attack })
    .finally(() => forger.close());
  const { applied } = outcome;
  if (!applied || !forgery) return [];
  const { text, how } = forgery;
  if (count(outcome.printed[receiver].toLowerCase(), text.toLowerCase()) === 0)
    return attempts("forged message", "refused");
  throw new Found({
    expected: `the ${receiver} accepts only texts that its peer sent`,
    happened: `the attacker recovered the key while the two programs talked, encrypted ${quote(text)} with it, and the ${receiver} ${printedOrStored(exchanges)} that, which its peer never sent`,
    why: "Anyone who can recover the key can speak for both sides, and not only listen.",
    hint: "Agree on a key that no one else can know: wrap a new random one with RSA-OAEP of 2048 bits or more, or use ECDH. Sign each message, too.",
    evidence: [
      {
        caption: "The exchange, with the forged message",
        diagram: diagramOf(outcome, title, { bad: [text] }),
      },
      { caption: "How the key was recovered", quote: how },
      dumpOf(applied),
      { caption: "The forged text", quote: text },
      outputOf(outcome, receiver),
    ],
  });
}

/** Returns how an eavesdropper reads the texts that `receiver` gets, if a key is part of it. */
async function kindsOf(exchanges: SharedExchanges, receiver: Side): Promise<ProofKind[]> {
  const { proofs, texts } = await eavesdrop(exchanges);
  const of = receiver === "server" ? "message" : "reply";
  return [
    ...new Set(
      proofs
        .filter(({ kind, text }) => KEY_IS_KNOWN.has(kind) && text !== undefined && texts[text] === of)
        .map(({ kind }) => kind),
    ),
  ];
}
