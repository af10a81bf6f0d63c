/** Checks that a message is the peer's: the signature is there, and looked at. */
import { type Bytes, toHex } from "../../lib/bytes.ts";
import { Spliced } from "../harness/attacks/splice.ts";
import { type Check, Found } from "../harness/check.ts";
import { ladderOf } from "../harness/ladder.ts";
import { count } from "../harness/printed.ts";
import { notShown, type Trials } from "../harness/trials.ts";
import { sent } from "../harness/turns.ts";
import { rivalAtSecondPort } from "./data-port.ts";
import { forge } from "./forge.ts";
import { keysOf } from "./keys.ts";
import { evidenceOfTrial } from "./tampering.ts";
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
    async run(trials) {
      const all = await tamperingOf(trials, long);
      requireStruck(all);
      const unchecked = all.find((trial) => isUnchecked(trial) && trial.noticed === undefined);
      if (unchecked) {
        const { receiver, strike } = unchecked;
        throw new Found({
          expected: `the ${receiver} refuses a message with a wrong signature`,
          happened: `${strike?.detail ?? unchecked.name}, and the ${receiver} printed the message all the same: nobody checks those bytes`,
          why: "A signature that nobody verifies proves nothing: anybody can send in the peer's name.",
          hint: "Call verify with the sender's public key, and refuse the message when it fails.",
          evidence: evidenceOfTrial(unchecked),
        });
      }
      const plain = await trials.plain();
      const tried = await Promise.all([
        splice(trials),
        // where texts are printed, the second port is a task of its own
        trials.lab.manifest.files !== undefined && rivalAtSecondPort(trials),
        forge(trials, plain, "server"),
        forge(trials, plain, "client"),
      ]);
      if (!tried.includes(true) && keysOf(plain.first, "client").length === 0)
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
async function splice(trials: Trials): Promise<boolean> {
  const { first, turns } = await trials.plain();
  const target = turns.message;
  // what the client said before must be its own, such as its key; else the second client is just another client
  const again = await trials.again();
  const before = (outcome: typeof first) =>
    sent(
      outcome.turns.filter(({ ordinal, line }) => line === target?.line && ordinal < (target?.ordinal ?? 0)),
      "client to server",
    );
  if (!target || !differs(before(first), before(again))) return false;
  const attack = new Spliced(target, first.took);
  const theirs = trials.text("the second client's message");
  let came = false;
  const outcome = await trials.run({
    title: "a second client's message",
    attack,
    during: async (stage) => {
      if (!(await attack.held())) return;
      came = true;
      await stage.start(theirs);
      await attack.replaced();
    },
  });
  // what comes on a later connection is not waited for
  if (!came && target.connection === first.turns[0]?.connection)
    notShown("the client's message did not come again, so that no other could take its place");
  if (!outcome.strike || count(outcome.printed.server, theirs) === 0) return true;
  throw new Found({
    expected: "the server takes no message but the one that its client made in this session",
    happened: "another client's message was put in its place, and the server printed it",
    why: "Anybody who has the server's public key can speak in the place of the client that began the session.",
    hint: "Sign what you send, with the session in what is signed, and verify it with the key that began the session.",
    evidence: [
      {
        caption: "The exchange: the second client's message takes the place of the first one's",
        ladder: ladderOf(outcome, "Spliced", { bad: [theirs] }),
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
