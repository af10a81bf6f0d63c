/** One turn of an exchange: the bytes that one side sends before the other side speaks. */
import type { Bytes } from "../../../lib/bytes/bytes.ts";
import type { Direction } from "./direction.ts";

export interface Turn {
  connection: number;
  direction: Direction;
  /** Counted from 1 among the turns of its direction, within its line if it has one. */
  ordinal: number;
  /**
   * Where connections are counted separately: which of the client's connections this is, from 1, in
   * the order in which they first carry data.
   */
  line?: number;
  /** As the sender sent them. */
  bytes: Bytes;
  /** The length of each piece as it arrived. */
  pieces: number[];
  /** When the first piece arrived, in milliseconds since the session was opened. */
  from: number;
  /** When the last piece arrived. */
  to: number;
  /** The longest pause between two pieces, in milliseconds. */
  pause: number;
}

/** Identifies the same turn in another exchange. */
export type TurnPlace = Pick<Turn, "direction" | "ordinal" | "line">;
