/** The wire between the server's machine and the clients' machines, with a tap on it. */
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Side } from "../model/direction.ts";
import type { EventWithoutTime } from "../model/events.ts";
import type { Tap } from "../model/tap.ts";
import type { Arrival, Endpoint, Machine } from "../sandbox/machine.ts";
import { type Attachment, MirroredPorts } from "./mirrored-ports.ts";
import { Relay } from "./relay.ts";
import { reset } from "./reset.ts";
import { SharedFiles } from "./shared-files.ts";

/** Milliseconds to hold the server's pieces: it may announce a port just before opening it. */
const HOLD = 2;
/** Milliseconds between two scans while nothing is forwarded, which double from first to last. */
const FIRST_SCAN = 20;
const LAST_SCAN = 80;

export interface WireOptions {
  tap: Tap;
  /** Names of the files that both sides share. */
  shared: string[];
  /** Names of files that both sides share in secret: copied, and not recorded. */
  secrets: string[];
  record(event: EventWithoutTime): void;
  /** Awaited with each update of the shared files. */
  onSync?: () => Promise<void>;
  /** Called with the error that the tap threw. */
  fail(error: unknown): void;
}

/**
 * Mirrors each side's listeners on the other side, and relays the connections. Listeners are
 * scanned before each connection, before each piece that is forwarded, and regularly after `watch`.
 */
export class Wire {
  readonly #server: Attachment;
  readonly #clients = new Set<Attachment>();
  readonly #relays = new Set<Relay>();
  readonly #options: WireOptions;
  readonly #ports: MirroredPorts;
  readonly #files: SharedFiles[];
  #lastConnection = 0;
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #delay = FIRST_SCAN;

  constructor(server: Machine, number: number, options: WireOptions) {
    this.#options = options;
    this.#ports = new MirroredPorts(options.tap.keepPortsOpen ?? false);
    this.#files = [
      new SharedFiles(options.shared, options.record),
      new SharedFiles(options.secrets, () => {}),
    ];
    this.#server = this.#attach(server, "server", number);
  }

  async addClient(machine: Machine, number: number): Promise<void> {
    for (const files of this.#files) await files.copyTo(machine);
    this.#clients.add(this.#attach(machine, "client", number));
    await this.sync();
  }

  /** Removes the machine of a client that has ended. */
  async removeClient(machine: Machine): Promise<void> {
    await this.sync();
    for (const client of this.#clients) if (client.machine === machine) this.#clients.delete(client);
  }

  /** Updates the mirrored ports and the shared files. */
  sync(): Promise<void> {
    // a running update may have scanned already, so all calls meanwhile share the next one
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      this.#running = this.#update();
      return this.#running;
    });
    return this.#next;
  }

  /** Updates them from now on, often after traffic. */
  watch(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      void this.sync();
      this.#delay = Math.min(2 * this.#delay, LAST_SCAN);
      this.watch();
    }, this.#delay);
  }

  unwatch(): void {
    clearTimeout(this.#timer);
  }

  close(): void {
    this.unwatch();
    for (const relay of this.#relays) relay.destroy();
  }

  nextConnectionId(): number {
    this.#lastConnection += 1;
    return this.#lastConnection;
  }

  #syncForTraffic(): Promise<void> {
    this.#delay = FIRST_SCAN;
    return this.sync();
  }

  #attach(machine: Machine, side: Side, number: number): Attachment {
    const attachment = { machine, side, number };
    machine.onConnection = (arrival) => {
      this.#connect(attachment, arrival).catch(this.#options.fail);
    };
    return attachment;
  }

  async #update(): Promise<void> {
    await Promise.all([
      this.#ports.update(this.#server, this.#clients),
      ...this.#files.map((files) => files.update(this.#server, this.#clients)),
      this.#options.onSync?.(),
    ]);
  }

  /** Relays a connection that arrived at the machine of `from`. */
  async #connect(dialler: Attachment, { socket, to, from }: Arrival): Promise<void> {
    socket.allowHalfOpen = true;
    socket.on("error", () => {});
    socket.pause();
    await this.#syncForTraffic();
    const owner = this.#ports.ownerOf(dialler, to);
    if (!owner) return reset(socket);
    const [client, server] = dialler.side === "client" ? [dialler, owner] : [owner, dialler];
    const { tap, record } = this.#options;
    const id = this.nextConnectionId();
    record({ type: "connect", connection: id, ...to, from: from.port, client: client.number });
    const relay = this.#makeRelay(id, to.port, { client, server });
    this.#relays.add(relay);
    socket.once("close", () => this.#relays.delete(relay));
    const verdict = tap.onConnect?.(relay) ?? "relay";
    if (verdict === "refuse") return reset(socket);
    const other = verdict === "play" ? undefined : await dial(owner.machine, to, from);
    if (verdict === "relay" && !other) return reset(socket);
    if (dialler === client) relay.start(socket, other);
    else relay.start(other, socket);
  }

  #makeRelay(id: number, port: number, { client, server }: Record<Side, Attachment>): Relay {
    const { tap, record, fail } = this.#options;
    const machines = { client: client.machine, server: server.machine };
    return new Relay({ id, port, client: client.number }, machines, {
      tap,
      record,
      fail,
      beforePiece: async (direction) => {
        if (direction === "server to client") await sleep(HOLD);
        await this.#syncForTraffic();
      },
      boundaries: (direction, socket, from, to) => {
        const sender = direction === "client to server" ? machines.client : machines.server;
        return sender.boundaries(socket, from, to);
      },
    });
  }
}

/** Connects, from the same port if it is free there; returns undefined if the server refuses. */
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
