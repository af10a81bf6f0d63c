/**
 * Connections over a carrier of whole messages that keeps no connections apart and may lose
 * messages without a word, such as a ZeroMQ socket.
 *
 *     message = connection (16) ‖ number (uint32) ‖ kind (1) ‖ payload
 *
 * The side that opens a connection chooses its 16 random bytes. The number counts the messages of
 * one direction from 0, so a lost message ends the connection, and a repeated one is ignored. None
 * of this is authenticated: as with TCP, that is up to the channel.
 */
import { type Bytes, concat, toHex } from "../bytes/bytes.ts";
import { decodeUint32, encodeUint32 } from "../bytes/fields.ts";
import type { Transport } from "./transport.ts";

/** Length of the name of a connection. */
export const CONNECTION_LENGTH = 16;
/** Length of a message minus that of its payload. */
export const MESSAGE_HEADER_LENGTH = CONNECTION_LENGTH + 4 + 1;

/** The kinds of messages: one that carries a payload, and the end of a direction. */
export const DATA = 0;
export const END = 1;

const NUMBER_LIMIT = 2 ** 32;
const MAX_INBOX = 16;

export interface CarriedMessage {
  /** The 16 bytes of its connection. */
  id: Bytes;
  /** The same in hexadecimal. */
  connection: string;
  number: number;
  kind: number;
  payload: Bytes;
}

/** Decodes a message; its payload is a view into it. Returns undefined if it is none of ours. */
export function decodeMessage(message: Bytes): CarriedMessage | undefined {
  if (message.length < MESSAGE_HEADER_LENGTH) return undefined;
  const kind = message[MESSAGE_HEADER_LENGTH - 1] ?? 0;
  const payload = message.subarray(MESSAGE_HEADER_LENGTH);
  if (kind !== DATA && !(kind === END && payload.length === 0)) return undefined;
  const id = message.slice(0, CONNECTION_LENGTH);
  return { id, connection: toHex(id), number: decodeUint32(message, CONNECTION_LENGTH), kind, payload };
}

/** What a connection needs from its carrier. */
export interface Carrier {
  /** Sends `message`; resolves once it is accepted. Messages are sent in the order of the calls. */
  send: (message: Bytes) => Promise<void>;
  /** Called once when the connection is over. */
  forget: () => void;
}

export class MessageConnection implements Transport {
  /** In hexadecimal. */
  readonly id: string;
  readonly #id: Bytes;
  readonly #carrier: Carrier;
  readonly #inbox: Bytes[] = [];
  #expected = 0;
  #sent = 0;
  #ended = false;
  #peerEnded = false;
  #failure: Error | undefined;
  #wake: () => void = () => {};
  #makeRoom: () => void = () => {};
  // a carrier may never call back for pending messages
  readonly #abandonWrites = new Set<(error: Error) => void>();

  /** @param id 16 bytes */
  constructor(id: Bytes, carrier: Carrier) {
    this.id = toHex(id);
    this.#id = id;
    this.#carrier = carrier;
  }

  get ended(): boolean {
    return this.#failure !== undefined || (this.#peerEnded && this.#inbox.length === 0);
  }

  /** True once a message of the peer has arrived. */
  get answered(): boolean {
    return this.#expected > 0;
  }

  /** Takes a message that has arrived for this connection; resolves once there is room for more. */
  async arrive({ number, kind, payload }: CarriedMessage): Promise<void> {
    if (this.#failure || this.#peerEnded || number < this.#expected) return;
    if (number > this.#expected) {
      this.destroy(new Error("the network was cut: messages were lost on the way"));
      return;
    }
    this.#expected += 1;
    if (kind === END) this.#peerEnded = true;
    else this.#inbox.push(payload);
    this.#wake();
    if (this.#inbox.length < MAX_INBOX) return;
    await new Promise<void>((resolve) => {
      this.#makeRoom = resolve;
    });
  }

  async next(limit: number): Promise<Bytes | undefined> {
    for (;;) {
      const message = this.#inbox.shift();
      if (message) {
        this.#makeRoom();
        if (message.length <= limit) return message;
        throw new Error(`the peer sent a message of ${message.length} bytes, at most ${limit} are accepted`);
      }
      if (this.#failure) throw this.#failure;
      if (this.#peerEnded) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  write(...parts: Bytes[]): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#ended) return Promise.reject(new Error("our half of the connection is closed"));
    return this.#send(DATA, parts);
  }

  end(): void {
    if (this.#ended || this.#failure) return;
    this.#ended = true;
    this.#send(END, []).catch(() => {});
  }

  close(): void {
    this.end();
    this.#fail(new Error("the connection is closed"));
  }

  destroy(error: Error): void {
    // the peer learns it, as by a reset of TCP
    this.end();
    this.#fail(error);
  }

  #send(kind: number, parts: Bytes[]): Promise<void> {
    const number = this.#sent;
    if (number >= NUMBER_LIMIT) return Promise.reject(new Error("the connection has run out of numbers"));
    this.#sent += 1;
    const message = concat([this.#id, encodeUint32(number), Uint8Array.of(kind), ...parts]);
    return new Promise((resolve, reject) => {
      this.#abandonWrites.add(reject);
      const settle = () => this.#abandonWrites.delete(reject);
      this.#carrier.send(message).then(resolve, reject).finally(settle);
    });
  }

  #fail(error: Error): void {
    if (this.#failure) return;
    this.#failure = error;
    this.#inbox.length = 0;
    this.#wake();
    this.#makeRoom();
    for (const abandon of this.#abandonWrites) abandon(error);
    this.#abandonWrites.clear();
    this.#carrier.forget();
  }
}
