/** Forwards all bytes, in other pieces: TCP may do so at any time, so this is no attack. */
import { type Bytes, concat } from "../../../lib/bytes/bytes.ts";
import type { Direction } from "../model/direction.ts";
import type { Connection, Tap } from "../model/tap.ts";

/** Milliseconds of silence after which the pieces of a turn are glued together. */
const QUIET = 120;
/** The first bytes of each piece are sent one by one, the rest in stretches. */
const SINGLE = 64;
const STRETCH = 97;
const MAX_STRETCHES = 100;

export class Reshaped implements Tap {
  readonly #way: "glue" | "split";
  readonly #streams = new Map<string, { held: Bytes[]; timer: NodeJS.Timeout | undefined }>();

  constructor(way: "glue" | "split") {
    this.#way = way;
  }

  onData(connection: Connection, direction: Direction, bytes: Bytes): Bytes {
    const stream = this.#stream(connection, direction);
    if (this.#way === "split") {
      splitUp(connection, direction, bytes);
    } else {
      stream.held.push(bytes);
      clearTimeout(stream.timer);
      stream.timer = setTimeout(() => this.#flush(connection, direction), QUIET);
    }
    return new Uint8Array(0);
  }

  onEnd(connection: Connection, direction: Direction): boolean {
    this.#flush(connection, direction);
    return true;
  }

  #stream({ id }: Connection, direction: Direction) {
    const key = `${id} ${direction}`;
    const stream = this.#streams.get(key) ?? { held: [], timer: undefined };
    this.#streams.set(key, stream);
    return stream;
  }

  #flush(connection: Connection, direction: Direction): void {
    const stream = this.#stream(connection, direction);
    clearTimeout(stream.timer);
    if (stream.held.length > 0) connection.inject(direction, concat(stream.held));
    stream.held = [];
  }
}

function splitUp(connection: Connection, direction: Direction, bytes: Bytes): void {
  for (let at = 0; at < Math.min(bytes.length, SINGLE); at += 1)
    connection.inject(direction, bytes.slice(at, at + 1));
  const stretch = Math.max(STRETCH, Math.ceil(bytes.length / MAX_STRETCHES));
  for (let at = SINGLE; at < bytes.length; at += stretch)
    connection.inject(direction, bytes.slice(at, at + stretch));
}
