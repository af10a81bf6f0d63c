/** Text in three columns side by side, or, on a narrow terminal, one below the other. */

const MIN_SIDE_BY_SIDE = 100;
// below this, lines are longer than the terminal is wide: it wraps them itself
const MIN_WIDTH = 20;
const GAP = " │ ";
const WIDE =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u;

export interface Columns {
  /** Returns the lines of a row whose cells stand side by side. */
  row(cells: readonly [string, string, string]): string;
  /** Returns what stands above the rows: `titles` and a line, or, where the rows name their column, only the line. */
  header(titles: readonly [string, string, string]): string;
  /** Returns a line across all columns. */
  rule(): string;
}

/** Makes columns with these `names` on a terminal that is `terminalWidth` characters wide; some say that it is 0. */
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

/** Cuts `text` into lines of at most `width` characters, at spaces where there are some. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split("\n")) {
    let line = "";
    for (const word of paragraph.split(" ")) {
      if (line !== "" && widthOf(line) + 1 + widthOf(word) > width) {
        lines.push(line);
        line = "";
      }
      line += line === "" ? word : ` ${word}`;
      while (widthOf(line) > width) {
        const fitting = [...line].slice(0, fit(line, width)).join("");
        lines.push(fitting);
        line = line.slice(fitting.length);
      }
    }
    lines.push(line);
  }
  return lines;
}

/** How many characters of `line` fit into `width` places; at least one. */
function fit(line: string, width: number): number {
  let places = 0;
  let count = 0;
  for (const character of line) {
    places += widthOf(character);
    if (places > width) break;
    count += 1;
  }
  return Math.max(count, 1);
}

function pad(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - widthOf(text)));
}

/** The places that `text` takes on a terminal: two for wide characters, none for combining ones. */
function widthOf(text: string): number {
  let width = 0;
  for (const character of text)
    width += WIDE.test(character) ? 2 : /[\p{M}\u200c\u200d]/u.test(character) ? 0 : 1;
  return width;
}
