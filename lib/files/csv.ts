/**
 * Tables that people edit: CSV (RFC 4180), in the variants that editors and spreadsheets write.
 *
 * - The first row names the columns. It decides between commas, semicolons and tabs.
 * - Line ends may be LF, CR LF or CR, also mixed. A byte order mark may precede the text.
 * - Spaces around a cell do not belong to it, unless they are quoted.
 * - Empty cells at the end of a row may be missing, or too many.
 * - Empty lines, rows of empty cells, and lines that begin with `#` are skipped.
 */
import { CsvError, parse } from "csv-parse/sync";
import { stringify } from "csv-stringify/sync";
import { type Bytes, concat, decodeUtf8, encodeUtf8 } from "../bytes/bytes.ts";

export interface Row {
  /** As many as there are columns. */
  cells: string[];
  /** The number of its first line. */
  line: number;
  /** The range of its bytes, including its line break. */
  start: number;
  end: number;
}

export interface Table {
  bytes: Bytes;
  delimiter: string;
  /** The rows below the header. */
  rows: Row[];
}

const OPTIONS = {
  bom: true,
  comment: "#",
  comment_no_infix: true,
  record_delimiter: ["\r\n", "\n", "\r"],
  relax_column_count: true,
  skip_empty_lines: true,
  skip_records_with_empty_values: true,
  trim: true,
};

const LINE_BREAKS = /\r\n|\n|\r/g;
const SKIPPED = /^\ufeff?(?:[ \t,;]*(?:#[^\r\n]*)?(?:\r\n|\n|\r))*/;
// unquoted, a cell would lose its spaces, become several lines or a comment
const QUOTED = /^\s|\s$|^#|[\r\n]/;

/**
 * Parses a table with these `columns`.
 *
 * @throws Error that names the line, and repeats nothing of it: another header, too many cells, or
 *   unbalanced quotation marks
 */
export function parseTable(text: string, columns: readonly string[]): Table {
  const bytes = encodeUtf8(text);
  const delimiter = delimiterOf(text, columns);
  const rows: Row[] = [];
  let [line, start] = [1, 0];
  const segmentTo = (end: number) => {
    const segment = decodeUtf8(bytes.subarray(start, end));
    const [skipped = ""] = SKIPPED.exec(segment) ?? [];
    return { segment, skipped, line: line + countLines(skipped) };
  };
  const addRow = (cells: string[], { bytes: end }: { bytes: number }) => {
    const { segment, skipped, line: own } = segmentTo(end);
    if (cells.slice(columns.length).some((cell) => cell !== ""))
      throw new Error(`line ${own}: ${cells.length} cells, expected ${columns.length}`);
    const padded = columns.map((_, index) => cells[index] ?? "");
    rows.push({ cells: padded, line: own, start: start + encodeUtf8(skipped).length, end });
    line += countLines(segment);
    start = end;
    return null;
  };
  try {
    parse(bytes, { ...OPTIONS, delimiter, on_record: addRow });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new Error(`line ${segmentTo(bytes.length).line}: its quotation marks are not balanced`);
  }
  const header = rows.shift();
  if (columns.some((column, index) => header?.cells[index] !== column))
    throw new Error(`line ${header?.line ?? 1}: expected ${columns.join(",")}`);
  return { bytes, delimiter, rows };
}

/**
 * Returns the text of `table` with other rows; the rest of it stays as it is, byte for byte.
 *
 * @param replaced the new cells of a row, or none to remove it, in the order of the rows
 * @param added the cells of rows to append
 */
export function rewriteTable(
  { bytes, delimiter }: Table,
  { replaced, added }: { replaced: { row: Row; cells: string[] | undefined }[]; added: string[][] },
): string {
  const [lineBreak] = decodeUtf8(bytes).match(LINE_BREAKS) ?? ["\n"];
  const format = (rows: string[][]) => formatRows(rows, { delimiter, lineBreak });
  const pieces: Bytes[] = [];
  let from = 0;
  for (const { row, cells } of replaced) {
    pieces.push(bytes.subarray(from, row.start), encodeUtf8(cells ? format([cells]) : ""));
    from = row.end;
  }
  const kept = decodeUtf8(concat([...pieces, bytes.subarray(from)]));
  const gap = added.length === 0 || /[\r\n]$/.test(kept) ? "" : lineBreak;
  return kept + gap + format(added);
}

/** Formats rows of cells. */
export function formatRows(rows: string[][], { delimiter = ",", lineBreak = "\n" } = {}): string {
  return stringify(rows, { delimiter, record_delimiter: lineBreak, quoted_match: QUOTED });
}

/** Returns the character after the first column's name. */
function delimiterOf(text: string, [first = ""]: readonly string[]): string {
  const header = text.slice(SKIPPED.exec(text)?.[0].length);
  return new RegExp(`^\\s*"?${first}"?\\s*?([,;\\t])`).exec(header)?.[1] ?? ",";
}

function countLines(text: string): number {
  return text.match(LINE_BREAKS)?.length ?? 0;
}
