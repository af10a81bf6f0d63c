/**
 * The seam: all that FTP knows about encryption.
 *
 * A mechanism takes over the control connection after AUTH (RFC 2228), and from then on protects
 * each data connection under PROT P. The FTP server and the FTP client use nothing but these types;
 * tls.ts and x-sml.ts implement them for both sides.
 *
 *     AUTH NAME, 234              mechanism.protect(socket)   protects the control connection
 *     EPSV, PASV, EPRT or PORT    protection.nextData()       protects the next data connection
 */
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Bytes } from "../../lib/bytes/bytes.ts";

/** A way to encrypt, on one side of the connection. */
export interface Mechanism<Data extends DataStream> {
  /** The names that AUTH accepts; a client sends the first. */
  names: readonly [string, ...string[]];
  /** Takes over a control connection after reply 234. @throws Error if the handshake fails */
  protect(socket: Socket): Promise<Protection<Data>>;
}

/** A protected control connection. */
export interface Protection<Data extends DataStream> {
  /** The mechanism and its parameters, for the log and for STAT. */
  description: string;
  /** Carries the lines of the control connection. */
  control: Duplex;
  /** Both sides call this once for each positive reply to PASV, EPSV, PORT and EPRT. */
  nextData(): Protect<Data>;
}

/**
 * Protects a data connection.
 *
 * @param direction undefined if the client has not sent its command yet
 * @throws Error if the handshake fails
 */
export type Protect<Data extends DataStream> = (
  socket: Socket,
  direction: Direction | undefined,
) => Promise<Data>;

/** The direction of a file: "up" is to the server. */
export type Direction = "up" | "down";

/** A data connection, as the side that sends uses it. */
export interface DataStream {
  /**
   * Sends `bytes`; the caller may reuse them once this resolves.
   *
   * @throws Error if the connection fails
   */
  send(bytes: Bytes): Promise<void>;
  /**
   * Marks the end of the file, and waits until everything is sent.
   *
   * @throws Error if the connection fails
   */
  end(): Promise<void>;
  /** Cuts the connection off; pending calls fail with `reason`. */
  destroy(reason: Error): void;
}

/** A data connection, as a server receives from it. */
export interface ServerData extends DataStream {
  /**
   * Passes each piece to `take` until the end of the file. A piece is released once `take` returns
   * undefined, or once its promise resolves; only then comes the next call.
   *
   * @throws Error if the end is not authenticated, or if `take` fails
   */
  receive(take: Take): Promise<void>;
}

export type Take = (piece: Bytes) => Promise<void> | undefined;

/** A data connection, as a client receives from it. Throws if the end is not authenticated. */
export interface ClientData extends DataStream, AsyncIterable<Bytes> {}
