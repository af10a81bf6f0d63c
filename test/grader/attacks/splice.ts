/**
 * Puts a turn of a second, genuine client into the first client's session.
 *
 * The second client receives what the server sent to the first one, so that it uses the server's
 * key of that session. Its turn is then sent to the server instead of the first client's.
 */
import { type Bytes, concat } from "../../../lib/bytes/bytes.ts";
import type { AppliedAttack, Attack } from "../model/attack.ts";
import type { Direction } from "../model/direction.ts";
import type { Connection } from "../model/tap.ts";
import type { Turn } from "../model/turn.ts";
import { TurnCounter } from "./turn-finder.ts";

/** Milliseconds of silence after which the second client's turn counts as complete. */
const QUIET = 150;
/** Milliseconds. */
const MIN_PATIENCE = 15_000;

type SpliceTarget = Pick<Turn, "direction" | "ordinal" | "line" | "pause">;

export class Spliced implements Attack {
  /** A server that serves one client has closed its port by the time the second connects. */
  readonly keepPortsOpen = true;
  applied: AppliedAttack | undefined;
  /** Milliseconds that each of the two waits may take. */
  readonly #patience: number;
  readonly #held: Promise<boolean>;
  readonly #replaced: Promise<boolean>;
  readonly #target: SpliceTarget;
  /** The number of connections that each client has made. */
  readonly #connections = new Map<number, number>();
  readonly #first = new TurnCounter();
  readonly #second = new TurnCounter();
  /** The server's turns to the first client, and the number of client turns before each. */
  readonly #answers: { after: number; bytes: Bytes[] }[] = [];
  #victim: Connection | undefined;
  #guest: Connection | undefined;
  #own: Bytes[] = [];
  #theirs: Bytes[] = [];
  #given = 0;
  #timer: NodeJS.Timeout | undefined;
  #holds: (holds: true) => void = () => {};
  #done: (done: true) => void = () => {};

  /** @param usual milliseconds that a plain exchange takes */
  constructor(target: SpliceTarget, usual: number) {
    this.#target = target;
    this.#patience = Math.max(MIN_PATIENCE, 4 * usual);
    this.#held = new Promise((resolve) => {
      this.#holds = resolve;
    });
    this.#replaced = new Promise((resolve) => {
      this.#done = resolve;
    });
  }

  /**
   * Resolves to true once the first client's turn is held back, or to false if it does not come.
   */
  held(): Promise<boolean> {
    return this.#inTime(this.#held);
  }

  /**
   * Resolves to true once the second client's turn has been sent, or to false if it does not come.
   */
  replaced(): Promise<boolean> {
    return this.#inTime(this.#replaced);
  }

  /** The time starts with the wait: before it, the exchange may be in the queue. */
  #inTime(event: Promise<boolean>): Promise<boolean> {
    return new Promise((resolve) => {
      setTimeout(() => resolve(false), this.#patience).unref();
      void event.then(resolve);
    });
  }

  onConnect(connection: Connection): "relay" | "play" | "refuse" {
    const { client } = connection;
    const number = (this.#connections.get(client) ?? 0) + 1;
    this.#connections.set(client, number);
    const [first] = this.#connections.keys();
    // the second client might try again on its own
    if (client === this.#guest?.client) return "refuse";
    if (number !== (this.#target.line ?? 1)) return "relay";
    if (client === first) {
      this.#victim = connection;
      return "relay";
    }
    if (this.#guest || this.#own.length === 0) return "relay";
    this.#guest = connection;
    // the server may speak first
    this.#answer();
    return "play";
  }

  onData(connection: Connection, direction: Direction, bytes: Bytes): Bytes {
    if (connection.id === this.#guest?.id) {
      const { ordinal } = this.#second.count(connection, direction);
      if (ordinal === this.#target.ordinal) this.#theirs.push(bytes);
      this.#wait(() => (ordinal === this.#target.ordinal ? this.#apply() : this.#answer()));
      return new Uint8Array(0);
    }
    if (connection.id !== this.#victim?.id) return bytes;
    const { ordinal, isNew } = this.#first.count(connection, direction);
    if (direction === "server to client") {
      const after = this.#first.ordinals["client to server"];
      if (isNew) this.#answers.push({ after, bytes: [] });
      this.#answers.at(-1)?.bytes.push(bytes);
      return bytes;
    }
    if (ordinal !== this.#target.ordinal || this.applied) return bytes;
    this.#own.push(bytes);
    this.#holds(true);
    return new Uint8Array(0);
  }

  async onEnd(connection: Connection, direction: Direction): Promise<boolean> {
    if (connection.id === this.#guest?.id) {
      if (this.#theirs.length > 0) this.#apply();
      return true;
    }
    if (connection.id === this.#victim?.id && direction === "client to server" && this.#own.length > 0)
      await this.replaced();
    return true;
  }

  #wait(then: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(then, QUIET + 2 * this.#target.pause);
  }

  /** Sends the second client what the server sent to the first one at the same point. */
  #answer(): void {
    const spoken = this.#second.ordinals["client to server"];
    for (
      let next = this.#answers[this.#given];
      next && next.after <= spoken;
      next = this.#answers[this.#given]
    ) {
      this.#given += 1;
      for (const bytes of next.bytes) this.#guest?.inject("server to client", bytes);
      // what the second client sends now is its next turn
      if (this.#guest) this.#second.count(this.#guest, "server to client");
    }
  }

  #apply(): void {
    clearTimeout(this.#timer);
    if (this.applied || !this.#victim) return;
    const { direction, ordinal } = this.#target;
    const after = concat(this.#theirs);
    const detail = `${after.length} bytes of a second client replaced the first client's`;
    this.applied = {
      kind: "replace",
      connection: this.#victim.id,
      direction,
      ordinal,
      offset: 0,
      detail,
      before: concat(this.#own),
      after,
    };
    for (const piece of this.#theirs) this.#victim.inject(direction, piece);
    this.#done(true);
  }
}
