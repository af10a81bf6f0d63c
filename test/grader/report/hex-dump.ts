/** A hex dump: offset, bytes in hexadecimal, and as text. */
import { Buffer } from "node:buffer";
import type { Dump } from "../model/report.ts";
import { counted } from "./visible.ts";

export interface DumpRow {
  /** Eight hexadecimal digits. */
  offset: string;
  bytes: { hex: string; text: string; isMarked: boolean }[];
}

export interface DumpSize {
  /** The largest number of rows. */
  rows: number;
  /** Bytes in a row. */
  rowLength: number;
}

/**
 * Returns the rows of `dump`. If there are more than `rows`, rows without a marked byte are left
 * out first.
 *
 * @returns rows in order; a number stands for that many omitted rows
 */
export function dumpRows(
  { hex, marked, start: first = 0 }: Dump,
  { rows: limit, rowLength }: DumpSize,
): (DumpRow | number)[] {
  const bytes = Buffer.from(hex, "hex");
  const count = Math.ceil(bytes.length / rowLength);
  const isMarked = (offset: number) => marked.some(([from, to]) => offset >= from && offset < to);
  const rows: (DumpRow | number)[] = [];
  for (const row of chooseRows(count, { marked, limit, rowLength })) {
    if (typeof row === "number") {
      const start = row * rowLength;
      const slice = [...bytes.subarray(start, start + rowLength)];
      rows.push({
        offset: (first + start).toString(16).padStart(8, "0"),
        bytes: slice.map((byte, index) => ({
          hex: byte.toString(16).padStart(2, "0"),
          text: byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·",
          isMarked: isMarked(start + index),
        })),
      });
    } else rows.push(row.left);
  }
  return rows;
}

/** Returns the numbers of the rows to show, and how many are left out between them. */
function chooseRows(
  count: number,
  { marked, limit, rowLength }: { marked: Dump["marked"]; limit: number; rowLength: number },
): (number | { left: number })[] {
  const chosen = new Set<number>();
  const add = (row: number) => row >= 0 && row < count && chosen.size < limit && chosen.add(row);
  for (const [from, to] of marked)
    for (let row = Math.floor(from / rowLength); row * rowLength < to && chosen.size < limit; row += 1)
      add(row);
  for (const row of [...chosen]) for (const near of [row - 1, row + 1]) add(near);
  for (let row = 0; row < count && chosen.size < limit; row += 1) add(row);

  const shown: (number | { left: number })[] = [];
  let next = 0;
  for (const row of [...chosen].sort((a, b) => a - b)) {
    if (row > next) shown.push({ left: row - next });
    shown.push(row);
    next = row + 1;
  }
  if (next < count) shown.push({ left: count - next });
  return shown;
}

/**
 * Returns a row as a line. Marked bytes stand in brackets, so that colour is not their only mark.
 *
 * @param options paint: sets parts of the line in colours
 */
export function dumpLine(
  row: DumpRow | number,
  {
    rowLength,
    paint = (_, text) => text,
  }: { rowLength: number; paint?: (part: "marked" | "aside", text: string) => string },
): string {
  if (typeof row === "number") return paint("aside", `⋯ ${counted(row, "row")} more`);
  let wasMarked = false;
  const bytes = row.bytes.map(({ hex, isMarked }) => {
    const before = isMarked ? (wasMarked ? " " : "[") : wasMarked ? "]" : " ";
    const line = isMarked
      ? paint("marked", before + hex)
      : (wasMarked ? paint("marked", before) : before) + hex;
    wasMarked = isMarked;
    return line;
  });
  const end = wasMarked ? paint("marked", "]") : " ";
  const gap = "   ".repeat(rowLength - row.bytes.length);
  const text = row.bytes.map(({ text, isMarked }) => (isMarked ? paint("marked", text) : text)).join("");
  return `${paint("aside", row.offset)}${bytes.join("")}${end}${gap} ${text}`.trimEnd();
}
