/**
 * The secure channel: messages between two authenticated peers, over any transport.
 *
 *     const channel = await Channel.connect(transport, { identity, verifyPeer });
 *     await channel.send(encodeUtf8("hello"));
 *     for await (const message of channel) ...
 *     await channel.close();
 *
 * Messages arrive complete, in order and once; only the peers can read them, even if keys leak
 * later.
 */
import { withDeadline } from "../async/deadline.ts";
import type { Bytes } from "../bytes/bytes.ts";
import { encodeFields, encodeUint32 } from "../bytes/fields.ts";
import { hkdf } from "../crypto/sha-256.ts";
import { FRAME_LIMIT } from "../net/framing.ts";
import type { Transport } from "../net/transport.ts";
import {
  type ClientOptions,
  type Peer,
  type ServerOptions,
  type Session,
  shakeHandsAsClient,
  shakeHandsAsServer,
} from "./handshake.ts";
import { CLOSE, MESSAGE, NOT_AUTHENTIC, type Opener, RECORD_OVERHEAD, type Sealer } from "./records.ts";

/** Maximum length of a message in bytes. */
export const MESSAGE_LIMIT = FRAME_LIMIT - RECORD_OVERHEAD;
/** Default maximum duration of a handshake in seconds. */
export const HANDSHAKE_TIMEOUT = 10;
/** How long `close` waits for the peer to close, in seconds. */
export const CLOSE_TIMEOUT = 2;

// messages wait for the receiver up to this much plus one; then the transport is not read. With a
// limit of the application's own, only one waits
const AHEAD_BYTES = 1024 * 1024;
const AHEAD_RECORDS = 64;

const EXPORTER_LABEL = "sml/channel/v1/exporter";
const EXPORTER_SALT = new Uint8Array(32);
const EMPTY = new Uint8Array();

export interface ChannelLimits {
  /** Maximum duration of the handshake in seconds. */
  timeout?: number | undefined;
  /**
   * Maximum length of a message that is received: a longer one ends the channel before it is
   * buffered.
   */
  messageLimit?: number | undefined;
}

/** A pending `receive`. */
interface Waiter {
  resolve: (message: Bytes | undefined) => void;
  reject: (error: Error) => void;
}

export class Channel {
  /** The authenticated peer. */
  readonly peer: Peer;
  /** Resolves once nothing more can be sent or received, for any reason. */
  readonly closed: Promise<void>;
  /**
   * Resolves once nothing more will arrive: the peer has closed its direction, or the channel is
   * over.
   */
  readonly peerClosed: Promise<void>;
  readonly #transport: Transport;
  readonly #sealer: Sealer;
  readonly #opener: Opener;
  readonly #exporterSecret: Bytes;
  readonly #recordLimit: number;
  readonly #aheadBytes: number;
  #arrived: Bytes[] = [];
  #arrivedBytes = 0;
  #waiting: Waiter[] = [];
  #makeRoom: () => void = () => {};
  #settle: () => void = () => {};
  #settlePeer: () => void = () => {};
  #failure: Error | undefined;
  #ending: Promise<void> | undefined;
  #ended = false;
  #peerEnded = false;
  #over = false;

  /**
   * Performs the handshake over `transport` as the client.
   *
   * @throws Error when the server fails to authenticate, refuses us, disconnects or takes too long;
   *   the transport is then destroyed
   */
  static async connect(transport: Transport, options: ClientOptions & ChannelLimits): Promise<Channel> {
    const session = shakeHandsAsClient(transport, options);
    return new Channel(transport, await inTime(transport, session, options.timeout), options.messageLimit);
  }

  /**
   * Performs the handshake over `transport` as the server.
   *
   * @throws Error when the client fails to authenticate, is refused, disconnects or takes too long;
   *   the transport is then closed
   */
  static async accept(transport: Transport, options: ServerOptions & ChannelLimits): Promise<Channel> {
    const session = shakeHandsAsServer(transport, options);
    return new Channel(transport, await inTime(transport, session, options.timeout), options.messageLimit);
  }

  private constructor(
    transport: Transport,
    { peer, sealer, opener, exporterSecret }: Session,
    messageLimit: number | undefined,
  ) {
    this.peer = peer;
    this.#transport = transport;
    this.#recordLimit = (messageLimit ?? MESSAGE_LIMIT) + RECORD_OVERHEAD;
    this.#aheadBytes = messageLimit === undefined ? AHEAD_BYTES : 0;
    this.#sealer = sealer;
    this.#opener = opener;
    this.#exporterSecret = exporterSecret;
    this.closed = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.peerClosed = new Promise((resolve) => {
      this.#settlePeer = resolve;
    });
    this.#readOn().catch((error) => this.#fail(error));
  }

  /**
   * Sends `message`, at most `MESSAGE_LIMIT` bytes, and waits until the transport has accepted it.
   *
   * Concurrent calls are allowed; the messages arrive in the order of the calls. The message is
   * sealed synchronously, so `message` may be overwritten as soon as the call has returned.
   *
   * @throws Error when the channel is closed or has failed
   */
  send(message: Bytes): Promise<void> {
    if (message.length > MESSAGE_LIMIT)
      return Promise.reject(
        new RangeError(`a message: expected at most ${MESSAGE_LIMIT} bytes, got ${message.length}`),
      );
    if (this.#ending !== undefined)
      return Promise.reject(new Error("the channel is closed: nothing more can be sent"));
    return this.#write(MESSAGE, message);
  }

  /**
   * Returns the next message, or undefined once the peer has closed its direction.
   *
   * @throws Error when a record is not authentic, when the connection ends without a close, or when
   *   the channel is destroyed
   */
  receive(): Promise<Bytes | undefined> {
    const message = this.#arrived.shift();
    if (message) {
      this.#arrivedBytes -= message.length;
      this.#makeRoom();
      return Promise.resolve(message);
    }
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#peerEnded) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** Yields the messages until the peer closes its direction. @throws as `receive` */
  async *[Symbol.asyncIterator](): AsyncGenerator<Bytes> {
    for (let message = await this.receive(); message; message = await this.receive()) yield message;
  }

  /**
   * Closes our direction; the peer may continue to send. The connection closes once both directions
   * are closed.
   */
  end(): Promise<void> {
    if (this.#ending === undefined) {
      this.#ending = this.#write(CLOSE, EMPTY).then(() => {
        this.#ended = true;
        this.#transport.end();
        this.#finish();
      });
      // a caller that does not wait for it ignores failures
      this.#ending.catch(() => {});
    }
    return this.#ending;
  }

  /**
   * Closes the channel: our direction at once, and then discards incoming messages until the peer
   * closes its direction, for at most `CLOSE_TIMEOUT` seconds. Never throws, because the caller
   * expects nothing more.
   */
  async close(): Promise<void> {
    const closing = async () => {
      await this.end();
      while (await this.receive());
    };
    try {
      await withDeadline(closing(), CLOSE_TIMEOUT, () =>
        this.destroy("the peer did not close the channel in time"),
      );
    } catch {}
  }

  /**
   * Destroys the channel: pending and later calls fail with `reason`; the peer receives no
   * explanation.
   */
  destroy(reason: string): void {
    this.#arrived = [];
    this.#fail(new Error(reason));
  }

  /**
   * Returns `length` bytes that only the two peers know, and that reveal nothing about the keys of
   * the channel.
   *
   * @param label the purpose: another label gives other bytes
   * @param context what the bytes are bound to besides, such as an id
   */
  exportKey(label: string, context: Bytes, length: number): Bytes {
    const info = encodeFields([EXPORTER_LABEL, label, context, encodeUint32(length)]);
    return hkdf(this.#exporterSecret, EXPORTER_SALT, info, length);
  }

  /** Seals and writes in the turn of the call, so the order of the calls is that on the wire. */
  async #write(type: number, content: Bytes): Promise<void> {
    if (this.#failure) throw this.#failure;
    try {
      await this.#transport.write(...this.#sealer.seal(type, content));
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** Reads records while the receiver wants them or there is room, until the peer closes. */
  async #readOn(): Promise<void> {
    while (!this.#peerEnded) {
      const record = await this.#transport.next(this.#recordLimit);
      // the transport may still have records of a channel that is over
      if (this.#failure) return;
      if (!record)
        throw new Error("the peer broke off without closing the channel: what it sent may be incomplete");
      const { type, content } = this.#opener.open(record, MESSAGE, CLOSE);
      if (type === MESSAGE) this.#arrive(content);
      else if (content.length > 0) throw new Error(NOT_AUTHENTIC);
      else this.#endPeer();
      while (this.#arrivedBytes > this.#aheadBytes || this.#arrived.length > AHEAD_RECORDS)
        await this.#room();
    }
    // nothing may follow; waiting for it also shows when the peer has disconnected
    if (await this.#transport.next(this.#recordLimit)) throw new Error(NOT_AUTHENTIC);
  }

  #arrive(message: Bytes): void {
    const waiter = this.#waiting.shift();
    if (waiter) {
      waiter.resolve(message);
      return;
    }
    this.#arrivedBytes += message.length;
    this.#arrived.push(message);
  }

  #room(): Promise<void> {
    return new Promise((resolve) => {
      this.#makeRoom = resolve;
    });
  }

  #endPeer(): void {
    this.#peerEnded = true;
    this.#settlePeer();
    for (const { resolve } of this.#waiting.splice(0)) resolve(undefined);
    this.#finish();
  }

  /** Closes the transport once both directions are closed. */
  #finish(): void {
    if (!this.#ended || !this.#peerEnded || this.#over) return;
    this.#over = true;
    this.#transport.close();
    this.#settle();
  }

  /** Ends the channel for good; returns the error for a caller to throw. */
  #fail(reason: unknown): Error {
    const error = reason instanceof Error ? reason : new Error(NOT_AUTHENTIC);
    if (this.#over) return error;
    this.#over = true;
    this.#failure = error;
    this.#transport.destroy(error);
    for (const { reject } of this.#waiting.splice(0)) reject(error);
    this.#makeRoom();
    this.#settlePeer();
    this.#settle();
    return error;
  }
}

/** Waits for the handshake; closes the transport when it fails or takes too long. */
async function inTime(
  transport: Transport,
  session: Promise<Session>,
  timeout = HANDSHAKE_TIMEOUT,
): Promise<Session> {
  try {
    return await withDeadline(session, timeout, () => {
      transport.destroy(new Error(`timed out: the handshake took longer than ${timeout} s`));
    });
  } catch (error) {
    // closed, not destroyed: a refusal that was just written must still be flushed
    transport.close();
    throw error;
  }
}
