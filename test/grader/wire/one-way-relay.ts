/** One direction of a relayed connection: pieces and the end go through the tap in order. */
import type { Socket } from "node:net";
import type { Bytes } from "../../../lib/bytes/bytes.ts";
import type { Direction } from "../model/direction.ts";
import type { EventWithoutTime } from "../model/events.ts";
import type { Connection, Tap } from "../model/tap.ts";
import type { PacedWriter } from "./paced-writer.ts";
import { reset } from "./reset.ts";

export interface RelayOptions {
  tap: Tap;
  record(event: EventWithoutTime): void;
  fail(error: unknown): void;
  /** Awaited before each piece, and each end, is forwarded. */
  beforePiece(direction: Direction): Promise<void>;
  /** As `Machine.boundaries`, on the machine from which `direction` begins. */
  boundaries(direction: Direction, socket: Socket, from: number, to: number): Promise<number[]>;
}

/** The most bytes to buffer, apart from the last piece. */
const MAX_BUFFERED = 64 * 1024;

export class OneWayRelay {
  readonly #connection: Connection;
  readonly #direction: Direction;
  readonly #from: Socket;
  /** Undefined if the tap plays this side. */
  readonly #to: { socket: Socket; writer: PacedWriter } | undefined;
  readonly #options: RelayOptions;
  /** Bytes that have arrived, and that have not been forwarded. */
  #received = 0;
  #buffered = 0;
  #lastStep: Promise<void> = Promise.resolve();

  constructor(
    connection: Connection,
    direction: Direction,
    {
      from,
      to,
      options,
    }: { from: Socket; to: { socket: Socket; writer: PacedWriter } | undefined; options: RelayOptions },
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
    // it may have been reset before the relay started
    if (from.errored) this.#forwardReset();
    from.resume();
  }

  #receive(bytes: Bytes): void {
    const start = this.#received;
    this.#received += bytes.length;
    this.#buffered += bytes.length;
    if (this.#buffered > MAX_BUFFERED) this.#from.pause();
    this.#enqueue(async () => {
      const { boundaries } = this.#options;
      const cuts = await boundaries(this.#direction, this.#from, start, start + bytes.length);
      for (const piece of cutAt(
        bytes,
        cuts.map((cut) => cut - start),
      )) {
        try {
          await this.#forward(piece);
        } finally {
          this.#buffered -= piece.length;
          if (this.#buffered <= MAX_BUFFERED) this.#from.resume();
        }
      }
    });
  }

  async #forward(bytes: Bytes): Promise<void> {
    const { beforePiece, tap, record } = this.#options;
    await beforePiece(this.#direction);
    const passed = (await tap.onData?.(this.#connection, this.#direction, bytes)) ?? bytes;
    record({ type: "data", connection: this.#connection.id, direction: this.#direction, bytes, passed });
    if (passed.length > 0) await this.#to?.writer.write(passed);
  }

  #forwardEnd(): void {
    this.#enqueue(async () => {
      const { beforePiece, tap, record } = this.#options;
      const direction = this.#direction;
      await beforePiece(direction);
      record({ type: "end", connection: this.#connection.id, direction });
      if ((await tap.onEnd?.(this.#connection, direction)) ?? true) await this.#to?.writer.end();
    });
  }

  #forwardReset(): void {
    this.#enqueue(async () => {
      this.#options.record({ type: "reset", connection: this.#connection.id, direction: this.#direction });
      if (this.#to) reset(this.#to.socket);
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

/** Returns the parts of `bytes` between the offsets in `cuts`. */
function cutAt(bytes: Uint8Array, cuts: readonly number[]): Bytes[] {
  return [...cuts, bytes.length].map((to, index) => new Uint8Array(bytes.subarray(cuts[index - 1] ?? 0, to)));
}
