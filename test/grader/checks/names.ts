/** The wire reveals no names of files, which may say as much as the contents, and no passwords. */
import { Budget } from "../crack/capture/budget.ts";
import { describePlace } from "../crack/capture/capture.ts";
import { knownForms } from "../crack/capture/known.ts";
import type { Proof } from "../crack/capture/proof.ts";
import { findClear } from "../crack/decode/clear.ts";
import { captureViews } from "../exchange/public-keys.ts";
import { diagramOf } from "../exchange/sequence-diagram.ts";
import { attempts } from "../model/attempt.ts";
import type { Outcome } from "../model/outcome.ts";
import { Found } from "../model/verdict-errors.ts";
import { fileNameFor } from "../run/stored-file-names.ts";
import type { Check } from "./check.ts";
import { listFiles } from "./shared/transfers.ts";

const STEPS = 500_000_000;

interface Secret {
  what: string;
  why: string;
}

const NAME: Secret = {
  what: "the name of a file",
  why: "A name often says what is in a file, and always which file it is.",
};
const PASSWORD: Secret = {
  what: "a password",
  why: "Anyone on the path can log in from then on.",
};

export function names(points: number): Check {
  return {
    id: "names",
    title: "Names of files, listings and passwords do not pass in plaintext",
    points,
    needs: ["message"],
    async run(exchanges) {
      const { first } = await exchanges.baseline();
      const { passwords } = exchanges.prepared.manifest;
      const runs = [{ outcome: first, names: [fileNameFor(first.message), fileNameFor(first.reply)] }];
      const listing = await listFiles(exchanges);
      if (listing) runs.push(listing);
      for (const { outcome, names } of runs) {
        requireHidden(outcome, names, NAME);
        requireHidden(outcome, passwords, PASSWORD);
      }
      return attempts("recorded session", "found nothing", runs.length);
    },
  };
}

function requireHidden(outcome: Outcome, texts: readonly string[], secret: Secret): void {
  const budget = new Budget(STEPS);
  const knowns = knownForms(texts);
  const [proof] = captureViews(outcome, budget).flatMap((views) => findClear(views, knowns, budget));
  if (proof) throw found(outcome, proof, secret);
}

function found(outcome: Outcome, { cipher, recovered, where, how }: Proof, { what, why }: Secret): Found {
  const places = where.map(describePlace).join("\n");
  return new Found({
    expected: "the bytes on the wire reveal neither the names of files nor a password",
    happened: `${what} was sent in plaintext: ${JSON.stringify(recovered)} (${cipher})`,
    why,
    hint: "Encrypt everything that is sent, commands and replies too, not only the contents of files. Log in over the encrypted channel.",
    evidence: [
      { caption: "How to reproduce it", quote: `${how}\n${places}` },
      { caption: "What was recovered", quote: recovered },
      {
        caption: "The exchange",
        diagram: diagramOf(outcome, "What the eavesdropper saw", { read: { what, where } }),
      },
    ],
  });
}
