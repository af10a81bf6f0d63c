/**
 * A port that waits for the owner of a ticket, admits only that client, and carries one
 * conversation.
 */

import type { Turns } from "../../lib/async/turns.ts";
import type { Channel } from "../../lib/channel/channel.ts";
import { ChannelServer } from "../../lib/channel/channel-server.ts";
import { TEXT_LIMIT } from "../../lib/channel/conversation.ts";
import type { Address } from "../../lib/net/tcp.ts";
import { Ticket } from "./ticket.ts";

/**
 * Maximum number of unauthenticated connections on one port. Fewer than on the main port, because
 * there are many ports.
 */
const MAX_PENDING = 64;

export interface TicketPortOptions {
  /** Seconds within which the owner of the ticket must connect. */
  claim: number;
  /** Maximum duration of a handshake in seconds. */
  timeout: number;
  /** Turns of the addresses at the costly part of a handshake. */
  turns: Turns;
  /** Serves the owner of the ticket; `address` is its HOST:PORT. */
  serve: (channel: Channel, address: string) => Promise<void>;
  /** Called for each client that was dropped, with the reason. */
  report: (error: unknown, address: string) => void;
  /** Called when the owner of the ticket has not connected in time. */
  onUnclaimed: () => void;
}

export interface TicketPort {
  readonly port: number;
  readonly ticket: Ticket;
  /** Resolves once the port is closed and all connections are gone. */
  readonly over: Promise<void>;
  /** Ends the conversation, if any, and waits until it is over. */
  close(): Promise<void>;
}

/** Listens on `address` for the owner of a new ticket. @throws Error when it cannot listen there */
export async function openTicketPort(
  address: Address,
  { claim, timeout, turns, serve, report, onUnclaimed }: TicketPortOptions,
): Promise<TicketPort> {
  const ticket = new Ticket();
  const server = await ChannelServer.listen(address, {
    timeout,
    turns,
    maxPending: MAX_PENDING,
    messageLimit: TEXT_LIMIT,
    preSharedKey: (id) => ticket.lookUp(id),
    authorize: () => ticket.use(),
    serve: async (channel, from) => {
      // only now, not in authorize: a client that disconnects between the two must not keep the
      // port
      clearTimeout(deadline);
      server.retire("dropped: the owner of the ticket has come");
      await serve(channel, from);
    },
    report,
  });
  const deadline = setTimeout(() => {
    server.retire("dropped: the ticket has expired");
    onUnclaimed();
  }, claim * 1000);

  return {
    port: server.port,
    ticket,
    over: server.closed,
    close: async () => {
      clearTimeout(deadline);
      await server.close();
    },
  };
}
