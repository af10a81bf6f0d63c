/**
 * A server of secure channels over TCP: many clients at once, none of which can end, block or
 * starve it.
 *
 *     const server = await ChannelServer.listen(address, { identity, authorize, serve, report });
 *     console.error(`Listening on ${server.address}`);
 *     await server.close();
 */
import type { Server, Socket } from "node:net";
import { Turns } from "../async/turns.ts";
import { equal } from "../bytes/bytes.ts";
import { FramedStream } from "../net/framing.ts";
import { networkOf } from "../net/network.ts";
import { DISPLACED, Places } from "../net/places.ts";
import { type Address, formatAddress, listenOn } from "../net/tcp.ts";
import { Channel, type ChannelLimits } from "./channel.ts";
import type { Peer, ServerOptions } from "./handshake.ts";
import { BUSY } from "./refusal.ts";

/**
 * Maximum number of unauthenticated connections. An address has at most a quarter of them, and when
 * all are taken, the address that has the most loses one.
 */
export const MAX_PENDING = 512;
/** Maximum number of channels; further clients receive the hint that the server is busy. */
export const MAX_CHANNELS = 1000;
/** Maximum number of channels of one address, and under one key; more are refused. */
export const MAX_CHANNELS_PER_ADDRESS = 250;
export const MAX_CHANNELS_PER_KEY = 32;

// half of the threads of libuv: the others serve files
const HANDSHAKE_WIDTH = 2;
/** Maximum number of handshakes of one address that wait for their turn. */
const MAX_WAITING = 128;

/** Returns the turns of addresses at the costly part of a handshake, which servers may share. */
export function handshakeTurns(): Turns {
  return new Turns(HANDSHAKE_WIDTH, MAX_WAITING);
}

export interface ChannelServerOptions
  extends Omit<ServerOptions, "turn" | "onAnswered" | "hint">,
    ChannelLimits {
  /** Serves one client; the channel is closed when this returns, and destroyed when it throws. */
  serve: (channel: Channel, address: string) => Promise<void>;
  /** Called for each client that was dropped, with the reason; `address` is its HOST:PORT. */
  report?: (error: unknown, address: string) => void;
  /** By default, `handshakeTurns` of this server alone. */
  turns?: Turns;
  maxPending?: number;
  maxChannels?: number;
  maxChannelsPerAddress?: number;
  maxChannelsPerKey?: number;
}

export class ChannelServer {
  /** HOST:PORT. */
  readonly address: string;
  readonly port: number;
  /** Resolves once the server no longer listens and the last client is gone. */
  readonly closed: Promise<void>;
  readonly #server: Server;
  readonly #clients: Clients;

  /** Listens on `address` and serves all clients. @throws Error when it cannot listen there */
  static async listen(address: Address, options: ChannelServerOptions): Promise<ChannelServer> {
    const clients = new Clients(options);
    const { server, port } = await listenOn(address, (socket) => clients.take(socket));
    return new ChannelServer(server, { host: address.host, port }, clients);
  }

  private constructor(server: Server, address: Address, clients: Clients) {
    this.address = formatAddress(address);
    this.port = address.port;
    this.closed = new Promise((resolve) => server.once("close", resolve));
    this.#server = server;
    this.#clients = clients;
  }

  /** The open channels. */
  get channels(): ReadonlySet<Channel> {
    return this.#clients.channels;
  }

  /**
   * Stops listening, and drops all unauthenticated connections for `reason`; the channels stay
   * open.
   */
  retire(reason: string): void {
    this.#server.close();
    this.#clients.drop(new Error(reason));
  }

  /**
   * Stops listening, drops all unauthenticated connections, closes the channels, and waits until
   * all are gone.
   */
  async close(): Promise<void> {
    this.#server.close();
    await this.#clients.close();
    await this.closed;
  }
}

/** All connected clients. */
class Clients {
  readonly channels = new Set<Channel>();
  readonly #options: ChannelServerOptions;
  readonly #turns: Turns;
  readonly #pending: Places<Socket, "silent" | "answered">;
  // authenticated clients, with their address: those of `channels`, and those that get a channel
  readonly #admitted = new Map<Peer, string>();
  #closing = false;

  constructor(options: ChannelServerOptions) {
    const { turns = handshakeTurns(), maxPending = MAX_PENDING } = options;
    this.#options = options;
    this.#turns = turns;
    this.#pending = new Places<Socket, "silent" | "answered">({
      stages: ["silent", "answered"],
      total: maxPending,
      perAddress: Math.ceil(maxPending / 4),
      drop: (socket) => socket.destroy(DISPLACED),
    });
  }

  take(socket: Socket): void {
    // first, because it handles the errors of the socket
    const transport = new FramedStream(socket);
    this.#turns.accept();
    const address = formatAddress({ host: socket.remoteAddress ?? "?", port: socket.remotePort ?? 0 });
    socket.once("close", () => this.#pending.release(socket));
    this.#pending.take(socket, socket.remoteAddress);
    this.#attend(transport, socket, address).catch((error) => {
      if (!this.#closing) this.#options.report?.(error, address);
    });
  }

  async #attend(transport: FramedStream, socket: Socket, address: string): Promise<void> {
    const network = networkOf(socket.remoteAddress);
    let admitted: Peer | undefined;
    const authorize = (peer: Peer) => {
      const reason = this.#whyNot(peer, network);
      if (reason !== undefined) return reason;
      admitted = peer;
      this.#admitted.set(peer, network);
      return this.#options.authorize?.(peer);
    };
    try {
      const channel = await Channel.accept(transport, {
        ...this.#options,
        authorize,
        turn: (work) => this.#turns.run(network, work, socket),
        hint: this.#admitted.size < this.#maxChannels ? undefined : BUSY,
        onAnswered: () => this.#pending.move(socket, "answered"),
      });
      this.#pending.release(socket);
      this.#turns.know(network);
      await this.#serve(channel, address);
    } finally {
      if (admitted) this.#admitted.delete(admitted);
    }
  }

  async #serve(channel: Channel, address: string): Promise<void> {
    this.channels.add(channel);
    try {
      await this.#options.serve(channel, address);
      await channel.close();
    } catch (error) {
      channel.destroy("the server has given up on this client");
      throw error;
    } finally {
      this.channels.delete(channel);
    }
  }

  get #maxChannels(): number {
    return this.#options.maxChannels ?? MAX_CHANNELS;
  }

  /** Returns the reason to refuse `peer` another channel, if there is one. */
  #whyNot(peer: Peer, network: string): string | undefined {
    const { maxChannelsPerAddress = MAX_CHANNELS_PER_ADDRESS, maxChannelsPerKey = MAX_CHANNELS_PER_KEY } =
      this.#options;
    const admitted = [...this.#admitted];
    const underKey = admitted.filter(([{ spki, id }]) => equal(spki, peer.spki) && equal(id, peer.id));
    const ofAddress = admitted.filter(([, other]) => other === network);
    if (admitted.length >= this.#maxChannels) return BUSY;
    if (underKey.length >= maxChannelsPerKey) return `too many channels under this key: ${underKey.length}`;
    if (ofAddress.length >= maxChannelsPerAddress)
      return `too many channels from this address: ${ofAddress.length}`;
    return undefined;
  }

  /** Drops all unauthenticated connections; `reason` is reported for each. */
  drop(reason?: Error): void {
    for (const socket of this.#pending.holders) socket.destroy(reason);
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.drop();
    await Promise.all([...this.channels].map((channel) => channel.close()));
  }
}
