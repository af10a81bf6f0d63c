/**
 * Divides an exchange into turns: the bytes that one side sends on one connection before data
 * passes in the other direction, or on another connection.
 *
 * A client may use several connections at once, as in FTP, and then their order varies. In that
 * case each connection is a line of its own, and a turn lasts until the other side sends on it.
 */
import { type Bytes, concat } from "../../../lib/bytes/bytes.ts";
import type { Direction } from "../model/direction.ts";
import type { SessionEvent } from "../model/events.ts";
import type { Turn, TurnPlace } from "../model/turn.ts";

export function isSamePlace(a: TurnPlace, b: TurnPlace): boolean {
  return a.direction === b.direction && a.ordinal === b.ordinal && a.line === b.line;
}

/**
 * Returns the turns on `connections`, in order of their first pieces.
 *
 * @param separately each connection is a line of its own
 */
export function turnsOf(
  events: readonly SessionEvent[],
  connections: ReadonlySet<number>,
  separately = false,
): Turn[] {
  if (!separately) return turnsOnOneLine(events, connections);
  const used = events.flatMap((event) =>
    event.type === "data" && event.bytes.length > 0 && connections.has(event.connection)
      ? [event.connection]
      : [],
  );
  const lines = [...new Set(used)].map((connection, index) =>
    turnsOnOneLine(events, new Set([connection])).map((turn) => ({ ...turn, line: index + 1 })),
  );
  return lines.flat().toSorted((a, b) => a.from - b.from);
}

function turnsOnOneLine(events: readonly SessionEvent[], connections: ReadonlySet<number>): Turn[] {
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

/** Returns the pieces of a turn, as they were sent. */
export function piecesOf({ bytes, pieces }: Pick<Turn, "bytes" | "pieces">): Bytes[] {
  let end = 0;
  return pieces.map((length) => {
    end += length;
    return bytes.slice(end - length, end);
  });
}

/** Returns all bytes of `direction`, as they were sent. */
export function bytesSent(turns: readonly Turn[], direction: Direction): Bytes {
  return concat(turns.filter((turn) => turn.direction === direction).map(({ bytes }) => bytes));
}
