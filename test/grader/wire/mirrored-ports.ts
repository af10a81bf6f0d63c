/** Ports of one side's programs, mirrored on the other side's machines under the same address. */
import type { Side } from "../model/direction.ts";
import type { Endpoint, Listener, Machine } from "../sandbox/machine.ts";

/** A machine on the wire. */
export interface Attachment {
  machine: Machine;
  side: Side;
  /** The number of its program. */
  number: number;
}

/** A listener, and the machine of the program that listens. */
interface Owned {
  listener: Listener;
  /** Undefined if the listener could not be mirrored. */
  owner: Attachment | undefined;
}

export class MirroredPorts {
  readonly #keepPortsOpen: boolean;
  /** Every port that the server has opened, if they stay open. */
  readonly #opened = new Map<string, Listener>();
  readonly #mirrored = new WeakMap<Attachment, Map<string, Owned>>();

  /** @param keepPortsOpen mirror the server's ports even after the server has closed them */
  constructor(keepPortsOpen: boolean) {
    this.#keepPortsOpen = keepPortsOpen;
  }

  /** Opens and closes the mirrored ports, so that they match the present listeners. */
  async update(server: Attachment, clients: ReadonlySet<Attachment>): Promise<void> {
    const scan = async (owner: Attachment) => {
      const listeners = await owner.machine.scanListeners();
      return listeners.map((listener) => ({ listener, owner }));
    };
    const [ofServer, ofClients] = await Promise.all([scan(server), Promise.all([...clients].map(scan))]);
    const open = this.#withEarlier(ofServer, server);
    await Promise.all([
      this.#mirror(ofClients.flat(), server),
      ...[...clients].map((client) => this.#mirror(open, client)),
    ]);
  }

  /** Returns the machine whose program listens on `endpoint`, as seen from `attachment`. */
  ownerOf(attachment: Attachment, { address, port }: Endpoint): Attachment | undefined {
    const wildcards = address.includes(":") ? ["::"] : ["0.0.0.0", "::"];
    for (const { listener, owner } of this.#on(attachment).values()) {
      if (listener.port === port && [address, ...wildcards].includes(listener.address) && owner) return owner;
    }
    return undefined;
  }

  #withEarlier(now: Owned[], server: Attachment): Owned[] {
    if (!this.#keepPortsOpen) return now;
    for (const { listener } of now) this.#opened.set(keyOf(listener), listener);
    return [...this.#opened.values()].map((listener) => ({ listener, owner: server }));
  }

  async #mirror(found: Owned[], on: Attachment): Promise<void> {
    const wanted = new Map<string, Owned>();
    for (const owned of found) {
      const key = keyOf(owned.listener);
      if (!wanted.has(key)) wanted.set(key, owned);
    }
    const mirrored = this.#on(on);
    for (const [key, { listener, owner }] of mirrored) {
      if (wanted.has(key)) continue;
      mirrored.delete(key);
      if (owner) await on.machine.unlisten(listener);
    }
    for (const [key, { listener, owner }] of wanted) {
      if (mirrored.has(key)) continue;
      const entry: Owned = { listener, owner };
      mirrored.set(key, entry);
      const error = await on.machine.listen(listener);
      if (error) entry.owner = undefined;
    }
  }

  #on(attachment: Attachment): Map<string, Owned> {
    const known = this.#mirrored.get(attachment) ?? new Map<string, Owned>();
    this.#mirrored.set(attachment, known);
    return known;
  }
}

function keyOf({ address, port, only6 }: Listener): string {
  return `${address} ${port} ${only6}`;
}
