/**
 * A server of secure channels over TCP: many clients at once, none of which can end, block or
 * starve it.
 *
 *     const server = await ChannelServer.listen(address, { identity, authorize, serve, report });
 *     console.error(`Listening on ${server.address}`);
 *     await server.close();
 */
import type { Server, Socket } from "node:net";
import { Semaphore } from "../async/semaphore.ts";
import { FramedStream } from "../net/framing.ts";
import { Pending } from "../net/pending.ts";
import { type Address, formatAddress, listenOn } from "../net/tcp.ts";
import { Channel } from "./channel.ts";
import type { ServerOptions } from "./handshake.ts";
import { BUSY } from "./refusal.ts";

/**
 * Maximum number of connections that have not sent a hello, and of those that have been answered
 * but are not authenticated yet. When there are more, the oldest of its kind is dropped, so floods
 * of strangers displace each other.
 */
export const MAX_PENDING = 256;
/** Maximum number of channels; further clients receive the hint that the server is busy. */
export const MAX_CHANNELS = 1000;
// half of the threads of libuv: the others serve files
const HANDSHAKE_WIDTH = 2;

export interface ChannelServerOptions extends ServerOptions {
  /** Serves one client; the channel is closed when this returns, and destroyed when it throws. */
  serve: (channel: Channel, address: string) => Promise<void>;
  /** Called for each client that was dropped, with the reason; `address` is its HOST:PORT. */
  report?: (error: unknown, address: string) => void;
  /** Maximum duration of a handshake in seconds. */
  timeout?: number;
  maxPending?: number;
  maxChannels?: number;
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
  readonly #semaphore: Semaphore;
  readonly #strangers: Pending;
  readonly #answered: Pending;
  #closing = false;

  constructor(options: ChannelServerOptions) {
    const { maxPending = MAX_PENDING } = options;
    this.#options = options;
    this.#strangers = new Pending(maxPending);
    this.#answered = new Pending(maxPending);
    // as many as can wait without being dropped
    this.#semaphore = new Semaphore(HANDSHAKE_WIDTH, 2 * maxPending);
  }

  take(socket: Socket): void {
    // first, because it handles the errors of the socket
    const transport = new FramedStream(socket);
    const address = formatAddress({ host: socket.remoteAddress ?? "?", port: socket.remotePort ?? 0 });
    socket.once("close", () => this.#forget(socket));
    this.#strangers.add(socket);
    this.#attend(transport, socket, address).catch((error) => {
      if (!this.#closing) this.#options.report?.(error, address);
    });
  }

  async #attend(transport: FramedStream, socket: Socket, address: string): Promise<void> {
    const hint = this.channels.size >= (this.#options.maxChannels ?? MAX_CHANNELS) ? BUSY : undefined;
    const onAnswered = () => {
      if (socket.destroyed) return;
      this.#strangers.delete(socket);
      this.#answered.add(socket);
    };
    const channel = await Channel.accept(transport, {
      semaphore: this.#semaphore,
      ...this.#options,
      hint,
      onAnswered,
    });
    this.#forget(socket);
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

  /** Drops all unauthenticated connections; `reason` is reported for each. */
  drop(reason?: Error): void {
    this.#strangers.destroy(reason);
    this.#answered.destroy(reason);
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.drop();
    await Promise.all([...this.channels].map((channel) => channel.close()));
  }

  #forget(socket: Socket): void {
    this.#strangers.delete(socket);
    this.#answered.delete(socket);
  }
}
