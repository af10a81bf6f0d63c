/**
 * Gives each client a port of its own.
 *
 *     authorize: (client) => switchboard.reserve(client), // reserves a port
 *     serve: (channel) => channel.send(encodeOffer(await switchboard.offer(channel))),
 */

import type { Turns } from "../../lib/async/turns.ts";
import type { Channel } from "../../lib/channel/channel.ts";
import type { Peer } from "../../lib/channel/handshake.ts";
import { BUSY } from "../../lib/channel/refusal.ts";
import type { PortPool } from "../../lib/net/port-pool.ts";
import { deriveTicketKey, type Offer } from "./ticket.ts";
import { openTicketPort, type TicketPort } from "./ticket-port.ts";

export interface SwitchboardOptions {
  /** The address of the ports in the pool. */
  host: string;
  /** Seconds within which a client must connect to its port. */
  claim: number;
  /** Maximum duration of a handshake in seconds. */
  timeout: number;
  /** The turns of the main port, where the clients have proved their keys. */
  turns: Turns;
  /**
   * Serves one client on its port; `client` is "HOST:PORT on port PORT", and `fingerprint` was
   * proved on the main port.
   */
  serve: (channel: Channel, client: string, fingerprint: string) => Promise<void>;
  /** Called for each client that was dropped or did not connect, with the reason. */
  report: (error: unknown, client: string) => void;
}

export class Switchboard {
  readonly #pool: PortPool;
  readonly #options: SwitchboardOptions;
  readonly #open = new Set<TicketPort>();
  readonly #reserved = new WeakMap<Peer, TicketPort>();
  #closing = false;

  constructor(pool: PortPool, options: SwitchboardOptions) {
    this.#pool = pool;
    this.#options = options;
  }

  /** The number of ports that wait for their client or carry a conversation. */
  get size(): number {
    return this.#open.size;
  }

  /** Opens a port for `client`; returns the reason to refuse it if no port is free. */
  async reserve(client: Peer): Promise<string | undefined> {
    const { fingerprint } = client;
    const { host, claim, timeout, turns, serve, report } = this.#options;
    const lent = await this.#pool.lend((port) =>
      openTicketPort(
        { host, port },
        {
          claim,
          timeout,
          turns,
          serve: (channel, address) => serve(channel, `${address} on port ${port}`, fingerprint),
          report: (error, address) => report(error, `${address} on port ${port}`),
          onUnclaimed: () =>
            report(new Error(`it has not come to port ${port} within ${claim} s`), fingerprint),
        },
      ),
    );
    if (!lent) return BUSY;
    const { port, opened } = lent;
    this.#open.add(opened);
    this.#reserved.set(client, opened);
    opened.over.then(() => {
      this.#open.delete(opened);
      this.#pool.giveBack(port);
    });
    if (this.#closing) await opened.close();
    return undefined;
  }

  /** Returns the offer of the port that is reserved for the peer of `channel`. */
  async offer(channel: Channel): Promise<Offer> {
    const reserved = this.#reserved.get(channel.peer);
    if (!reserved) throw new TypeError("no port was reserved for this client");
    const { port, ticket } = reserved;
    ticket.admit(deriveTicketKey(channel, ticket.id));
    return { port, ticket: ticket.id };
  }

  /** Ends all conversations, and waits until they are over. */
  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all([...this.#open].map((port) => port.close()));
  }
}
