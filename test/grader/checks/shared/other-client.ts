/** Exchanges with other clients of the manifest. */
import { evidenceOf } from "../../exchange/evidence.ts";
import { count } from "../../exchange/output-patterns.ts";
import type { SharedExchanges } from "../../exchange/shared-exchanges.ts";
import type { Outcome } from "../../model/outcome.ts";
import type { Finding } from "../../model/report.ts";
import { Found, NotShown } from "../../model/verdict-errors.ts";

/** Why a client must be refused that is not on the list. */
export const NOT_LISTED = "A client that is not known to be on the list is not on it.";

/** Runs an exchange with the client `program`. @throws NotShown when the manifest has none */
export async function runProgram(exchanges: SharedExchanges, program: string): Promise<Outcome> {
  if (exchanges.prepared.manifest.programs[program] === undefined)
    throw new NotShown(`the manifest has no program "${program}"`);
  return exchanges.run({ title: `the program ${program}`, client: program, patient: true });
}

/** @throws Found when the server printed the client's message, or replied to it */
export function requireRefused(outcome: Outcome, finding: Pick<Finding, "expected" | "hint">): void {
  const wasAnswered = outcome.times.reply > 0;
  if (count(outcome.printed.server, outcome.message) === 0 && !wasAnswered) return;
  throw new Found({
    ...finding,
    happened: wasAnswered ? "the server replied to it" : "the server printed its message",
    why: NOT_LISTED,
    evidence: evidenceOf(outcome, [outcome.message, outcome.reply]),
  });
}
