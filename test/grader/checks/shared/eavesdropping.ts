/** What an eavesdropper learns from the plain exchanges: searched once, for the checks that ask. */
import type { ProofKind } from "../../crack/capture/proof.ts";
import { type Answer, listenIn } from "../../crack/eavesdropper.ts";
import { repeatedText } from "../../crack/symmetric/equal-blocks.ts";
import { capturedIn } from "../../exchange/captured-in.ts";
import { oncePerTask, type SharedExchanges } from "../../exchange/shared-exchanges.ts";
import type { Outcome } from "../../model/outcome.ts";
import { sourceFiles } from "./source-files.ts";

/** The one kind of proof that does not read a text: `guess` is about it. */
export const CONFIRMED: ProofKind = "guess confirmed";
/** The budget of a quick grading: enough for plaintext, toy ciphers and keys on the wire. */
const QUICK_STEPS = 300_000_000;

interface Overheard extends Answer {
  /**
   * The exchanges: the first one, one with other texts, one with the same texts as the first, and
   * one with texts that repeat themselves, if such texts arrive.
   */
  runs: Outcome[];
  /** Which side's text each is to which the proofs refer by index. */
  texts: ("message" | "reply")[];
}

export const eavesdrop = oncePerTask("the eavesdropper", async (exchanges): Promise<Overheard> => {
  const { first } = await exchanges.baseline();
  const [other, same, repeated] = await Promise.all([
    exchanges.otherTexts(),
    exchanges.sameTexts(),
    repeatedTexts(exchanges),
  ]);
  const runs = [first, other, same, ...repeated];
  const texts = new Map(
    runs.flatMap(({ message, reply }) => [[message, "message"] as const, [reply, "reply"] as const]),
  );
  const request = {
    same: [capturedIn(first), capturedIn(same)] satisfies [unknown, unknown],
    other: capturedIn(other),
    repeated: repeated[0] && capturedIn(repeated[0]),
    texts: [...texts.keys()],
    source: sourceFiles(exchanges.prepared),
    steps: exchanges.isQuick ? QUICK_STEPS : exchanges.prepared.steps,
  };
  const answer = await exchanges.compute(() => listenIn(request));
  return { ...answer, runs, texts: [...texts.values()] };
});

/** An exchange of texts that consist of equal blocks; empty if such texts do not arrive. */
async function repeatedTexts(exchanges: SharedExchanges): Promise<Outcome[]> {
  if (exchanges.hasFixedTexts || exchanges.isQuick) return [];
  const outcome = await exchanges.runInNewSession({
    title: "texts that repeat themselves",
    message: repeatedText(exchanges.prepared.random("repeated message", 16)),
    reply: repeatedText(exchanges.prepared.random("repeated reply", 16)),
  });
  return outcome.times.message > 0 || outcome.times.reply > 0 ? [outcome] : [];
}
