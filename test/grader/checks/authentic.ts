/** Checks that a message is the peer's: the signature is there, and looked at. */
import { type Bytes, toHex } from "../../../lib/bytes/bytes.ts";
import { Spliced } from "../attacks/splice.ts";
import { count } from "../exchange/output-patterns.ts";
import { diagramOf } from "../exchange/sequence-diagram.ts";
import { notShown, type SharedExchanges } from "../exchange/shared-exchanges.ts";
import { Found } from "../model/verdict-errors.ts";
import { bytesSent } from "../wire/turns.ts";
import type { Check } from "./check.ts";
import { rivalAtSecondPort } from "./data-port.ts";
import { forge } from "./forge.ts";
import { keysOf } from "./keys.ts";
import { evidenceOfTrial } from "./tampering/tampering.ts";
import { isUnchecked, requireStruck, tamperingOf } from "./unaltered.ts";

/** Bytes in a row that differ from run to run, and so are a key or a random value. */
const MIN_IDENTITY = 32;

/** A message that somebody else made, or whose signature is wrong, is refused. */
export function authentic(points: number, long: number): Check {
  return {
    id: "authentic",
    title: "A message that is not the peer's is refused",
    points,
    needs: ["message"],
    async run(exchanges) {
      const all = await tamperingOf(exchanges, long);
      requireStruck(all);
      const unchecked = all.find((trial) => isUnchecked(trial) && trial.noticed === undefined);
      if (unchecked) {
        const { receiver, applied } = unchecked;
        throw new Found({
          expected: `the ${receiver} refuses a message with a wrong signature`,
          happened: `${applied?.detail ?? unchecked.name}, and the ${receiver} printed the message all the same: nobody checks those bytes`,
          why: "A signature that nobody verifies proves nothing: anybody can send in the peer's name.",
          hint: "Call verify with the sender's public key, and refuse the message when it fails.",
          evidence: evidenceOfTrial(unchecked),
        });
      }
      const baseline = await exchanges.baseline();
      const tried = await Promise.all([
        splice(exchanges),
        // where texts are printed, the second port is a task of its own
        exchanges.prepared.manifest.files !== undefined && rivalAtSecondPort(exchanges),
        forge(exchanges, baseline, "server"),
        forge(exchanges, baseline, "client"),
      ]);
      if (!tried.includes(true) && keysOf(baseline.first, "client").length === 0)
        notShown(
          "the client sends nothing of its own by which its message could be known: no public key, and nothing before the message",
        );
    },
  };
}

/**
 * Puts the message of a second, genuine client into the place of the first one's, where its first connection carries it; returns
 * whether the client sends anything of its own before, by which its message could be known.
 */
async function splice(exchanges: SharedExchanges): Promise<boolean> {
  const { first, turns } = await exchanges.baseline();
  const target = turns.message;
  // what the client said before must be its own, such as its key; else the second client is just another client
  const again = await exchanges.again();
  const before = (outcome: typeof first) =>
    bytesSent(
      outcome.turns.filter(({ ordinal, line }) => line === target?.line && ordinal < (target?.ordinal ?? 0)),
      "client to server",
    );
  if (!target || !differs(before(first), before(again))) return false;
  const attack = new Spliced(target, first.took);
  const theirs = exchanges.text("the second client's message");
  let came = false;
  const outcome = await exchanges.run({
    title: "a second client's message",
    attack,
    during: async (session) => {
      if (!(await attack.held())) return;
      came = true;
      await session.start(theirs);
      await attack.replaced();
    },
  });
  // what comes on a later connection is not waited for
  if (!came && target.connection === first.turns[0]?.connection)
    notShown("the client's message did not come again, so that no other could take its place");
  if (!outcome.applied || count(outcome.printed.server, theirs) === 0) return true;
  throw new Found({
    expected: "the server takes no message but the one that its client made in this session",
    happened: "another client's message was put in its place, and the server printed it",
    why: "Anybody who has the server's public key can speak in the place of the client that began the session.",
    hint: "Sign what you send, with the session in what is signed, and verify it with the key that began the session.",
    evidence: [
      {
        caption: "The exchange: the second client's message takes the place of the first one's",
        diagram: diagramOf(outcome, "Spliced", { bad: [theirs] }),
      },
      { caption: "What the second client was told to say", quote: theirs },
      { caption: "What the server printed", quote: outcome.printed.server.trim().slice(0, 1500) },
    ],
  });
}

/** Says whether the two are not the same for `MIN_IDENTITY` bytes in a row or more. */
function differs(a: Bytes, b: Bytes): boolean {
  const known = toHex(b);
  let differing = 0;
  for (let at = 0; at + 8 <= a.length; at += 8) {
    differing = known.includes(toHex(a.subarray(at, at + 8))) ? 0 : differing + 8;
    if (differing >= MIN_IDENTITY) return true;
  }
  return false;
}
