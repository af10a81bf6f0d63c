/** An exchange as turns: what one side sends on one connection until the other side speaks, or another connection does. */
import { type Bytes, concat } from "../../lib/bytes.ts";
import type { StageEvent } from "./lab.ts";
import type { Direction } from "./wiretap.ts";

export interface Turn {
  connection: number;
  direction: Direction;
  /** Counted from 1 among the turns of its direction. */
  ordinal: number;
  /** As their sender sent them. */
  bytes: Bytes;
  /** The length of each piece in which they came. */
  pieces: number[];
  /** Milliseconds since the stage was opened: the first and the last piece. */
  from: number;
  to: number;
  /** The longest pause between two pieces, in milliseconds. */
  pause: number;
}

/** Returns the turns on `connections`. */
export function turnsOf(events: readonly StageEvent[], connections: ReadonlySet<number>): Turn[] {
  const turns: Turn[] = [];
  const ordinals: Record<Direction, number> = { "client to server": 0, "server to client": 0 };
  for (const event of events) {
    if (event.type !== "data" || event.bytes.length === 0 || !connections.has(event.connection)) continue;
    const { connection, direction, bytes, at } = event;
    const last = turns.at(-1);
    if (last && last.connection === connection && last.direction === direction) {
      last.bytes = concat([last.bytes, bytes]);
      last.pieces.push(bytes.length);
      last.pause = Math.max(last.pause, at - last.to);
      last.to = at;
      continue;
    }
    ordinals[direction] += 1;
    const ordinal = ordinals[direction];
    turns.push({ connection, direction, ordinal, bytes, pieces: [bytes.length], from: at, to: at, pause: 0 });
  }
  return turns;
}

/** All bytes that went in `direction`, as they were sent. */
export function sent(turns: readonly Turn[], direction: Direction): Bytes {
  return concat(turns.filter((turn) => turn.direction === direction).map(({ bytes }) => bytes));
}
