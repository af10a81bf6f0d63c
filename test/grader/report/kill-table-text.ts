/** A kill table as text. */
import { type KillTable, summarizeKills } from "./kill-table.ts";
import { CELLS, cellOf, legend, problemLines, sortRows } from "./kill-table-cells.ts";
import { styles } from "./terminal-style.ts";
import { cut, pad, widthOf, wrap } from "./text-width.ts";
import { oneLine } from "./visible.ts";

/**
 * Returns the table as text of `width` columns: wrong verdicts first, then a row for each
 * submission.
 */
export function killTableText(table: KillTable, width: number, hasColours = false): string {
  const style = styles(hasColours);
  const problems = problemLines(table).flatMap((line) => wrap(line, width).map((part) => style("red", part)));
  const rows = sortRows(table);
  const longest = Math.max(4, ...rows.map(({ task, name }) => widthOf(oneLine(`${task} ${name}`))));
  const room = Math.min(longest, Math.max(16, width - 32));
  // each block has as many columns as fit, beside the name of its last column
  const label = 3 + Math.min(16, Math.max(0, ...table.checks.map((check) => oneLine(check).length)));
  const perBlock = Math.max(4, Math.floor((width - room - label) / 2));
  const blocks: string[] = [];
  for (let from = 0; from < Math.max(1, table.checks.length); from += perBlock) {
    const checks = table.checks.slice(from, from + perBlock);
    const lines = [...headLines(checks, room, width)];
    for (const row of rows) {
      const cells = checks.map((check) => {
        const { mark, style: colour } = CELLS[cellOf(row, check)];
        return style(colour, mark);
      });
      lines.push(`${pad(cut(oneLine(`${row.task} ${row.name}`), room), room)}  ${cells.join(" ")}`.trimEnd());
    }
    blocks.push(lines.join("\n"));
  }
  const meanings = legend()
    .map(({ mark, meaning }) => `${mark} ${meaning}`)
    .join("   ");
  return [
    ...problems,
    ...(problems.length > 0 ? [""] : []),
    blocks.join("\n\n"),
    "",
    ...wrap(meanings, width),
    ...wrap(summarizeKills(table), width),
    "",
  ].join("\n");
}

/** Returns the names of the columns, as a staircase that leads down to each. */
function headLines(checks: readonly string[], room: number, width: number): string[] {
  const bars = (count: number) => "│ ".repeat(count);
  return checks.map((check, index) => cut(`${" ".repeat(room)}  ${bars(index)}┌ ${oneLine(check)}`, width));
}
