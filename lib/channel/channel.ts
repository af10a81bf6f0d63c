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
import type { Duplex } from "node:stream";
import { withDeadline } from "../async/deadline.ts";
import type { Bytes } from "../bytes/bytes.ts";
import { encodeFields, encodeUint32 } from "../bytes/fields.ts";
import { release } from "../bytes/release.ts";
import { FRAME_LIMIT } from "../net/framing.ts";
import type { Transport } from "../net/transport.ts";
import { duplexOf } from "./channel-stream.ts";
import {
  type ClientOptions,
  type Peer,
  type ServerOptions,
  type Session,
  shakeHandsAsClient,
  shakeHandsAsServer,
} from "./handshake.ts";
import { CLOSE, hkdf, MESSAGE, NOT_AUTHENTIC, type Opener, RECORD_OVERHEAD, type Sealer } from "./records.ts";

/** Maximum length of a message in bytes. */
export const MESSAGE_LIMIT = FRAME_LIMIT - RECORD_OVERHEAD;
/** Default maximum duration of a handshake in seconds. */
export const HANDSHAKE_TIMEOUT = 10;
/** How long `close` waits for the peer to close, in seconds. */
export const CLOSE_TIMEOUT = 2;

// records are read ahead of the receiver so that several are opened concurrently: at most this much
// plus one record
const AHEAD_BYTES = 1024 * 1024;
const AHEAD_RECORDS = 64;

const EXPORTER_LABEL = "sml/channel/v1/exporter";
const EXPORTER_SALT = new Uint8Array(32);
const EMPTY = new Uint8Array();

/** Maximum duration of the handshake in seconds. */
interface Deadline {
  timeout?: number | undefined;
}

/** A pending `receive` or write. */
interface Waiter<T> {
  resolve: (value: T) => void;
  reject: (error: Error) => void;
}

interface Outgoing extends Waiter<void> {
  record: [Bytes, Bytes] | undefined;
}

interface Arrival {
  length: number;
  message: Promise<Bytes | undefined>;
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
  #outbox: Outgoing[] = [];
  #arrivals: Arrival[] = [];
  #arrivedBytes = 0;
  #waiting: Waiter<Bytes | undefined>[] = [];
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
  static async connect(transport: Transport, options: ClientOptions & Deadline): Promise<Channel> {
    const session = shakeHandsAsClient(transport, options);
    return new Channel(transport, await inTime(transport, session, options.timeout));
  }

  /**
   * Performs the handshake over `transport` as the server.
   *
   * @throws Error when the client fails to authenticate, is refused, disconnects or takes too long;
   *   the transport is then closed
   */
  static async accept(transport: Transport, options: ServerOptions & Deadline): Promise<Channel> {
    const session = shakeHandsAsServer(transport, options);
    return new Channel(transport, await inTime(transport, session, options.timeout));
  }

  private constructor(transport: Transport, { peer, sealer, opener, exporterSecret }: Session) {
    this.peer = peer;
    this.#transport = transport;
    this.#sealer = sealer;
    this.#opener = opener;
    this.#exporterSecret = exporterSecret;
    this.closed = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.peerClosed = new Promise((resolve) => {
      this.#settlePeer = resolve;
    });
    this.#readOn().catch((error: Error) => this.#fail(error));
  }

  /**
   * Sends `message`, at most `MESSAGE_LIMIT` bytes, and waits until the transport has accepted it.
   *
   * Concurrent calls are allowed; the messages arrive in the order of the calls. The message is
   * copied synchronously, so `message` may be overwritten as soon as the call has returned.
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
    const arrival = this.#arrivals.shift();
    if (arrival) {
      this.#arrivedBytes -= arrival.length;
      this.#makeRoom();
      return arrival.message;
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
    this.#arrivals = [];
    this.#fail(new Error(reason));
  }

  /**
   * Returns `length` bytes that only the two peers know, and that reveal nothing about the keys of
   * the channel.
   *
   * @param label the purpose: another label gives other bytes
   * @param context what the bytes are bound to besides, such as an id
   */
  exportKey(label: string, context: Bytes, length: number): Promise<Bytes> {
    const info = encodeFields([EXPORTER_LABEL, label, context, encodeUint32(length)]);
    return hkdf(this.#exporterSecret, EXPORTER_SALT, info, length);
  }

  /**
   * Returns the channel as a stream of bytes without message boundaries, which takes the channel
   * over.
   */
  stream(): Duplex {
    return duplexOf(this);
  }

  #write(type: number, content: Bytes): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure);
      const outgoing: Outgoing = { record: undefined, resolve, reject };
      this.#outbox.push(outgoing);
      this.#sealer.seal(type, content).then(
        (record) => {
          outgoing.record = record;
          this.#flush();
        },
        (error) => this.#fail(error),
      );
    });
  }

  /** Writes sealed records in order, up to the first that is not sealed yet. */
  #flush(): void {
    for (let next = this.#outbox[0]; next?.record; next = this.#outbox[0]) {
      this.#outbox.shift();
      const { resolve, reject, record } = next;
      const [, body] = record;
      this.#transport.write(...record).then(
        () => {
          if (this.#transport.letsGo) release(body);
          resolve();
        },
        (error) => {
          this.#fail(error);
          reject(error);
        },
      );
    }
  }

  /** Reads records while the receiver wants them or there is room, until the peer closes. */
  async #readOn(): Promise<void> {
    let type = MESSAGE;
    let message: Promise<Bytes | undefined> = Promise.resolve(undefined);
    while (type !== CLOSE) {
      // it is opened at once, so the next one may overwrite it
      const record = await this.#transport.next(FRAME_LIMIT, "brief");
      if (!record) break;
      // the claimed type, which opening the record verifies
      type = record[0] ?? 0;
      message = this.#open(record, message);
      this.#arrive(record.length, message);
      while (this.#arrivedBytes > AHEAD_BYTES || this.#arrivals.length > AHEAD_RECORDS) await this.#room();
    }
    await message;
    if (type !== CLOSE)
      throw new Error("the peer broke off without closing the channel: what it sent may be incomplete");
    // nothing may follow; waiting for it also shows when the peer has disconnected
    if (await this.#transport.next(FRAME_LIMIT)) throw new Error(NOT_AUTHENTIC);
  }

  /**
   * Opens `record` at once, but delivers it only after all before it: nothing follows an altered
   * record.
   */
  async #open(record: Bytes, previous: Promise<unknown>): Promise<Bytes | undefined> {
    try {
      const { type, content } = await this.#opener.open(record, MESSAGE, CLOSE);
      await previous;
      if (type === MESSAGE) return content;
      if (content.length > 0) throw new Error(NOT_AUTHENTIC);
      this.#endPeer();
      return undefined;
    } catch (error) {
      const reason = error instanceof Error ? error : new Error(NOT_AUTHENTIC);
      this.#fail(reason);
      throw reason;
    }
  }

  #arrive(length: number, message: Promise<Bytes | undefined>): void {
    const waiter = this.#waiting.shift();
    if (waiter) {
      message.then(waiter.resolve, waiter.reject);
      return;
    }
    // the receiver handles an error; until then it is not an unhandled rejection
    message.catch(() => {});
    this.#arrivedBytes += length;
    this.#arrivals.push({ length, message });
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

  #fail(error: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.#failure = error;
    this.#transport.destroy(error);
    for (const { reject } of this.#waiting.splice(0)) reject(error);
    for (const { reject } of this.#outbox.splice(0)) reject(error);
    this.#makeRoom();
    this.#settlePeer();
    this.#settle();
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
