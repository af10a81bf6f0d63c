/**
 * AUTH X-SML: the channel of lib/channel/channel.ts in the place of TLS (RFC 2228), on the control connection and on each data connection.
 *
 *     C→S  AUTH X-SML
 *     S→C  234 ...                 from here on the connection carries frames; the client shakes hands, with identities
 *     C→S  PBSZ 0, PROT P, USER, PASS, EPSV, ...      lines, over the stream of the channel
 *     C→S  data connection n       the client shakes hands, with a pre-shared key; then the file; a close ends it
 *
 * The FTP client is the client of every handshake, whoever opened the TCP connection. n counts from 1 the positive answers
 * to PASV, EPSV, PORT and EPRT since AUTH, which both sides see in one order:
 *
 *     id  = exportKey("sml/05/v1/data id",  uint32 n, 16)
 *     key = exportKey("sml/05/v1/data key", uint32 n, 32)
 *
 * with the exporter of the control connection, so nobody else can open or take a data connection.
 */
import type { Duplex } from "node:stream";
import { type Bytes, equal } from "../../lib/bytes/bytes.ts";
import { encodeUint32 } from "../../lib/bytes/fields.ts";
import { Channel } from "../../lib/channel/channel.ts";
import {
  type ClientOptions,
  type Peer,
  PRE_SHARED_KEY_LENGTH,
  type ServerOptions,
} from "../../lib/channel/handshake.ts";
import { FramedStream } from "../../lib/net/framing.ts";

/** What AUTH calls it. */
export const X_SML = "X-SML";

const ID_LABEL = "sml/05/v1/data id";
const KEY_LABEL = "sml/05/v1/data key";
const ID_LENGTH = 16;
// what the context holds
const MAX_DATA_CONNECTIONS = 0xffff_ffff;

/** What the two ends of one data connection know, and nobody else. */
export interface DataKey {
  /** 16 bytes, sent in clear. */
  id: Bytes;
  /** 32 bytes. */
  key: Bytes;
}

interface Deadline {
  /** Seconds that the handshake may take. */
  timeout: number;
}

/** The control connection under X-SML. */
export class XSml {
  /** Who the peer has proved to be. */
  readonly peer: Peer;
  /** Carries the control lines. Its end is the peer's close; a bare end of the connection is an error. */
  readonly stream: Duplex;
  readonly #channel: Channel;
  #dataConnections = 0;

  /**
   * Takes `socket` over as the FTP client, once the server has answered AUTH with 234.
   *
   * @param socket must allow one half to end before the other, and nobody else may read it any more
   * @throws Error as `Channel.connect`; the socket is cut off then
   */
  static async connect(
    socket: Duplex,
    options: Pick<ClientOptions, "identity" | "verifyPeer"> & Deadline,
  ): Promise<XSml> {
    return new XSml(await Channel.connect(new FramedStream(socket), options));
  }

  /**
   * Takes `socket` over as the FTP server, which has answered AUTH with 234 and has thrown away whatever came before that.
   *
   * @param socket as for `connect`
   * @throws Error as `Channel.accept`; the socket is closed then
   */
  static async accept(
    socket: Duplex,
    options: Pick<ServerOptions, "identity" | "authorize" | "semaphore" | "onAnswered"> & Deadline,
  ): Promise<XSml> {
    return new XSml(await Channel.accept(new FramedStream(socket), options));
  }

  private constructor(channel: Channel) {
    this.peer = channel.peer;
    this.#channel = channel;
    this.stream = channel.stream();
  }

  /**
   * Returns what the next data connection is opened with. Both sides call it once for each positive answer to PASV, EPSV, PORT
   * and EPRT, whether a data connection follows or not. It takes its number at once.
   */
  async nextDataKey(): Promise<DataKey> {
    if (this.#dataConnections >= MAX_DATA_CONNECTIONS)
      throw new Error("this session has run out of data connections; log in again");
    this.#dataConnections += 1;
    const context = encodeUint32(this.#dataConnections);
    const [id, key] = await Promise.all([
      this.#channel.exportKey(ID_LABEL, context, ID_LENGTH),
      this.#channel.exportKey(KEY_LABEL, context, PRE_SHARED_KEY_LENGTH),
    ]);
    return { id, key };
  }
}

/**
 * Shakes hands on a data connection as the FTP client. Whoever only reads ends the stream of the channel at once; whoever
 * writes ends it after the last byte, and reads on until the other's end. A bare end of the connection is an error: what
 * came may not be all.
 *
 * @param socket must allow one half to end before the other
 * @throws Error as `Channel.connect`
 */
export function connectData(socket: Duplex, preSharedKey: DataKey, { timeout }: Deadline): Promise<Channel> {
  return Channel.connect(new FramedStream(socket), { preSharedKey, timeout });
}

/** Shakes hands on a data connection as the FTP server, otherwise as `connectData`. @throws Error as `Channel.accept` */
export function acceptData(
  socket: Duplex,
  { id, key }: DataKey,
  { timeout, ...options }: Pick<ServerOptions, "semaphore"> & Deadline,
): Promise<Channel> {
  const preSharedKey = (asked: Bytes) => (equal(asked, id) ? key : undefined);
  return Channel.accept(new FramedStream(socket), { ...options, preSharedKey, timeout });
}
