/** What an eavesdropper has: the captured bytes, and the files that both programs can read. */
import { type Bytes, concat } from "../../../../lib/bytes/bytes.ts";
import type { Direction } from "../../model/direction.ts";
import type { SessionEvent } from "../../model/events.ts";

/** Bytes that were captured at once. */
export interface Piece {
  connection: number;
  direction: Direction;
  /** Milliseconds since the session began. */
  at: number;
  bytes: Bytes;
}

/** One session: a run of the server with its clients. */
export interface Capture {
  /** In chronological order. */
  pieces: Piece[];
  files: { name: string; bytes: Bytes }[];
}

/** A range of captured bytes: of one direction of a connection, or of a file. */
export type Place = {
  /** The index of the capture. */
  session: number;
  offset: number;
  length: number;
} & ({ connection: number; direction: Direction } | { file: string });

/** Bytes that belong together, regardless of the pieces in which they were captured. */
export interface Stream {
  bytes: Bytes;
  /** The offset of each piece. */
  starts: number[];
  /** The origin of the bytes from `at` on, in ascending order. */
  parts: { at: number; place: Place }[];
}

/** Returns the capture of a session: the bytes as sent, before the grader altered them. */
export function captureOf(events: readonly SessionEvent[]): Capture {
  const pieces: Piece[] = [];
  const files: Capture["files"] = [];
  for (const event of events) {
    if (event.type === "data") {
      const { connection, direction, at, bytes } = event;
      pieces.push({ connection, direction, at, bytes });
    }
    if (event.type === "file") files.push({ name: event.name, bytes: event.bytes });
  }
  return { pieces, files };
}

/**
 * Returns a stream for each direction of each connection, for each direction across connections,
 * and for each file.
 */
export function streamsOf(capture: Capture, session = 0): Stream[] {
  const single = new Map<string, Piece[]>();
  const crossed = new Map<string, Piece[]>();
  for (const piece of capture.pieces) {
    if (piece.bytes.length === 0) continue;
    push(single, `${piece.connection} ${piece.direction}`, piece);
    push(crossed, piece.direction, piece);
  }
  const several = [...crossed.values()].filter((pieces) => new Set(pieces.map((p) => p.connection)).size > 1);
  return [
    ...[...single.values(), ...several].map((pieces) => join(pieces, session)),
    ...capture.files.map(({ name, bytes }) => ({
      bytes,
      starts: [0],
      parts: [{ at: 0, place: { session, file: name, offset: 0, length: bytes.length } }],
    })),
  ];
}

/** Returns where `length` bytes of `stream` from `offset` on were captured. */
export function placesOf(stream: Stream, offset: number, length: number): Place[] {
  const end = offset + length;
  return stream.parts.flatMap(({ at, place }) => {
    const from = Math.max(at, offset);
    const to = Math.min(at + place.length, end);
    return from < to ? [{ ...place, offset: place.offset + from - at, length: to - from }] : [];
  });
}

/** Describes a place: `bytes 12 to 80 of what the client sent on connection 1`. */
export function describePlace(place: Place): string {
  const range = `bytes ${place.offset} to ${place.offset + place.length - 1}`;
  if ("file" in place) return `${range} of the file ${place.file}`;
  const sender = place.direction === "client to server" ? "client" : "server";
  return `${range} of what the ${sender} sent on connection ${place.connection}`;
}

function join(pieces: Piece[], session: number): Stream {
  const passed = new Map<string, number>();
  const starts: number[] = [];
  const parts: Stream["parts"] = [];
  let at = 0;
  for (const { connection, direction, bytes } of pieces) {
    const key = `${connection} ${direction}`;
    const offset = passed.get(key) ?? 0;
    const last = parts.at(-1)?.place;
    if (last && "connection" in last && last.connection === connection) last.length += bytes.length;
    else parts.push({ at, place: { session, connection, direction, offset, length: bytes.length } });
    passed.set(key, offset + bytes.length);
    starts.push(at);
    at += bytes.length;
  }
  return { bytes: concat(pieces.map(({ bytes }) => bytes)), starts, parts };
}

function push<Value>(lists: Map<string, Value[]>, key: string, value: Value): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}
