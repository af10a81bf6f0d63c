/** One connection on its way through the tap. */
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
  /** Whether turns go on once they are complete, in the pieces in which they came, and not each piece at once. */
  inPieces: boolean;
  record(event: EventWithoutTime): void;
  fail(error: unknown): void;
  /** Awaited before each piece, and each end, goes on. */
  beforePiece(direction: Direction): Promise<void>;
}

/** Milliseconds without anything new after which a turn is taken for complete: longer than a delayed acknowledgement, see warden.pl. */
const LINGER = 90;
/** Milliseconds between the pieces of a turn, if they are few: their reader may go by them. */
const GAP = 10;
const MAX_APART = 12;
/** Bytes of one direction that may wait, beside one piece. */
const MAX_WAITING = 64 * 1024;
const EMPTY: Bytes = new Uint8Array(0);

export class Relay implements Connection {
  readonly id: number;
  readonly port: number;
  readonly client: number;
  readonly #options: RelayOptions;
  /** Where the bytes of each direction come from. */
  readonly #from: Partial<Record<Direction, Socket>> = {};
  readonly #to: Partial<Record<Direction, Socket>> = {};
  /** What was injected before there was a socket. */
  #early: (() => void)[] | undefined = [];

  constructor(id: number, port: number, client: number, options: RelayOptions) {
    this.id = id;
    this.port = port;
    this.client = client;
    this.#options = options;
  }

  /** Begins with the two sockets; a side that is played has none. */
  start(client: Socket | undefined, server: Socket | undefined): void {
    this.#relay("client to server", client, server);
    this.#relay("server to client", server, client);
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const step of early) step();
  }

  inject(direction: Direction, bytes: Bytes): void {
    if (this.#early) return void this.#early.push(() => this.inject(direction, bytes));
    this.#record({ type: "data", connection: this.id, direction, bytes: EMPTY, passed: bytes });
    this.#to[direction]?.write(bytes);
  }

  end(direction: Direction): void {
    if (this.#early) return void this.#early.push(() => this.end(direction));
    this.#to[direction]?.end();
  }

  reset(): void {
    for (const socket of this.#sockets()) reset(socket);
  }

  destroy(): void {
    for (const socket of this.#sockets()) socket.destroy();
  }

  #sockets(): Socket[] {
    return Object.values(this.#from);
  }

  #record(event: EventWithoutTime): void {
    this.#options.record(event);
  }

  #relay(direction: Direction, from: Socket | undefined, to: Socket | undefined): void {
    if (to) this.#to[direction] = to;
    if (!from) return;
    this.#from[direction] = from;
    from.setNoDelay(true);
    let last: Promise<void> = Promise.resolve();
    const inTurn = (step: () => Promise<void>) => {
      last = last.then(step).catch((error: unknown) => {
        this.#options.fail(error);
        this.reset();
      });
      return last;
    };
    const connection = this.id;
    const { inPieces } = this.#options;
    let burst: Bytes[] = [];
    let waiting = 0;
    let timer: NodeJS.Timeout | undefined;
    const passOn = () => {
      clearTimeout(timer);
      const pieces = burst;
      burst = [];
      const gap = pieces.length <= MAX_APART ? GAP : 0;
      for (const [index, piece] of pieces.entries())
        void inTurn(async () => {
          if (index > 0 && gap > 0) await sleep(gap);
          await this.#pass(direction, piece, to);
        }).then(() => {
          waiting -= piece.length;
          if (waiting <= MAX_WAITING) from.resume();
        });
    };
    from.on("data", (bytes: Bytes) => {
      burst.push(bytes);
      waiting += bytes.length;
      clearTimeout(timer);
      if (waiting > MAX_WAITING) from.pause();
      if (inPieces && waiting <= MAX_WAITING) timer = setTimeout(passOn, LINGER);
      else passOn();
    });
    from.on("end", () => {
      passOn();
      void inTurn(async () => {
        await this.#options.beforePiece(direction);
        this.#record({ type: "end", connection, direction });
        const goesOn = (await this.#options.tap.onEnd?.(this, direction)) ?? true;
        if (goesOn) to?.end();
      });
    });
    from.once("close", () => clearTimeout(timer));
    const passReset = () => {
      passOn();
      void inTurn(async () => {
        this.#record({ type: "reset", connection, direction });
        if (to) reset(to);
      });
    };
    from.on("error", passReset);
    // it may have been reset before we began
    if (from.errored) passReset();
    from.resume();
  }

  async #pass(direction: Direction, piece: Bytes, to: Socket | undefined): Promise<void> {
    const { beforePiece, tap } = this.#options;
    const bytes = new Uint8Array(piece);
    await beforePiece(direction);
    const passed = (await tap.onData?.(this, direction, bytes)) ?? bytes;
    this.#record({ type: "data", connection: this.id, direction, bytes, passed });
    if (!to || to.destroyed || passed.length === 0) return;
    if (to.write(passed)) return;
    // a reset rejects them too, and is told by the listener of that socket
    await Promise.race([once(to, "drain"), once(to, "close")]).catch(() => {});
  }
}
