/** One connection on its way through the tap. */
import { once } from "node:events";
import type { Socket } from "node:net";
import type { Bytes } from "../../lib/bytes.ts";
import type { Connection, Tap } from "./lab.ts";
import type { EventWithoutTime } from "./program.ts";
import { reset } from "./reset.ts";
import type { Direction } from "./wiretap.ts";

export interface RelayOptions {
  tap: Tap;
  record(event: EventWithoutTime): void;
  fail(error: unknown): void;
  /** Awaited before each piece, and each end, goes on. */
  beforePiece(direction: Direction): Promise<void>;
}

/** Bytes of one direction that may wait for those before them, beside one piece. */
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
    // read at once, so that each piece is what its program wrote, however long those before it are on their way
    let waiting = 0;
    from.on("data", (bytes: Bytes) => {
      waiting += bytes.length;
      if (waiting > MAX_WAITING) from.pause();
      void inTurn(() => this.#pass(direction, bytes, to)).then(() => {
        waiting -= bytes.length;
        if (waiting <= MAX_WAITING) from.resume();
      });
    });
    from.on("end", () => {
      void inTurn(async () => {
        await this.#options.beforePiece(direction);
        this.#record({ type: "end", connection, direction });
        const passOn = (await this.#options.tap.onEnd?.(this, direction)) ?? true;
        if (passOn) to?.end();
      });
    });
    const passReset = () => {
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
