/** The wire between a server's machine and its clients' machines, with a tap on it. */
import type { Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { Bytes } from "../../../lib/bytes/bytes.ts";
import type { Side } from "../model/direction.ts";
import type { EventWithoutTime } from "../model/events.ts";
import type { Tap } from "../model/tap.ts";
import type { Arrival, Endpoint, Listener, Machine } from "../sandbox/machine.ts";
import { Relay } from "./relay.ts";
import { reset } from "./reset.ts";

/** Milliseconds that a server's piece is held: a server that names a port and then opens it is given the time to. */
const HOLD = 2;

export interface WireOptions {
  tap: Tap;
  /** As `StageOptions` has it. */
  inPieces: boolean;
  /** Names of the files that both sides may see. */
  shared: string[];
  record(event: EventWithoutTime): void;
  /** Awaited whenever the shared files are looked at. */
  look?: () => Promise<void>;
  /** Called with what the tap threw. */
  fail(error: unknown): void;
}

interface Place {
  machine: Machine;
  side: Side;
  /** The number of its program. */
  number: number;
  /** What we listen on there, and for whom; undefined where that could not be. */
  mirrored: Map<string, { listener: Listener; owner: Place | undefined }>;
}

/**
 * What listens on one side is mirrored on the other under the same address and port, as it comes and goes: it is looked at
 * before each connection and each piece that goes on.
 */
export class Wire {
  readonly #server: Place;
  readonly #clients = new Set<Place>();
  readonly #relays = new Set<Relay>();
  readonly #options: WireOptions;
  /** The shared files as they are now, for clients that come later. */
  readonly #files = new Map<string, Bytes>();
  /** The ports that the server has opened, where they are kept. */
  readonly #once = new Map<string, Listener>();
  #count = 0;
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(server: Machine, number: number, options: WireOptions) {
    this.#options = options;
    this.#server = this.#place(server, "server", number);
  }

  /** Takes a client's machine on the wire. */
  async addClient(client: Machine, number: number): Promise<void> {
    for (const [name, bytes] of this.#files) await client.writeFile(name, bytes);
    this.#clients.add(this.#place(client, "client", number));
    await this.sync();
  }

  /** Takes it off again, once its program has ended. */
  async removeClient(client: Machine): Promise<void> {
    await this.sync();
    for (const place of this.#clients) if (place.machine === client) this.#clients.delete(place);
  }

  /** Brings the mirrored ports and the shared files up to date. */
  sync(): Promise<void> {
    // one that is under way may have looked already, so whoever asks meanwhile shares the next
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      this.#running = this.#synchronise();
      return this.#running;
    });
    return this.#next;
  }

  close(): void {
    for (const relay of this.#relays) relay.destroy();
  }

  /** A number for a connection. */
  nextConnectionId(): number {
    return ++this.#count;
  }

  #place(machine: Machine, side: Side, number: number): Place {
    const place = { machine, side, number, mirrored: new Map() };
    machine.onConnection = (arrival) => {
      this.#connect(place, arrival).catch(this.#options.fail);
    };
    return place;
  }

  async #synchronise(): Promise<void> {
    const places = [this.#server, ...this.#clients];
    const [found] = await Promise.all([
      Promise.all(places.map(async (place) => ({ place, listeners: await place.machine.scanListeners() }))),
      this.#carryFiles(),
      this.#options.look?.(),
    ]);
    const [ofServer, ...ofClients] = found;
    const open = this.#opened(ofServer?.listeners ?? []);
    await Promise.all([
      this.#mirror(ofClients, this.#server),
      ...[...this.#clients].map((client) => this.#mirror([{ place: this.#server, listeners: open }], client)),
    ]);
  }

  /** Where the server listens, or has listened, if its ports are kept. */
  #opened(now: Listener[]): Listener[] {
    if (!this.#options.tap.keepPortsOpen) return now;
    for (const listener of now) this.#once.set(nameOf(listener), listener);
    return [...this.#once.values()];
  }

  async #mirror(found: { place: Place; listeners: Listener[] }[], on: Place): Promise<void> {
    const wanted = new Map<string, { listener: Listener; owner: Place }>();
    for (const { place, listeners } of found) {
      for (const listener of listeners) {
        const key = nameOf(listener);
        if (!wanted.has(key)) wanted.set(key, { listener, owner: place });
      }
    }
    for (const [key, { listener, owner }] of on.mirrored) {
      if (wanted.has(key)) continue;
      on.mirrored.delete(key);
      if (owner) await on.machine.unlisten(listener);
    }
    for (const [key, { listener, owner }] of wanted) {
      if (on.mirrored.has(key)) continue;
      const entry: { listener: Listener; owner: Place | undefined } = { listener, owner };
      on.mirrored.set(key, entry);
      if (await on.machine.listen(listener)) entry.owner = undefined;
    }
  }

  async #carryFiles(): Promise<void> {
    const { shared, record } = this.#options;
    for (const name of shared) {
      for (const from of [this.#server, ...this.#clients]) {
        const bytes = await from.machine.readFile(name);
        if (!bytes) continue;
        record({ type: "file", side: from.side, name, bytes });
        this.#files.set(name, bytes);
        const others = from === this.#server ? this.#clients : [this.#server];
        for (const to of others) await to.machine.writeFile(name, bytes);
      }
    }
  }

  /** Puts a connection through that came to `place`. */
  async #connect(place: Place, { socket, to, from }: Arrival): Promise<void> {
    socket.allowHalfOpen = true;
    socket.on("error", () => {});
    socket.pause();
    await this.sync();
    const owner = this.#ownerOf(place, to);
    if (!owner) return reset(socket);
    const client = place.side === "client" ? place : owner;
    const { tap, record, fail } = this.#options;
    const id = this.nextConnectionId();
    record({ type: "connect", connection: id, ...to, from: from.port, client: client.number });
    const relay = new Relay(id, to.port, client.number, {
      tap,
      inPieces: this.#options.inPieces,
      record,
      fail,
      beforePiece: async (direction) => {
        if (direction === "server to client") await pause(HOLD);
        await this.sync();
      },
    });
    this.#relays.add(relay);
    socket.once("close", () => this.#relays.delete(relay));
    const verdict = tap.onConnect?.(relay) ?? "relay";
    if (verdict === "refuse") return reset(socket);
    const other = verdict === "play" ? undefined : await dial(owner.machine, to, from);
    if (verdict === "relay" && !other) return reset(socket);
    if (place.side === "client") relay.start(socket, other);
    else relay.start(other, socket);
  }

  #ownerOf({ mirrored }: Place, { address, port }: Endpoint): Place | undefined {
    const any = address.includes(":") ? ["::"] : ["0.0.0.0", "::"];
    for (const { listener, owner } of mirrored.values()) {
      if (listener.port === port && [address, ...any].includes(listener.address) && owner) return owner;
    }
    return undefined;
  }
}

function nameOf({ address, port, only6 }: Listener): string {
  return `${address} ${port} ${only6}`;
}

/** Connects, from the same port if that is free there. */
async function dial(machine: Machine, to: Endpoint, from: Endpoint): Promise<Socket | undefined> {
  for (const source of [from, undefined]) {
    try {
      const socket = await machine.connect(to, source);
      socket.allowHalfOpen = true;
      socket.on("error", () => {});
      return socket;
    } catch (error) {
      if (error instanceof Error && /refused/.test(error.message)) return undefined;
    }
  }
  return undefined;
}
