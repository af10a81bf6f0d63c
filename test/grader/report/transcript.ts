/** The events of exchanges as text: each piece in hexadecimal, and the output of each program. */
import { type Bytes, toHex } from "../../../lib/bytes/bytes.ts";
import { describeEnding } from "../model/ending.ts";
import type { SessionEvent } from "../model/events.ts";
import { dumpLine, dumpRows } from "./hex-dump.ts";
import { counted, oneLine, outputLines } from "./visible.ts";

const ROW_LENGTH = 16;
const INDENT = " ".repeat(12);
/** The shown bytes of a piece; the capture has all of them. */
const PIECE_LIMIT = 64 * 1024;
const OUTPUT_LIMITS = { characters: 100_000, lines: 2000 };

export interface Exchange {
  title: string;
  events: readonly SessionEvent[];
}

/** Yields the lines of `exchanges`, each of which begins at 0 seconds. */
export function* transcriptLines(exchanges: readonly Exchange[]): Generator<string> {
  for (const [index, { title, events }] of exchanges.entries()) {
    yield `═══ ${index + 1} of ${exchanges.length}: ${oneLine(title)}`;
    yield "";
    for (const event of events) yield* eventLines(event);
    yield "";
  }
}

function* eventLines(event: SessionEvent): Generator<string> {
  const at = `${(event.at / 1000).toFixed(3).padStart(8)} s  `;
  switch (event.type) {
    case "connect": {
      const who = event.client === undefined ? "the grader" : `client ${event.client}`;
      yield `${at}connection ${event.connection}: ${who} connects from port ${event.from} to ${event.address} port ${event.port}`;
      return;
    }
    case "data":
      yield* dataLines(event, at);
      return;
    case "end":
    case "reset":
      yield `${at}connection ${event.connection}, ${event.direction}: ${event.type}`;
      return;
    case "printed":
      yield `${at}${event.side} ${event.program} ${event.stream === "file" ? "stores a file" : `prints on ${event.stream}`}:`;
      for (const line of outputLines(event.text, OUTPUT_LIMITS)) yield `${INDENT}| ${line}`;
      return;
    case "exit":
      yield `${at}${event.side} ${event.program} ${describeEnding(event.ending)}`;
      return;
    case "file":
      yield `${at}${event.side}'s file ${oneLine(event.name)} reaches the other side, ${counted(event.bytes.length, "byte")}`;
      yield* bytesLines(event.bytes, []);
  }
}

function* dataLines(
  { connection, direction, bytes, passed }: Extract<SessionEvent, { type: "data" }>,
  at: string,
): Generator<string> {
  const head = `${at}connection ${connection}, ${direction}: `;
  if (bytes.length === 0) {
    yield `${head}${counted(passed.length, "byte")}, sent by the grader`;
    yield* bytesLines(passed, []);
    return;
  }
  const marked = findDifferences(bytes, passed);
  if (marked.length === 0) {
    yield `${head}${counted(bytes.length, "byte")}`;
    yield* bytesLines(bytes, []);
    return;
  }
  yield `${head}${counted(bytes.length, "byte")} received, ${passed.length === 0 ? "nothing" : "other bytes"} forwarded`;
  yield `${INDENT}as received:`;
  yield* bytesLines(bytes, marked);
  if (passed.length === 0) return;
  yield `${INDENT}as forwarded, ${counted(passed.length, "byte")}:`;
  yield* bytesLines(passed, marked);
}

/** Returns the ranges in which `a` and `b` differ, up to the end of the longer one. */
export function findDifferences(a: Bytes, b: Bytes): [number, number][] {
  const ranges: [number, number][] = [];
  const length = Math.max(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    if (a[index] === b[index]) continue;
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === index) last[1] = index + 1;
    else ranges.push([index, index + 1]);
  }
  return ranges;
}

function* bytesLines(bytes: Bytes, marked: [number, number][]): Generator<string> {
  const hex = toHex(bytes.subarray(0, PIECE_LIMIT));
  const rows = dumpRows(
    { label: "", hex, marked },
    { rows: Number.POSITIVE_INFINITY, rowLength: ROW_LENGTH },
  );
  for (const row of rows) yield INDENT + dumpLine(row, { rowLength: ROW_LENGTH });
  if (bytes.length > PIECE_LIMIT) yield `${INDENT}⋯ ${counted(bytes.length - PIECE_LIMIT, "byte")} more`;
}
