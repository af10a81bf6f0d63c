/** Finds and counts the turns of an exchange as its pieces pass the tap. */
import type { Direction } from "../model/direction.ts";
import type { Connection } from "../model/tap.ts";
import type { TurnPlace } from "../model/turn.ts";

/** Finds the turn at a given place as its pieces pass. */
export class TurnFinder {
  readonly #target: TurnPlace;
  readonly #all = new TurnCounter();
  readonly #lines = new Map<number, { line: number; counter: TurnCounter }>();
  #client: number | undefined;

  constructor(target: TurnPlace) {
    this.#target = target;
  }

  /** Returns the place of the turn to which a piece belongs. */
  place(connection: Connection, direction: Direction): TurnPlace {
    const all = this.#all.count(connection, direction);
    if (this.#target.line === undefined) return { direction, ordinal: all.ordinal };
    // connections of a second client do not belong to this exchange
    this.#client ??= connection.client;
    if (connection.client !== this.#client) return { direction, ordinal: 0 };
    const known = this.#lines.get(connection.id);
    const own = known ?? { line: this.#lines.size + 1, counter: new TurnCounter() };
    this.#lines.set(connection.id, own);
    return { direction, ordinal: own.counter.count(connection, direction).ordinal, line: own.line };
  }
}

/** Counts the turns of an exchange as its pieces pass. */
export class TurnCounter {
  readonly ordinals: Record<Direction, number> = { "client to server": 0, "server to client": 0 };
  #connection = 0;
  #direction: Direction | undefined;

  /**
   * Returns the ordinal of the turn to which a piece belongs, and whether it is the first piece.
   */
  count({ id }: Pick<Connection, "id">, direction: Direction): { ordinal: number; isNew: boolean } {
    const isNew = id !== this.#connection || direction !== this.#direction;
    if (isNew) this.ordinals[direction] += 1;
    this.#connection = id;
    this.#direction = direction;
    return { ordinal: this.ordinals[direction], isNew };
  }
}
