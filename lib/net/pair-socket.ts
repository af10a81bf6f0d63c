/**
 * ZeroMQ PAIR sockets, as carriers of connections: a server that talks to one client at a time,
 * and clients.
 *
 * A PAIR socket has one peer. It lets others connect, drops what they send, and tells neither side.
 * So a client repeats its first message every second until the server answers, and a server that
 * wants another peer reopens its socket, which disconnects all.
 */
import { lookup } from "node:dns/promises";
import { isIPv6 } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { Pair } from "zeromq";
import type { Bytes } from "../bytes/bytes.ts";
import { randomBytes } from "../crypto/webcrypto.ts";
import {
  type CarriedMessage,
  CONNECTION_LENGTH,
  DATA,
  decodeMessage,
  MESSAGE_HEADER_LENGTH,
  MessageConnection,
} from "./message-connection.ts";
import { type Address, explainConnect, explainListen, formatAddress } from "./tcp.ts";

/** How often a client repeats its first message, in seconds. */
export const REPEAT_INTERVAL = 1;

// a connection that has not been kept gives way to a newer one after this time, in milliseconds
const DISPLACE_AFTER = 900;
/** The error of a connection that gave way to a newer one. */
export const DISPLACED = new Error("displaced by a newer connection");

// in milliseconds
const REBIND_LIMIT = 5000;
const REBIND_INTERVAL = 20;
const SOCKET_OPTIONS = {
  // messages wait only for a peer that is there
  immediate: true,
  // how long a closed socket may take to send the rest, in milliseconds
  linger: 1000,
  reconnectInterval: 200,
  // no heartbeats: libzmq 4.3.5 aborts when one is due on a connection that broke while messages
  // waited in it, as those of a peer that was turned away do
  sendHighWaterMark: 16,
  receiveHighWaterMark: 16,
};

export interface PairOptions {
  /** Maximum length of a payload in bytes; ZeroMQ disconnects a peer that announces more. */
  limit: number;
}

/** A socket and the messages that wait for it: ZeroMQ accepts one at a time. */
class Messenger {
  readonly socket: Pair;
  #last: Promise<unknown> = Promise.resolve();

  constructor(socket: Pair) {
    this.socket = socket;
  }

  send(message: Bytes): Promise<void> {
    const sent = this.#last.then(() => this.socket.send(message));
    this.#last = sent.catch(() => {});
    return sent;
  }

  /** Passes on each message until the socket is closed; reads the next once `take` is done. */
  async receive(take: (message: CarriedMessage) => Promise<void>): Promise<void> {
    for await (const frames of this.socket) {
      const [frame] = frames;
      const message = frame && frames.length === 1 ? decodeMessage(new Uint8Array(frame)) : undefined;
      if (message) await take(message);
    }
  }

  /** Closes the socket, once it has accepted what waits, or no peer takes it. */
  async close(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, SOCKET_OPTIONS.linger);
    });
    await Promise.race([this.#last, late]);
    clearTimeout(timer);
    // without unbind, which makes libzmq 4.3.5 abort if it has just turned a second peer away
    this.socket.close();
  }
}

/** Creates a socket, and the URL of `address`. */
async function createPair(
  { Pair }: typeof import("zeromq"),
  address: Address,
  { limit }: PairOptions,
): Promise<{ pair: Pair; url: string }> {
  const { address: numeric } = await lookup(address.host);
  const ipv6 = isIPv6(numeric);
  const pair = new Pair({ ...SOCKET_OPTIONS, ipv6, maxMessageSize: limit + MESSAGE_HEADER_LENGTH });
  // events are kept from the first use of this property on, so it comes before bind and connect
  void pair.events;
  return { pair, url: `tcp://${ipv6 ? `[${numeric}]` : numeric}:${address.port === 0 ? "*" : address.port}` };
}

async function loadZeroMq(): Promise<typeof import("zeromq")> {
  const unable = new Error("ZeroMQ cannot be loaded here: run this with Node, after npm install");
  // Bun crashes at the first socket, Deno needs a permission of its own
  if ("Bun" in globalThis || "Deno" in globalThis) throw unable;
  try {
    return await import("zeromq");
  } catch {
    throw unable;
  }
}

/** Listens on `address`; returns the socket and its port. @throws Error when it cannot */
async function bind(address: Address, options: PairOptions): Promise<{ pair: Pair; port: number }> {
  const zeromq = await loadZeroMq();
  try {
    const { pair, url } = await createPair(zeromq, address, options);
    await pair.bind(url).catch((error) => {
      pair.close();
      throw error;
    });
    return { pair, port: Number(/\d+$/.exec(pair.lastEndpoint ?? "")?.[0]) };
  } catch (error) {
    throw error instanceof Error ? explainListen(error, address) : error;
  }
}

/**
 * Opens a connection to the server at `address`, whether or not a server listens there yet.
 *
 * @throws Error when no address is known for the host
 */
export async function connectPair(address: Address, options: PairOptions): Promise<PairClient> {
  const zeromq = await loadZeroMq();
  try {
    const { pair, url } = await createPair(zeromq, address, options);
    pair.connect(url);
    return new PairClient(new Messenger(pair));
  } catch (error) {
    throw error instanceof Error ? explainConnect(error, address) : error;
  }
}

/** The client's side: one socket for one connection. */
export class PairClient {
  readonly connection: MessageConnection;
  #met = false;

  constructor(messenger: Messenger) {
    const { socket } = messenger;
    let first: Bytes | undefined;
    let waiting = 0;
    const send = async (message: Bytes) => {
      first ??= message;
      waiting += 1;
      await messenger.send(message).finally(() => {
        waiting -= 1;
      });
    };
    const repeat = setInterval(() => {
      if (this.connection.answered) clearInterval(repeat);
      else if (first && waiting === 0) send(first).catch(() => {});
    }, REPEAT_INTERVAL * 1000);
    const forget = () => {
      clearInterval(repeat);
      messenger.close().catch(() => {});
    };
    this.connection = new MessageConnection(randomBytes(CONNECTION_LENGTH), { send, forget });
    socket.events.on("handshake", () => {
      this.#met = true;
    });
    socket.events.on("disconnect", () => {
      if (this.connection.answered) this.connection.destroy(new Error("the network was cut"));
    });
    const take = async (message: CarriedMessage) => {
      if (message.connection === this.connection.id) await this.connection.arrive(message);
    };
    messenger.receive(take).catch((error) => this.connection.destroy(error));
  }

  /** True once a ZeroMQ socket has answered there, whether or not it takes our messages. */
  get met(): boolean {
    return this.#met;
  }
}

export interface PairServerOptions extends PairOptions {
  /** Receives each new connection. */
  take: (connection: MessageConnection) => void;
  /** Called when a peer has connected; it may be one whose messages ZeroMQ drops. */
  onPeer: () => void;
}

/**
 * The server's side: one socket at a time, with at most two connections, one that is kept and a
 * newer one.
 */
export class PairServer {
  /** HOST:PORT. */
  readonly address: string;
  readonly #address: Address;
  readonly #options: PairServerOptions;
  #messenger: Messenger;
  #kept: MessageConnection | undefined;
  #newest: MessageConnection | undefined;
  #since = 0;

  /** Listens on `address`. @throws Error when it cannot */
  static async listen(address: Address, options: PairServerOptions): Promise<PairServer> {
    const { pair, port } = await bind(address, options);
    return new PairServer({ host: address.host, port }, options, pair);
  }

  private constructor(address: Address, options: PairServerOptions, pair: Pair) {
    this.address = formatAddress(address);
    this.#address = address;
    this.#options = options;
    this.#messenger = this.#attend(pair);
  }

  /** Keeps `connection`: newer ones no longer displace it. */
  keep(connection: MessageConnection): void {
    if (this.#newest === connection) this.#newest = undefined;
    this.#kept = connection;
  }

  /** Disconnects all peers, for `reason`, and listens again. @throws Error when it cannot */
  async reopen(reason: Error): Promise<void> {
    await this.close(reason);
    const deadline = performance.now() + REBIND_LIMIT;
    for (;;) {
      try {
        const { pair } = await bind(this.#address, this.#options);
        this.#messenger = this.#attend(pair);
        return;
      } catch (error) {
        if (performance.now() > deadline) throw error;
      }
      // ZeroMQ closes the old socket on a thread of its own
      await delay(REBIND_INTERVAL);
    }
  }

  /** Stops listening, and ends all connections for `reason`. */
  async close(reason: Error): Promise<void> {
    const messenger = this.#messenger;
    for (const connection of [this.#kept, this.#newest]) connection?.destroy(reason);
    await messenger.close();
  }

  #attend(pair: Pair): Messenger {
    const messenger = new Messenger(pair);
    pair.events.on("handshake", () => this.#options.onPeer());
    messenger.receive((message) => this.#route(message, messenger)).catch(() => {});
    return messenger;
  }

  async #route(message: CarriedMessage, messenger: Messenger): Promise<void> {
    for (const connection of [this.#kept, this.#newest])
      if (connection?.id === message.connection) return connection.arrive(message);
    if (message.number > 0 || message.kind !== DATA || messenger !== this.#messenger) return;
    const now = performance.now();
    if (this.#newest && now - this.#since < DISPLACE_AFTER) return;
    this.#newest?.destroy(DISPLACED);
    const connection: MessageConnection = new MessageConnection(message.id, {
      send: (bytes) => messenger.send(bytes),
      forget: () => this.#forget(connection),
    });
    this.#newest = connection;
    this.#since = now;
    this.#options.take(connection);
    await connection.arrive(message);
  }

  #forget(connection: MessageConnection): void {
    if (this.#kept === connection) this.#kept = undefined;
    if (this.#newest === connection) this.#newest = undefined;
  }
}
