/**
 * The seam between FTP and what encrypts it: on the control connection after AUTH, and on each data connection under PROT P.
 *
 * A mechanism takes the control connection over, and from then on says how each data connection is protected. Nothing else
 * in the server knows whether it is TLS, X-SML or nothing.
 */
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Bytes } from "../../lib/bytes/bytes.ts";

/** Which way a file goes: "up" is to the server. */
export type Direction = "up" | "down";

/** Takes a piece of what comes. It may throw, or reject. */
export type Take = (piece: Bytes) => Promise<void> | undefined;

/** The content of one data connection. */
export interface DataStream {
  /**
   * Hands each piece to `take`, which is not called again before it has resolved, until the peer's end. Once it has, or
   * where it returns nothing, the piece is gone.
   *
   * @throws Error when the end is not vouched for, or as `take`
   */
  receive(take: Take): Promise<void>;
  /** Sends `piece`, which may be used again once this has resolved. */
  send(piece: Bytes): Promise<void>;
  /** Says that nothing more is sent, and waits until all of it has left our hands. */
  end(): Promise<void>;
  /** Cuts the connection off: whoever waits for it gets `reason`. */
  destroy(reason: Error): void;
}

/**
 * Protects a data connection, or throws.
 *
 * @param direction undefined when the client has not yet said what for
 */
export type Protect = (socket: Socket, direction: Direction | undefined) => Promise<DataStream>;

/** A control connection that is protected. */
export interface Protection {
  /** What AUTH calls it, and more about it, in words: for the log and for STAT. */
  description: string;
  /** Carries the control lines. */
  control: Duplex;
  /** To be called once for each positive answer to PASV, EPSV, PORT and EPRT. */
  nextData(): Protect;
}

/** A way to encrypt. */
export interface Mechanism {
  /** What AUTH may call it. */
  names: readonly string[];
  /** Takes over a control connection that was answered with 234. @throws Error when the handshake fails */
  protect(socket: Socket): Promise<Protection>;
}
