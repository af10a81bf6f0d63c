/** Checks that the wire tells no names: a file's name may say as much as what is in it. */
import { type Check, Found } from "../harness/check.ts";
import { Budget } from "../harness/crack/budget.ts";
import { captureOf, describePlace, streamsOf } from "../harness/crack/capture.ts";
import { findClear } from "../harness/crack/clear.ts";
import { viewsOf } from "../harness/crack/decodings.ts";
import { knownForms } from "../harness/crack/known.ts";
import type { Proof } from "../harness/crack/proof.ts";
import type { Outcome } from "../harness/exchange.ts";
import { ladderOf } from "../harness/ladder.ts";
import { nameOf } from "../harness/stored-files.ts";
import { listed } from "./files.ts";

const STEPS = 500_000_000;

/** Neither names of files nor passwords pass in clear, on any connection. */
export function names(points: number): Check {
  return {
    id: "names",
    title: "Names of files, listings and passwords do not pass in clear",
    points,
    needs: ["message"],
    async run(trials) {
      const { first } = await trials.plain();
      const { passwords } = trials.lab.manifest;
      const runs = [{ outcome: first, names: [nameOf(first.message), nameOf(first.reply)] }];
      const list = await listed(trials);
      if (list) runs.push(list);
      for (const { outcome, names } of runs) {
        requireHidden(outcome, names, "the name of a file");
        requireHidden(outcome, passwords, "a password");
      }
    },
  };
}

function requireHidden(outcome: Outcome, texts: readonly string[], what: string): void {
  const budget = new Budget(STEPS);
  const knowns = knownForms(texts);
  const [proof] = streamsOf(captureOf(outcome.events)).flatMap((stream) =>
    findClear(viewsOf(stream, budget), knowns, budget),
  );
  if (proof) throw found(outcome, proof, what);
}

function found(outcome: Outcome, { cipher, recovered, where, how }: Proof, what: string): Found {
  return new Found({
    expected: "nothing that passes says how the files are called, or how one logs in",
    happened: `${what} passed in clear: ${JSON.stringify(recovered)} (${cipher})`,
    why:
      what === "a password"
        ? "Whoever sits anywhere on the way can log in from then on."
        : "A name often says what is in a file, and always which one it is.",
    hint: "Encrypt all that is said, commands and answers too, and not only the contents of files; log in over the encrypted channel.",
    evidence: [
      { caption: "How anyone can repeat it", quote: `${how}\n${where.map(describePlace).join("\n")}` },
      { caption: "What was recovered", quote: recovered },
      { caption: "The exchange", ladder: ladderOf(outcome, "What the eavesdropper saw", { read: what }) },
    ],
  });
}
