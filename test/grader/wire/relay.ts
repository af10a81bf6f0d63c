/** A relayed connection between a client and a server, or the tap that plays one of them. */
import type { Socket } from "node:net";
import type { Bytes } from "../../../lib/bytes/bytes.ts";
import type { Direction } from "../model/direction.ts";
import type { Connection } from "../model/tap.ts";
import { OneWayRelay, type RelayOptions } from "./one-way-relay.ts";
import { reset } from "./reset.ts";

const EMPTY: Bytes = new Uint8Array(0);

export class Relay implements Connection {
  readonly id: number;
  readonly port: number;
  readonly client: number;
  readonly #options: RelayOptions;
  readonly #sockets: Socket[] = [];
  readonly #to: Partial<Record<Direction, Socket>> = {};
  /** Steps of the tap from before the relay started; undefined afterwards. */
  #postponed: (() => void)[] | undefined = [];

  constructor(id: number, port: number, client: number, options: RelayOptions) {
    this.id = id;
    this.port = port;
    this.client = client;
    this.#options = options;
  }

  /** Starts to relay between two sockets; a side that the tap plays has none. */
  start(client: Socket | undefined, server: Socket | undefined): void {
    this.#relay("client to server", client, server);
    this.#relay("server to client", server, client);
    const postponed = this.#postponed ?? [];
    this.#postponed = undefined;
    for (const step of postponed) step();
  }

  inject(direction: Direction, bytes: Bytes): void {
    if (this.#postponed) return void this.#postponed.push(() => this.inject(direction, bytes));
    this.#options.record({ type: "data", connection: this.id, direction, bytes: EMPTY, passed: bytes });
    this.#to[direction]?.write(bytes);
  }

  end(direction: Direction): void {
    if (this.#postponed) return void this.#postponed.push(() => this.end(direction));
    this.#to[direction]?.end();
  }

  reset(): void {
    for (const socket of this.#sockets) reset(socket);
  }

  destroy(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #relay(direction: Direction, from: Socket | undefined, to: Socket | undefined): void {
    if (to) this.#to[direction] = to;
    if (!from) return;
    this.#sockets.push(from);
    new OneWayRelay(this, direction, { from, to, options: this.#options }).start();
  }
}
