/** An attack on one turn: it is held back until it is complete, and goes on as something else. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Bytes, concat } from "../../../lib/bytes/bytes.ts";
import type { AppliedAttack, Attack, AttackKind } from "../model/attack.ts";
import type { Direction } from "../model/direction.ts";
import type { Connection } from "../model/tap.ts";
import type { Turn, TurnPlace } from "../model/turn.ts";
import { isSamePlace } from "../wire/turns.ts";
import { TurnFinder } from "./attack.ts";

/** What goes on in the place of a turn. */
export interface Mutation {
  kind: AttackKind;
  /** The byte of the turn where it differs. */
  offset: number;
  detail: string;
  /** What is sent instead, a write each; where the turn came in several, so do they. */
  pieces: Bytes[];
  /** Then the stream ends, and nothing else of its sender goes on. */
  cut?: boolean;
}

// a turn is complete once it has been quiet for so many milliseconds, more where the plain run paused in it, and less
// where it is as long as in the plain run
const QUIET = 80;
const QUIET_WHEN_COMPLETE = 15;
const MAX_QUIET = 2500;
/** Milliseconds between two pieces, so that they come as two. */
const GAP = 20;
/** More are a stream, whose reader does not go by pieces. */
const MAX_PIECES = 12;

export class ModifiedTurn implements Attack {
  applied: AppliedAttack | undefined;
  readonly #turns: TurnFinder;
  readonly #target: TurnPlace & Pick<Turn, "bytes" | "pause">;
  readonly #change: (turn: Bytes) => Mutation | Promise<Mutation>;
  readonly #held: Bytes[] = [];
  #connection: Connection | undefined;
  #timer: NodeJS.Timeout | undefined;
  #cut = false;
  readonly #passed = new Map<string, Bytes[]>();
  readonly #done: Promise<void>;
  #finish: () => void = () => {};

  /** Holds the turn that was `target` in a plain run; `change` says what goes on in its place. */
  constructor(
    target: TurnPlace & Pick<Turn, "bytes" | "pause">,
    change: (turn: Bytes) => Mutation | Promise<Mutation>,
  ) {
    this.#target = target;
    this.#turns = new TurnFinder(target);
    this.#change = change;
    this.#done = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  onData(connection: Connection, direction: Direction, bytes: Bytes): Bytes | Promise<Bytes> {
    const place = this.#turns.place(connection, direction);
    const target = this.#target;
    const key = keyOf(place);
    this.#passed.set(key, [...(this.#passed.get(key) ?? []), bytes]);
    const ours = isSamePlace(place, target);
    // what comes behind the turn does not overtake it
    if (this.applied && connection.id === this.#connection?.id && direction === target.direction)
      return this.#done.then(() => (this.#cut ? new Uint8Array(0) : bytes));
    if (!ours || this.applied) return bytes;
    this.#connection = connection;
    this.#held.push(bytes);
    this.#wait();
    return new Uint8Array(0);
  }

  /** The bytes of a turn that has passed. */
  passed(place: TurnPlace): Bytes {
    return concat(this.#passed.get(keyOf(place)) ?? []);
  }

  /** All bytes that have passed in `direction`. */
  passedIn(direction: Direction): Bytes {
    const turns = [...this.#passed].filter(([key]) => key.startsWith(direction));
    return concat(turns.flatMap(([, pieces]) => pieces));
  }

  async onEnd(connection: Connection, direction: Direction): Promise<boolean> {
    if (connection.id !== this.#connection?.id || direction !== this.#target.direction) return true;
    await this.#flush();
    return !this.#cut;
  }

  #wait(): void {
    clearTimeout(this.#timer);
    const length = this.#held.reduce((sum, piece) => sum + piece.length, 0);
    const complete = length >= this.#target.bytes.length;
    const quiet = complete ? QUIET_WHEN_COMPLETE : QUIET + 2 * this.#target.pause;
    this.#timer = setTimeout(() => void this.#flush(), Math.min(quiet, MAX_QUIET));
  }

  async #flush(): Promise<void> {
    clearTimeout(this.#timer);
    const connection = this.#connection;
    if (!connection || this.applied) return this.#done;
    const before = concat(this.#held);
    const { direction, ordinal, line } = this.#target;
    // from here on nothing more is held
    this.applied = {
      kind: "replace",
      connection: connection.id,
      direction,
      ordinal,
      line,
      offset: 0,
      detail: "",
      before,
      after: before,
    };
    const { kind, offset, detail, pieces, cut } = await this.#change(before);
    this.applied = { ...this.applied, kind, offset, detail, after: concat(pieces) };
    for (const [index, piece] of asItCame(pieces, kind, offset, this.#held).entries()) {
      // programs that do not frame what they send go by the pieces
      if (index > 0) await sleep(GAP);
      connection.inject(direction, piece);
    }
    if (cut) {
      this.#cut = true;
      connection.end(direction);
    }
    this.#finish();
  }
}

/** Cuts what goes on in the place of `held` where that was cut, at the same distance from either end. */
export function asItCame(
  pieces: readonly Bytes[],
  kind: AttackKind,
  offset: number,
  held: readonly Bytes[],
): Bytes[] {
  const all = concat([...pieces]);
  const before = ends(held);
  const growth = all.length - (before.at(-1) ?? 0);
  const cuts = new Set(ends(pieces));
  if (held.length > 1 && held.length <= MAX_PIECES) {
    for (const end of before) {
      // in front of what was changed, or in the first of two copies
      if (end <= offset || kind === "duplicate") cuts.add(end);
      if (end > offset && end + growth > offset && kind !== "cut") cuts.add(end + growth);
    }
  }
  const sorted = [...cuts].filter((at) => at > 0 && at <= all.length).toSorted((a, b) => a - b);
  return sorted.map((end, index) => all.slice(sorted[index - 1] ?? 0, end));
}

/** Where each of the pieces ends. */
function ends(pieces: readonly Bytes[]): number[] {
  let end = 0;
  return pieces.map((piece) => {
    end += piece.length;
    return end;
  });
}

function keyOf({ direction, ordinal, line }: TurnPlace): string {
  return `${direction} ${ordinal} ${line ?? ""}`;
}
