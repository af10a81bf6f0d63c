/** A server of exercise 04 within this process, and its clients. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Switchboard, type SwitchboardOptions } from "../../exercises/04-port-switching/switchboard.ts";
import {
  deriveTicketKey,
  encodeOffer,
  type Offer,
  receiveOffer,
} from "../../exercises/04-port-switching/ticket.ts";
import type { Bytes } from "../../lib/bytes/bytes.ts";
import type { Channel } from "../../lib/channel/channel.ts";
import { connectChannel } from "../../lib/channel/channel-client.ts";
import { ChannelServer, handshakeTurns } from "../../lib/channel/channel-server.ts";
import type { Identity } from "../../lib/crypto/identity.ts";
import { PortPool } from "../../lib/net/port-pool.ts";
import type { Transport } from "../../lib/net/transport.ts";
import { findFreePorts } from "./free-ports.ts";

const HOST = "127.0.0.1";

export interface SwitchingServer {
  main: ChannelServer;
  switchboard: Switchboard;
  pool: PortPool;
  ports: number[];
  /**
   * Who was dropped, and why: `on port PORT: REASON`, or `main: REASON`; `SHA256:...: REASON` for
   * a client that did not connect.
   */
  reports: string[];
  /** Ports that other programs hold. */
  held: number[];
  close: () => Promise<void>;
}

/** Starts a server that answers each message with the same, on `count` ports. */
export async function startSwitching(
  identity: Identity,
  count: number,
  options: Partial<SwitchboardOptions> = {},
): Promise<SwitchingServer> {
  const first = await findFreePorts(count);
  const ports = Array.from({ length: count }, (_, index) => first + index);
  const reports: string[] = [];
  const held: number[] = [];
  const pool = new PortPool(ports, (port) => held.push(port));
  const report = (error: unknown, client: string) => {
    // whatever a client does is no mistake of ours
    if (!(error instanceof Error) || error.constructor !== Error) throw error;
    reports.push(`${client.replace(/^[\d.:]+$/, "main").replace(/^[\d.:]+ /, "")}: ${error.message}`);
  };
  const turns = handshakeTurns();
  const switchboard = new Switchboard(pool, {
    host: HOST,
    claim: 60,
    timeout: 60,
    turns,
    serve: echo,
    report,
    ...options,
  });
  const main = await ChannelServer.listen(
    { host: HOST, port: 0 },
    {
      timeout: 60,
      turns,
      identity,
      authorize: (peer) => switchboard.reserve(peer),
      serve: async (channel) => channel.send(encodeOffer(await switchboard.offer(channel))),
      report,
    },
  );
  const close = async () => {
    await Promise.all([main.close(), switchboard.close()]);
  };
  return { main, switchboard, pool, ports, reports, held, close };
}

async function echo(channel: Channel): Promise<void> {
  for await (const message of channel) await channel.send(message);
}

/** Goes to the main port; returns what leads on. */
export async function meet(server: SwitchingServer, identity: Identity): Promise<Offer & { key: Bytes }> {
  const channel = await connectChannel({ host: HOST, port: server.main.port, timeout: 60 }, { identity });
  const offer = await receiveOffer(channel, 60);
  const key = deriveTicketKey(channel, offer.ticket);
  await channel.close();
  return { ...offer, key };
}

/** Goes to the other port. */
export function claim({ port, ticket, key }: Offer & { key: Bytes }): Promise<Channel> {
  return connectChannel({ host: HOST, port, timeout: 60 }, { preSharedKey: { id: ticket, key } });
}

/** Connects without a word; errors of the socket are its own business. */
export async function stranger(port: number): Promise<Socket> {
  const socket = connect({ host: HOST, port });
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** Waits until all ports are free again. */
export async function allFree({ switchboard, pool, ports }: SwitchingServer): Promise<void> {
  while (switchboard.size > 0 || pool.free < ports.length)
    await new Promise((resolve) => setImmediate(resolve));
}

/** Resets the connection once so many messages have been written. */
export function resetAfter(socket: Socket, transport: Transport, messages: number): void {
  const write = transport.write.bind(transport);
  let written = 0;
  transport.write = async (...parts) => {
    await write(...parts);
    written += 1;
    if (written === messages) socket.resetAndDestroy();
  };
}
