/**
 * Session tickets, held back while a client uploads.
 *
 * In TLS 1.3 a server sends them after the handshake (RFC 8446 §4.6.1), and Node cannot turn them
 * off. A client that only sends, and closes its socket without reading them, resets the connection:
 * what is still under way is lost. So they wait for the server's own data, or its close_notify.
 */
import type { TLSSocket } from "node:tls";
import { type Bytes, concat } from "../../lib/bytes/bytes.ts";

/** More bytes than tickets have. */
const HELD_LIMIT = 16 * 1024;

type State = Pick<TLSSocket, "getProtocol" | "writableLength" | "writableEnded">;

export class TicketHold {
  #stream: State | undefined;
  #held: Bytes = new Uint8Array();

  /** Holds back what `stream` writes by itself. Call it once the handshake is over. */
  start(stream: State): void {
    // in TLS 1.2 tickets are part of the handshake
    if (stream.getProtocol() === "TLSv1.3") this.#stream = stream;
  }

  /** Takes the `bytes` that TLS writes, and returns those to send now. */
  pass(bytes: Bytes): Bytes {
    const all = this.#held.length > 0 ? concat([this.#held, bytes]) : bytes;
    const stream = this.#stream;
    const isHolding = stream?.writableLength === 0 && !stream.writableEnded && all.length <= HELD_LIMIT;
    const nothing = new Uint8Array();
    this.#held = isHolding ? all : nothing;
    return isHolding ? nothing : all;
  }
}
