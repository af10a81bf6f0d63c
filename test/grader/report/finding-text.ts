/** A finding as plain text, for formats without markup. */
import type { Finding } from "../model/report.ts";
import { describeEntry, elide, isImportant } from "./diagram-entries.ts";
import { oneLine, outputLines, shorten, visible } from "./visible.ts";

const TEXT_LIMIT = 800;
const QUOTE_LIMITS = { characters: 1500, lines: 20 };
const ENTRIES = 16;

/** Returns `finding` as lines of text; the output of programs is escaped and shortened. */
export function findingText(finding: Finding): string {
  const prose = (text: string) => shorten(visible(text), TEXT_LIMIT);
  return [
    `expected: ${prose(finding.expected)}`,
    `happened: ${prose(finding.happened)}`,
    `why it matters: ${prose(finding.why)}`,
    `hint: ${prose(finding.hint)}`,
    ...finding.evidence.flatMap(({ caption, diagram, dump, quote }) => [
      `evidence: ${prose(caption)}`,
      ...(quote === undefined ? [] : outputLines(quote, QUOTE_LIMITS).map((line) => `  | ${line}`)),
      ...(diagram === undefined
        ? []
        : elide(diagram.entries, ENTRIES).map((entry) => {
            const at = entry.type === "gap" ? "" : `${entry.at.toFixed(3)} s`;
            const mark = entry.type !== "gap" && isImportant(entry) ? ">" : " ";
            return `  ${at.padStart(9)} ${mark} ${oneLine(describeEntry(entry))}`;
          })),
      ...(dump === undefined ? [] : [`  ${oneLine(dump.label)}: ${shorten(dump.hex, 400)}`]),
    ]),
  ].join("\n");
}
