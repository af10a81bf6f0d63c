/** A relayed connection between a client and a server, or the tap that plays one of them. */
import type { Socket } from "node:net";
import type { Bytes } from "../../../lib/bytes/bytes.ts";
import type { Direction, Side } from "../model/direction.ts";
import type { Connection } from "../model/tap.ts";
import type { Machine } from "../sandbox/machine.ts";
import { OneWayRelay, type RelayOptions } from "./one-way-relay.ts";
import { PacedWriter } from "./paced-writer.ts";
import { reset } from "./reset.ts";

const EMPTY: Bytes = new Uint8Array(0);

type ConnectionPlace = Pick<Connection, "id" | "port" | "client">;

export class Relay implements Connection {
  readonly id: number;
  readonly port: number;
  readonly client: number;
  readonly #options: RelayOptions;
  readonly #sockets: Socket[] = [];
  readonly #to: Partial<Record<Direction, { socket: Socket; writer: PacedWriter }>> = {};
  readonly #machines: Record<Side, Machine>;
  /** Steps of the tap from before the relay started; undefined afterwards. */
  #postponed: (() => void)[] | undefined = [];

  constructor({ id, port, client }: ConnectionPlace, machines: Record<Side, Machine>, options: RelayOptions) {
    this.id = id;
    this.port = port;
    this.client = client;
    this.#machines = machines;
    this.#options = options;
  }

  /** Starts to relay between two sockets; a side that the tap plays has none. */
  start(client: Socket | undefined, server: Socket | undefined): void {
    if (server) this.#to["client to server"] = writerTo(server, this.#machines.server);
    if (client) this.#to["server to client"] = writerTo(client, this.#machines.client);
    this.#relay("client to server", client);
    this.#relay("server to client", server);
    const postponed = this.#postponed ?? [];
    this.#postponed = undefined;
    for (const step of postponed) step();
  }

  inject(direction: Direction, bytes: Bytes): void {
    if (this.#postponed) return void this.#postponed.push(() => this.inject(direction, bytes));
    this.#options.record({ type: "data", connection: this.id, direction, bytes: EMPTY, passed: bytes });
    void this.#to[direction]?.writer.write(bytes);
  }

  end(direction: Direction): void {
    if (this.#postponed) return void this.#postponed.push(() => this.end(direction));
    void this.#to[direction]?.writer.end();
  }

  reset(): void {
    for (const socket of this.#sockets) reset(socket);
  }

  destroy(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #relay(direction: Direction, from: Socket | undefined): void {
    if (!from) return;
    this.#sockets.push(from);
    new OneWayRelay(this, direction, { from, to: this.#to[direction], options: this.#options }).start();
  }
}

function writerTo(socket: Socket, machine: Machine): { socket: Socket; writer: PacedWriter } {
  return { socket, writer: new PacedWriter(socket, machine) };
}
