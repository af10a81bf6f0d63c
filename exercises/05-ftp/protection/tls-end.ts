/**
 * TLS whose end is vouched for by its close_notify (RFC 8446 §6.1). Node says that a TLS stream has ended when the connection
 * under it has, too, although anybody on the wire can end that; here it is an error.
 */
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { setImmediate } from "node:timers";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { release } from "../../../lib/release.ts";

const TRUNCATED = "the peer broke off without closing TLS: what it sent may be incomplete";

/** As `connect` of node:tls, on a `socket` that is connected; a bare end of it destroys the stream with an error. */
export function connectWithEnd(socket: Socket, options: ConnectionOptions): TLSSocket {
  const { between, watch } = endless(socket);
  const stream = connect({ ...options, socket: between });
  watch(stream);
  return stream;
}

/**
 * Returns what stands between TLS and its connection: it passes everything on but the end.
 *
 * @returns watch: to be called with the TLS that runs over it, before any data of that can have come
 */
export function endless(socket: Socket): { between: Duplex; watch: (stream: TLSSocket) => void } {
  let hasEnded = false;
  // until there is TLS whose end could be vouched for
  let check = () => {
    if (between.readableLength === 0) between.destroy(new Error(TRUNCATED));
  };
  const between: Duplex = new Duplex({
    read: () => void socket.resume(),
    write: (chunk, _encoding, callback) => void socket.write(chunk, callback),
    final: (callback) => void socket.end(callback),
    destroy(error, callback) {
      socket.destroy();
      callback(error);
    },
  });
  socket.on("data", (chunk) => {
    if (!between.push(chunk)) socket.pause();
    // TLS has a copy
    if (between.readableLength === 0) release(chunk);
  });
  socket.on("end", () => {
    hasEnded = true;
    check();
  });
  socket.on("error", (error) => between.destroy(error));
  socket.on("close", () => between.destroy());

  const watch = (stream: TLSSocket) => {
    let isNotified = false;
    check = () => {
      // TLS has processed all that it has taken
      if (hasEnded && !isNotified && between.readableLength === 0) stream.destroy(new Error(TRUNCATED));
    };
    const push = stream.push.bind(stream);
    // Node ends the stream so, long before it tells of the end
    stream.push = (chunk, encoding) => {
      if (chunk === null) isNotified = true;
      return push(chunk, encoding);
    };
    // not at once: whoever is told of the data before us has not processed it yet
    between.on("data", () => {
      if (hasEnded) setImmediate(check);
    });
    setImmediate(check);
  };
  return { between, watch };
}
