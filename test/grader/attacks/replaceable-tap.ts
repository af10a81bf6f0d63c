/**
 * A tap that can be replaced between exchanges: each connection keeps the one it began with, until
 * that one is released.
 */
import type { Bytes } from "../../../lib/bytes/bytes.ts";
import type { Direction } from "../model/direction.ts";
import type { Connection, Tap } from "../model/tap.ts";

const NOTHING: Bytes = new Uint8Array(0);

/** A tap, and the connections on which it is in use. */
class Use {
  readonly tap: Tap;
  readonly released: Promise<void>;
  readonly #connections: Connection[] = [];
  #release = () => {};

  constructor(tap: Tap) {
    this.tap = tap;
    this.released = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  add(connection: Connection): void {
    this.#connections.push(connection);
  }

  /** Lets nothing wait for the tap any more, and ends its connections. */
  release(): void {
    this.#release();
    for (const connection of this.#connections) {
      connection.end("client to server");
      connection.end("server to client");
    }
  }
}

export class ReplaceableTap implements Tap {
  readonly #uses = new Map<number, Use>();
  #current = new Use({});

  /** Uses `tap` for the connections that are made from now on. */
  use(tap: Tap): void {
    this.#current = new Use(tap);
  }

  /** Ends the connections that were made since `use`: a server must not wait for their clients. */
  release(): void {
    this.#current.release();
    this.use({});
  }

  onConnect(connection: Connection): "relay" | "refuse" | "play" {
    const use = this.#current;
    use.add(connection);
    this.#uses.set(connection.id, use);
    return use.tap.onConnect?.(connection) ?? "relay";
  }

  onData(connection: Connection, direction: Direction, bytes: Bytes): Bytes | Promise<Bytes> {
    const use = this.#uses.get(connection.id);
    const passed = use?.tap.onData?.(connection, direction, bytes) ?? bytes;
    return use && passed instanceof Promise
      ? Promise.race([passed, use.released.then(() => NOTHING)])
      : passed;
  }

  onEnd(connection: Connection, direction: Direction): boolean | Promise<boolean> {
    const use = this.#uses.get(connection.id);
    const passes = use?.tap.onEnd?.(connection, direction) ?? true;
    return use && passes instanceof Promise ? Promise.race([passes, use.released.then(() => true)]) : passes;
  }
}
