/** Checks that the wire tells no names: a file's name may say as much as what is in it. */

import { Budget } from "../crack/capture/budget.ts";
import { captureOf, describePlace, streamsOf } from "../crack/capture/capture.ts";
import { knownForms } from "../crack/capture/known.ts";
import type { Proof } from "../crack/capture/proof.ts";
import { findClear } from "../crack/decode/clear.ts";
import { viewsOf } from "../crack/decode/decodings.ts";
import { diagramOf } from "../exchange/sequence-diagram.ts";
import type { Outcome } from "../model/outcome.ts";
import { Found } from "../model/verdict-errors.ts";
import { fileNameFor } from "../run/stored-file-names.ts";
import type { Check } from "./check.ts";
import { listed } from "./files.ts";

const STEPS = 500_000_000;

/** Neither names of files nor passwords pass in clear, on any connection. */
export function names(points: number): Check {
  return {
    id: "names",
    title: "Names of files, listings and passwords do not pass in clear",
    points,
    needs: ["message"],
    async run(exchanges) {
      const { first } = await exchanges.baseline();
      const { passwords } = exchanges.prepared.manifest;
      const runs = [{ outcome: first, names: [fileNameFor(first.message), fileNameFor(first.reply)] }];
      const list = await listed(exchanges);
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
      { caption: "The exchange", diagram: diagramOf(outcome, "What the eavesdropper saw", { read: what }) },
    ],
  });
}
