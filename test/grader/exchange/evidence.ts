/** The evidence that proves a finding. */
import type { Side } from "../model/direction.ts";
import type { Outcome } from "../model/outcome.ts";
import type { Evidence } from "../model/report.ts";
import { diagramOf } from "./sequence-diagram.ts";
import type { SharedExchanges } from "./shared-exchanges.ts";

const MAX_OUTPUT = 1500;
const MAX_QUOTE = 60;

/** The exchange, and what both programs printed; lines that contain one of `bad` are marked. */
export function evidenceOf(outcome: Outcome, bad: string[] = []): Evidence[] {
  return [
    { caption: "The exchange", diagram: diagramOf(outcome, "The exchange", { bad }) },
    outputOf(outcome, "client"),
    outputOf(outcome, "server"),
  ];
}

/** The output of one program during an exchange. */
export function outputOf({ printed }: Outcome, side: Side): Evidence {
  return {
    caption: `What the ${side} printed`,
    quote: printed[side].trim().slice(0, MAX_OUTPUT) || "(nothing)",
  };
}

/** Quotes a text in a sentence, shortened to its beginning. */
export function quote(text: string): string {
  const start = JSON.stringify(text.slice(0, MAX_QUOTE));
  return text.length > MAX_QUOTE ? `${start.slice(0, -1)}…" (${text.length} characters)` : start;
}

/** How the task's programs show a text that they received, as a participle. */
export function printedOrStored(exchanges: SharedExchanges): "printed" | "stored" {
  return exchanges.transfersFiles ? "stored" : "printed";
}
