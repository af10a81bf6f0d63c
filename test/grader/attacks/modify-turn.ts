/** An attack on one turn: holds it back until it is complete, and sends an altered one instead. */
import { type Bytes, concat } from "../../../lib/bytes/bytes.ts";
import type { Piece } from "../crack/capture/capture.ts";
import type { AppliedAttack, Attack, AttackKind } from "../model/attack.ts";
import type { Direction } from "../model/direction.ts";
import type { Connection } from "../model/tap.ts";
import type { Turn, TurnPlace } from "../model/turn.ts";
import { isSamePlace } from "../wire/turns.ts";
import type { Alteration } from "./alterations.ts";
import { TurnFinder } from "./turn-finder.ts";

/**
 * Milliseconds of silence after which a turn counts as complete, beside the pauses it usually has.
 */
const QUIET = 80;
/** The same for a turn that is as long as in the plain exchange. */
const QUIET_WHEN_COMPLETE = 15;
const MAX_QUIET = 2500;

/** Where a turn is, and what it usually looks like. */
export type TargetTurn = TurnPlace & Pick<Turn, "bytes" | "pause">;

/** Returns what is sent instead of a turn, at which time `attack` knows what has passed. */
export type Alter = (turn: Bytes, attack: ModifiedTurn) => Alteration | Promise<Alteration>;

export class ModifiedTurn implements Attack {
  applied: AppliedAttack | undefined;
  readonly #turns: TurnFinder;
  readonly #target: TargetTurn;
  readonly #alter: Alter;
  readonly #held: Bytes[] = [];
  readonly #passed = new Map<string, Bytes[]>();
  readonly #overheard: Piece[] = [];
  readonly #done: Promise<void>;
  #finish: () => void = () => {};
  #connection: Connection | undefined;
  #timer: NodeJS.Timeout | undefined;
  #hasEnded = false;
  #isWorking = false;

  /**
   * @param target the turn as it was in a plain exchange
   */
  constructor(target: TargetTurn, alter: Alter) {
    this.#target = target;
    this.#turns = new TurnFinder(target);
    this.#alter = alter;
    this.#done = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  onData(connection: Connection, direction: Direction, bytes: Bytes): Bytes | Promise<Bytes> {
    const place = this.#turns.place(connection, direction);
    const key = keyOf(place);
    this.#passed.set(key, [...(this.#passed.get(key) ?? []), bytes]);
    this.#overheard.push({ connection: connection.id, direction, at: 0, bytes });
    // what follows the turn must not overtake it
    if (this.applied && this.#isTargetStream(connection, direction))
      return this.#done.then(() => (this.#hasEnded ? new Uint8Array(0) : bytes));
    if (this.applied || !isSamePlace(place, this.#target)) return bytes;
    this.#connection = connection;
    this.#held.push(bytes);
    this.#wait();
    return new Uint8Array(0);
  }

  async onEnd(connection: Connection, direction: Direction): Promise<boolean> {
    if (!this.#isTargetStream(connection, direction)) return true;
    await this.#flush();
    return !this.#hasEnded;
  }

  /** The bytes of a turn that has passed, as they were sent. */
  passed(place: TurnPlace): Bytes {
    return concat(this.#passed.get(keyOf(place)) ?? []);
  }

  /** All bytes that have passed in `direction`, as they were sent. */
  passedIn(direction: Direction): Bytes {
    const turns = [...this.#passed].filter(([key]) => key.startsWith(direction));
    return concat(turns.flatMap(([, pieces]) => pieces));
  }

  /** Everything that has passed or is held back, as it was sent, without times. */
  get overheard(): readonly Piece[] {
    return this.#overheard;
  }

  get isWorking(): boolean {
    return this.#isWorking;
  }

  #isTargetStream({ id }: Connection, direction: Direction): boolean {
    return id === this.#connection?.id && direction === this.#target.direction;
  }

  #wait(): void {
    clearTimeout(this.#timer);
    const length = this.#held.reduce((sum, piece) => sum + piece.length, 0);
    const isComplete = length >= this.#target.bytes.length;
    const quiet = isComplete ? QUIET_WHEN_COMPLETE : QUIET + 2 * this.#target.pause;
    this.#timer = setTimeout(() => void this.#flush(), Math.min(quiet, MAX_QUIET));
  }

  async #flush(): Promise<void> {
    clearTimeout(this.#timer);
    const connection = this.#connection;
    if (!connection || this.applied) return this.#done;
    const before = concat(this.#held);
    const { direction, ordinal, line } = this.#target;
    const place = { connection: connection.id, direction, ordinal, line, before };
    // from here on nothing more is held back
    this.applied = { ...place, kind: "replace", offset: 0, detail: "", after: before };
    this.#isWorking = true;
    const { kind, offset, detail, pieces, endsStream } = await this.#alter(before, this);
    this.applied = { ...place, kind, offset, detail, after: concat(pieces) };
    // programs without framing depend on the pieces
    for (const piece of cutLikeHeld(pieces, kind, offset, this.#held)) connection.inject(direction, piece);
    if (endsStream) {
      this.#hasEnded = true;
      connection.end(direction);
    }
    this.#isWorking = false;
    this.#finish();
  }
}

/** Cuts the altered turn where the turn in `held` was cut, at the same distance from either end. */
export function cutLikeHeld(
  pieces: readonly Bytes[],
  kind: AttackKind,
  offset: number,
  held: readonly Bytes[],
): Bytes[] {
  const all = concat([...pieces]);
  const before = endsOf(held);
  const growth = all.length - (before.at(-1) ?? 0);
  const cuts = new Set(endsOf(pieces));
  for (const end of before) {
    // before the change, or in the first of two copies
    if (end <= offset || kind === "duplicate") cuts.add(end);
    if (end > offset && end + growth > offset && kind !== "cut") cuts.add(end + growth);
  }
  const sorted = [...cuts].filter((at) => at > 0 && at <= all.length).toSorted((a, b) => a - b);
  return sorted.map((end, index) => all.slice(sorted[index - 1] ?? 0, end));
}

/** Returns the offset at which each piece ends. */
function endsOf(pieces: readonly Bytes[]): number[] {
  let end = 0;
  return pieces.map((piece) => {
    end += piece.length;
    return end;
  });
}

function keyOf({ direction, ordinal, line }: TurnPlace): string {
  return `${direction} ${ordinal} ${line ?? ""}`;
}
