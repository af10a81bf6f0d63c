/** One direction of a relayed connection: pieces and the end go through the tap in order. */
import { once } from "node:events";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Bytes } from "../../../lib/bytes/bytes.ts";
import type { Direction } from "../model/direction.ts";
import type { EventWithoutTime } from "../model/events.ts";
import type { Connection, Tap } from "../model/tap.ts";
import { reset } from "./reset.ts";

export interface RelayOptions {
  tap: Tap;
  /** Forward a turn once it is complete, in the pieces in which it came, not each piece at once. */
  preservePieces: boolean;
  record(event: EventWithoutTime): void;
  fail(error: unknown): void;
  /** Awaited before each piece, and each end, is forwarded. */
  beforePiece(direction: Direction): Promise<void>;
  /** With `preservePieces`: awaited once a turn has arrived on `from`, before it is forwarded. */
  afterTurn(direction: Direction, from: Socket): Promise<void>;
}

/**
 * Milliseconds of silence after which a turn counts as complete: longer than a delayed
 * acknowledgement, see box-helper.pl.
 */
const LINGER = 90;
/** Milliseconds between the pieces of a turn: their reader may depend on them. */
const GAP = 10;
/** A turn of more pieces than this is forwarded without gaps. */
const MAX_GAPS = 12;
/** The most bytes to buffer, apart from the last piece. */
const MAX_BUFFERED = 64 * 1024;

export class OneWayRelay {
  readonly #connection: Connection;
  readonly #direction: Direction;
  readonly #from: Socket;
  /** Undefined if the tap plays this side. */
  readonly #to: Socket | undefined;
  readonly #options: RelayOptions;
  /** The pieces of a turn that is not complete yet. */
  #turn: Bytes[] = [];
  #buffered = 0;
  #timer: NodeJS.Timeout | undefined;
  #lastStep: Promise<void> = Promise.resolve();

  constructor(
    connection: Connection,
    direction: Direction,
    { from, to, options }: { from: Socket; to: Socket | undefined; options: RelayOptions },
  ) {
    this.#connection = connection;
    this.#direction = direction;
    this.#from = from;
    this.#to = to;
    this.#options = options;
  }

  start(): void {
    const from = this.#from;
    from.setNoDelay(true);
    from.on("data", (piece: Bytes) => this.#receive(piece));
    from.on("end", () => this.#forwardEnd());
    from.on("error", () => this.#forwardReset());
    from.once("close", () => clearTimeout(this.#timer));
    // it may have been reset before the relay started
    if (from.errored) this.#forwardReset();
    from.resume();
  }

  #receive(piece: Bytes): void {
    this.#turn.push(piece);
    this.#buffered += piece.length;
    clearTimeout(this.#timer);
    const isFull = this.#buffered > MAX_BUFFERED;
    if (isFull) this.#from.pause();
    if (this.#options.preservePieces && !isFull) this.#timer = setTimeout(() => this.#forwardTurn(), LINGER);
    else this.#forwardTurn();
  }

  #forwardTurn(): void {
    clearTimeout(this.#timer);
    const pieces = this.#turn;
    this.#turn = [];
    const { preservePieces, afterTurn } = this.#options;
    if (preservePieces && pieces.length > 0) this.#enqueue(() => afterTurn(this.#direction, this.#from));
    const gap = pieces.length <= MAX_GAPS ? GAP : 0;
    for (const [index, piece] of pieces.entries()) {
      this.#enqueue(async () => {
        try {
          if (index > 0 && gap > 0) await sleep(gap);
          await this.#forward(piece);
        } finally {
          this.#buffered -= piece.length;
          if (this.#buffered <= MAX_BUFFERED) this.#from.resume();
        }
      });
    }
  }

  async #forward(piece: Bytes): Promise<void> {
    const { beforePiece, tap, record } = this.#options;
    const bytes = new Uint8Array(piece);
    await beforePiece(this.#direction);
    const passed = (await tap.onData?.(this.#connection, this.#direction, bytes)) ?? bytes;
    const [connection, direction, to] = [this.#connection.id, this.#direction, this.#to];
    record({ type: "data", connection, direction, bytes, passed });
    if (!to || to.destroyed || passed.length === 0) return;
    if (to.write(passed)) return;
    // a reset rejects both, and is reported by the relay of the other direction
    await Promise.race([once(to, "drain"), once(to, "close")]).catch(() => {});
  }

  #forwardEnd(): void {
    this.#forwardTurn();
    this.#enqueue(async () => {
      const { beforePiece, tap, record } = this.#options;
      const direction = this.#direction;
      await beforePiece(direction);
      record({ type: "end", connection: this.#connection.id, direction });
      if ((await tap.onEnd?.(this.#connection, direction)) ?? true) this.#to?.end();
    });
  }

  #forwardReset(): void {
    this.#forwardTurn();
    this.#enqueue(async () => {
      this.#options.record({ type: "reset", connection: this.#connection.id, direction: this.#direction });
      if (this.#to) reset(this.#to);
    });
  }

  /** Runs `step` after all earlier ones. */
  #enqueue(step: () => Promise<void>): void {
    this.#lastStep = this.#lastStep.then(step).catch((error: unknown) => {
      this.#options.fail(error);
      this.#connection.reset();
    });
  }
}
