/**
 * Sends the message of a second, genuine client instead of the first one's, in the first one's
 * session.
 */
import { type Bytes, toHex } from "../../../../lib/bytes/bytes.ts";
import { Spliced } from "../../attacks/splice.ts";
import { outputOf } from "../../exchange/evidence.ts";
import { count } from "../../exchange/output-patterns.ts";
import { diagramOf } from "../../exchange/sequence-diagram.ts";
import type { SharedExchanges } from "../../exchange/shared-exchanges.ts";
import { type Attempt, attempts } from "../../model/attempt.ts";
import type { Outcome } from "../../model/outcome.ts";
import { Found } from "../../model/verdict-errors.ts";
import { bytesSent } from "../../wire/turns.ts";

/** Bytes in a row that differ in each run, as those of a key or a random value. */
const MIN_IDENTITY = 32;
const STEP = 8;

/**
 * Returns nothing if the client sends nothing of its own before the message, by which the message
 * could be recognised: the second client is just another client then.
 *
 * @throws Found when the server accepts the second client's message
 */
export async function spliceMessage(exchanges: SharedExchanges): Promise<Attempt[]> {
  const { first, turns } = await exchanges.baseline();
  const target = turns.message;
  if (!target) return [];
  const before = (outcome: Outcome) =>
    bytesSent(
      outcome.turns.filter(({ ordinal, line }) => line === target.line && ordinal < target.ordinal),
      "client to server",
    );
  if (!differ(before(first), before(await exchanges.sameTexts()))) return [];
  const theirs = exchanges.text("the second client's message");
  let wasHeld = false;
  const outcome = await exchanges.run(() => {
    const attack = new Spliced(target, first.took);
    return {
      title: "a second client's message",
      attack,
      during: async (session) => {
        wasHeld = await attack.held();
        if (!wasHeld) return;
        await session.start(theirs);
        await attack.replaced();
      },
    };
  });
  if (!outcome.applied) return [];
  if (count(outcome.printed.server, theirs) === 0) return attempts("spliced message", "refused");
  throw new Found({
    expected: "the server accepts only the message that its client made in this session",
    happened: "another client's message was sent instead, and the server printed it",
    why: "Anyone who has the server's public key can speak for the client that began the session.",
    hint: "Sign what you send, let the signature cover the session, and verify it with the key that began the session.",
    evidence: [
      {
        caption: "The exchange, in which the second client's message replaces the first one's",
        diagram: diagramOf(outcome, "Spliced", { bad: [theirs] }),
      },
      { caption: "The text that the second client was given", quote: theirs },
      outputOf(outcome, "server"),
    ],
  });
}

/** Says whether `MIN_IDENTITY` bytes in a row of `a` do not occur in `b`. */
function differ(a: Bytes, b: Bytes): boolean {
  const known = toHex(b);
  let differing = 0;
  for (let at = 0; at + STEP <= a.length; at += STEP) {
    differing = known.includes(toHex(a.subarray(at, at + STEP))) ? 0 : differing + STEP;
    if (differing >= MIN_IDENTITY) return true;
  }
  return false;
}
