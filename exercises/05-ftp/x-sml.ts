/**
 * AUTH X-SML: the channel of lib/channel/channel.ts instead of TLS (RFC 2228), on the control
 * connection and on each data connection.
 *
 *     C→S  AUTH X-SML
 *     S→C  234 ...            from here on the connection carries frames; the client starts a
 *                             handshake in which both sides prove their identity
 *     C→S  PBSZ 0, PROT P, USER, PASS, EPSV, ...      lines, over the stream of the channel
 *     C→S  data connection n  the client starts a handshake with a pre-shared key; then the file
 *                             follows, and a close record ends it
 *
 * The FTP client is the client of every handshake, no matter which side opened the TCP connection.
 * n counts from 1 the positive replies to PASV, EPSV, PORT and EPRT since AUTH:
 *
 *     id  = exportKey("sml/05/v1/data id",  uint32 n, 16)
 *     key = exportKey("sml/05/v1/data key", uint32 n, 32)
 *
 * The exporter is that of the control channel, so only its two ends can open or accept a data
 * connection.
 */
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Turns } from "../../lib/async/turns.ts";
import { type Bytes, equal } from "../../lib/bytes/bytes.ts";
import { encodeUint32 } from "../../lib/bytes/fields.ts";
import { release } from "../../lib/bytes/release.ts";
import { Channel } from "../../lib/channel/channel.ts";
import { duplexOf } from "../../lib/channel/channel-stream.ts";
import {
  type ClientOptions,
  type Peer,
  PRE_SHARED_KEY_LENGTH,
  type ServerOptions,
  type Turn,
} from "../../lib/channel/handshake.ts";
import type { Identity } from "../../lib/crypto/identity.ts";
import { FramedStream } from "../../lib/net/framing.ts";
import { networkOf } from "../../lib/net/network.ts";
import type { ClientData, Mechanism, ServerData } from "./protection.ts";

/** The name that AUTH uses. */
export const X_SML = "X-SML";

const ID_LABEL = "sml/05/v1/data id";
const KEY_LABEL = "sml/05/v1/data key";
const ID_LENGTH = 16;
/** The largest uint32. */
const MAX_DATA_CONNECTIONS = 0xffff_ffff;
/** Bytes of the longest message that carries part of a file. Long messages cost less per byte. */
const MESSAGE_LENGTH = 512 * 1024;
/** Messages that the server sends at a time. */
const IN_FLIGHT = 4;

/**
 * The key of one data connection, which only the two ends of its control connection can compute.
 */
export interface DataKey {
  /** 16 bytes, sent in plaintext. */
  id: Bytes;
  /** 32 bytes. */
  key: Bytes;
}

interface Deadline {
  /** Seconds that a handshake may take. */
  timeout: number;
}

export interface XSmlServerOptions extends Deadline {
  identity: Identity;
  /** Seconds that a data connection may be idle. */
  stall: number;
  /** Accept only the client with this fingerprint (default: any). */
  fingerprint: string | undefined;
  /** The turns of addresses at handshakes. */
  turns: Turns;
}

export interface XSmlClientOptions extends Deadline {
  identity: Identity;
  /** Throws to reject the server, which has proved that it has the key with this fingerprint. */
  verifyServer: (server: { fingerprint: string }) => Promise<void>;
}

/** Returns the server's side of AUTH X-SML. */
export function xSmlServer({
  identity,
  timeout,
  stall,
  fingerprint,
  turns,
}: XSmlServerOptions): Mechanism<ServerData> {
  const authorize = (peer: { fingerprint: string }) =>
    fingerprint === undefined || peer.fingerprint === fingerprint
      ? undefined
      : "this server accepts another client only";
  return {
    names: [X_SML],
    async protect(socket) {
      const network = networkOf(socket.remoteAddress);
      const turnFor =
        (connection: Socket): Turn =>
        (work) =>
          turns.run(network, work, connection);
      const session = await XSml.accept(socket, { identity, timeout, authorize, turn: turnFor(socket) });
      return {
        description: `${X_SML}, ${session.peer.fingerprint}`,
        control: session.stream,
        nextData() {
          const key = session.nextDataKey();
          return async (data) => {
            const channel = await acceptData(data, key, { timeout, turn: turnFor(data) });
            data.setTimeout(stall * 1000, () => channel.destroy(`no data moved for ${stall} s`));
            return serverData(channel);
          };
        },
      };
    },
  };
}

/** Returns the client's side of AUTH X-SML. */
export function xSmlClient({ identity, verifyServer, timeout }: XSmlClientOptions): Mechanism<ClientData> {
  return {
    names: [X_SML],
    async protect(socket) {
      const session = await XSml.connect(socket, { identity, verifyPeer: verifyServer, timeout });
      return {
        description: `${X_SML}, ${session.peer.fingerprint}`,
        control: session.stream,
        nextData() {
          const key = session.nextDataKey();
          return async (data) => clientData(await connectData(data, key, { timeout }));
        },
      };
    },
  };
}

/** The control connection under X-SML. */
export class XSml {
  /** The identity that the peer has proved. */
  readonly peer: Peer;
  /**
   * Carries the control lines. A close record ends it; a bare end of the connection is an error.
   */
  readonly stream: Duplex;
  readonly #channel: Channel;
  #dataConnections = 0;

  /**
   * Takes over `socket` as the FTP client, after reply 234.
   *
   * @param socket must allow half-open connections and have no other reader
   * @throws Error as `Channel.connect`, after it has cut the socket off
   */
  static async connect(
    socket: Duplex,
    options: Pick<ClientOptions, "identity" | "verifyPeer"> & Deadline,
  ): Promise<XSml> {
    return new XSml(await Channel.connect(new FramedStream(socket), options));
  }

  /**
   * Takes over `socket` as the FTP server, which has sent 234 and discarded everything received
   * before.
   *
   * @param socket as for `connect`
   * @throws Error as `Channel.accept`, after it has closed the socket
   */
  static async accept(
    socket: Duplex,
    options: Pick<ServerOptions, "identity" | "authorize" | "turn"> & Deadline,
  ): Promise<XSml> {
    return new XSml(await Channel.accept(new FramedStream(socket), options));
  }

  private constructor(channel: Channel) {
    this.peer = channel.peer;
    this.#channel = channel;
    this.stream = duplexOf(channel);
  }

  /** Returns the key of the next data connection. */
  nextDataKey(): DataKey {
    if (this.#dataConnections >= MAX_DATA_CONNECTIONS)
      throw new Error("this session has run out of data connections; log in again");
    this.#dataConnections += 1;
    const context = encodeUint32(this.#dataConnections);
    return {
      id: this.#channel.exportKey(ID_LABEL, context, ID_LENGTH),
      key: this.#channel.exportKey(KEY_LABEL, context, PRE_SHARED_KEY_LENGTH),
    };
  }
}

/**
 * Opens a data connection as the FTP client.
 *
 * The side that only reads ends its direction at once. The side that writes ends it after the last
 * byte, and reads until the other's end. A bare end of the connection is an error: the file may be
 * incomplete.
 *
 * @param socket must allow half-open connections
 * @throws Error as `Channel.connect`
 */
export function connectData(socket: Duplex, preSharedKey: DataKey, { timeout }: Deadline): Promise<Channel> {
  return Channel.connect(new FramedStream(socket), { preSharedKey, timeout });
}

/**
 * Opens a data connection as the FTP server, otherwise as `connectData`.
 *
 * @throws Error as `Channel.accept`
 */
export function acceptData(
  socket: Duplex,
  { id, key }: DataKey,
  { timeout, ...options }: Pick<ServerOptions, "turn"> & Deadline,
): Promise<Channel> {
  const preSharedKey = (asked: Bytes) => (equal(asked, id) ? key : undefined);
  return Channel.accept(new FramedStream(socket), { ...options, preSharedKey, timeout });
}

function serverData(channel: Channel): ServerData {
  const sending: Promise<void>[] = [];
  return {
    async receive(take) {
      for await (const piece of channel) {
        await take(piece);
        release(piece);
      }
    },
    async send(bytes) {
      // the channel seals the bytes at once, so the next call may come while these are being sent
      for (let offset = 0; offset < bytes.length; offset += MESSAGE_LENGTH) {
        if (sending.length >= IN_FLIGHT) await sending.shift();
        const sent = channel.send(bytes.subarray(offset, offset + MESSAGE_LENGTH));
        // reported by the next send, or by end
        sent.catch(() => {});
        sending.push(sent);
      }
    },
    async end() {
      await Promise.all(sending);
      await channel.end();
      // waits for the peer's close record, or cuts the peer off
      channel.close().catch(() => {});
    },
    destroy: (reason) => channel.destroy(reason.message),
  };
}

function clientData(channel: Channel): ClientData {
  return {
    async *[Symbol.asyncIterator]() {
      yield* channel;
      await channel.end();
    },
    send: (bytes) => channel.send(bytes),
    end: () => channel.end(),
    destroy: (reason) => channel.destroy(reason.message),
  };
}
