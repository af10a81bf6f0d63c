/** A tap that can be replaced between exchanges: each connection keeps the one it began with. */
import type { Bytes } from "../../../lib/bytes/bytes.ts";
import type { Direction } from "../model/direction.ts";
import type { Connection, Tap } from "../model/tap.ts";

export class ReplaceableTap implements Tap {
  current: Tap = {};
  readonly #taps = new Map<number, Tap>();

  onConnect(connection: Connection): "relay" | "refuse" | "play" {
    this.#taps.set(connection.id, this.current);
    return this.current.onConnect?.(connection) ?? "relay";
  }

  onData(connection: Connection, direction: Direction, bytes: Bytes): Bytes | Promise<Bytes> {
    return this.#taps.get(connection.id)?.onData?.(connection, direction, bytes) ?? bytes;
  }

  onEnd(connection: Connection, direction: Direction): boolean | Promise<boolean> {
    return this.#taps.get(connection.id)?.onEnd?.(connection, direction) ?? true;
  }
}
