/** What an attack on the wire is: a tap that lets everything pass until it strikes, and then says what it did. */
import type { Bytes } from "../../../lib/bytes.ts";
import type { Connection, Tap } from "../lab.ts";
import type { AttackKind } from "../report.ts";
import type { Direction } from "../wiretap.ts";

/** What was done, and where. */
export interface Strike {
  kind: AttackKind;
  connection: number;
  direction: Direction;
  /** Counted from 1 among the turns of its direction. */
  ordinal: number;
  /** The byte of the turn at which it begins. */
  offset: number;
  /** One phrase, such as "byte 17 is 41 in place of 40". */
  detail: string;
  before: Bytes;
  after: Bytes;
}

export interface Attack extends Tap {
  /** Undefined until it has struck. */
  readonly strike: Strike | undefined;
}

/** Follows the turns of an exchange as its pieces pass. */
export class TurnCounter {
  readonly ordinals: Record<Direction, number> = { "client to server": 0, "server to client": 0 };
  #connection = 0;
  #direction: Direction | undefined;

  /** Returns the ordinal of the turn to which a piece belongs; `isNew`: it is the first of it. */
  count({ id }: Connection, direction: Direction): { ordinal: number; isNew: boolean } {
    const isNew = id !== this.#connection || direction !== this.#direction;
    if (isNew) this.ordinals[direction] += 1;
    this.#connection = id;
    this.#direction = direction;
    return { ordinal: this.ordinals[direction], isNew };
  }
}
