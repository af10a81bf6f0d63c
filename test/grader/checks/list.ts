/** The client can list the server's files. */
import { evidenceOf } from "../exchange/evidence.ts";
import { attempts } from "../model/attempt.ts";
import { Found, NotShown } from "../model/verdict-errors.ts";
import type { Check } from "./check.ts";
import { LIST, listFiles } from "./shared/transfers.ts";

export function list(points: number): Check {
  return {
    id: "list",
    title: "The client lists the files that the server offers",
    points,
    needs: ["message"],
    showsLife: true,
    isFunctional: true,
    async run(exchanges) {
      const listing = await listFiles(exchanges);
      if (!listing) throw new NotShown(`the manifest has no program "${LIST}"`);
      const { names, outcome } = listing;
      const missing = names.filter((name) => !outcome.printed.client.includes(name));
      if (missing.length === 0) return attempts("name", "arrived", names.length);
      throw new Found({
        expected: `the client prints the names of the ${names.length} files that are in the server's folder`,
        happened: `it did not print ${missing.join(", ")}`,
        why: "A user who does not know which files there are cannot ask for one.",
        hint: "Send the names over the same encrypted channel as the files, and print them unchanged, one per line.",
        evidence: evidenceOf(outcome),
      });
    },
  };
}
