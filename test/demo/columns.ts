/** Text in three columns side by side; on a narrow terminal, one below the other. */
import { pad, wrap } from "../grader/report/text-width.ts";

const MIN_SIDE_BY_SIDE = 100;
// below this, lines are longer than the terminal is wide, and it wraps them
const MIN_WIDTH = 20;
const GAP = " │ ";

export interface Columns {
  /** Returns the lines of a row of cells. */
  row(cells: readonly [string, string, string]): string;
  /**
   * Returns the lines above the rows: `titles` and a rule, or only the rule if rows name their
   * column.
   */
  header(titles: readonly [string, string, string]): string;
  /** Returns a rule across all columns. */
  rule(): string;
}

/** Makes columns with these `names` on a terminal of `terminalWidth` characters; some report 0. */
export function makeColumns(terminalWidth: number, names: readonly [string, string, string]): Columns {
  const width = Math.max(terminalWidth, MIN_WIDTH);
  if (width < MIN_SIDE_BY_SIDE) {
    const label = Math.max(...names.map((name) => name.length));
    return {
      row: (cells) =>
        cells
          .flatMap((cell, index) =>
            cell === ""
              ? []
              : wrap(cell, width - label - GAP.length).map((line) => [names[index] ?? "", line]),
          )
          .map(([name = "", line = ""]) => name.padEnd(label) + GAP + line)
          .join("\n"),
      header: () => "─".repeat(width),
      rule: () => "─".repeat(width),
    };
  }
  const side = Math.floor((width - 2 * GAP.length) * 0.3);
  const widths = [side, width - 2 * GAP.length - 2 * side, side];
  const rule = () => widths.map((columnWidth) => "─".repeat(columnWidth)).join("─┼─");
  const row = (cells: readonly [string, string, string]) => {
    const columns = cells.map((cell, index) => wrap(cell, widths[index] ?? side));
    const height = Math.max(...columns.map((lines) => lines.length));
    return Array.from({ length: height }, (_, line) =>
      columns
        .map((lines, index) => pad(lines[line] ?? "", widths[index] ?? side))
        .join(GAP)
        .trimEnd(),
    ).join("\n");
  };
  return { header: (titles) => `${row(titles)}\n${rule()}`, row, rule };
}
