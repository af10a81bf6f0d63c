/** What an attack on the wire is: a tap that lets everything pass until it strikes, and then says what it did. */
import type { Bytes } from "../../../lib/bytes/bytes.ts";
import type { Direction } from "../../support/wiretap.ts";
import type { AttackKind } from "../model/report.ts";
import type { Connection, Tap } from "../model/session.ts";
import type { TurnPlace } from "../wire/turns.ts";

/** What was done, and where. */
export interface AppliedAttack {
  kind: AttackKind;
  connection: number;
  direction: Direction;
  /** Counted from 1 among the turns of its direction, on its line if it has one. */
  ordinal: number;
  line?: number | undefined;
  /** The byte of the turn at which it begins. */
  offset: number;
  /** One phrase, such as "byte 17 is 41 in place of 40". */
  detail: string;
  before: Bytes;
  after: Bytes;
}

export interface Attack extends Tap {
  /** Undefined until it has struck. */
  readonly applied: AppliedAttack | undefined;
}

/** Finds the turn with a certain place as its pieces pass. */
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
    // a second client's connections are none of this exchange's
    this.#client ??= connection.client;
    if (connection.client !== this.#client) return { direction, ordinal: 0 };
    const known = this.#lines.get(connection.id);
    const own = known ?? { line: this.#lines.size + 1, counter: new TurnCounter() };
    this.#lines.set(connection.id, own);
    return { direction, ordinal: own.counter.count(connection, direction).ordinal, line: own.line };
  }
}

/** Follows the turns of an exchange as its pieces pass. */
export class TurnCounter {
  readonly ordinals: Record<Direction, number> = { "client to server": 0, "server to client": 0 };
  #connection = 0;
  #direction: Direction | undefined;

  /** Returns the ordinal of the turn to which a piece belongs; `isNew`: it is the first of it. */
  count({ id }: Pick<Connection, "id">, direction: Direction): { ordinal: number; isNew: boolean } {
    const isNew = id !== this.#connection || direction !== this.#direction;
    if (isNew) this.ordinals[direction] += 1;
    this.#connection = id;
    this.#direction = direction;
    return { ordinal: this.ordinals[direction], isNew };
  }
}
