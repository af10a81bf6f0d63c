/**
 * TLS whose end is vouched for by its close_notify (RFC 8446 §6.1). Node says that a TLS stream has ended when the connection
 * under it has, too, although anybody on the wire can end that; here it is an error.
 */
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { setImmediate } from "node:timers";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import type { Bytes } from "../../lib/bytes/bytes.ts";
import { release } from "../../lib/bytes/release.ts";

const TRUNCATED = "the peer broke off without closing TLS: what it sent may be incomplete";

/** As `connect` of node:tls, on a `socket` that is connected; a bare end of it destroys the stream with an error. */
export function connectWithEnd(socket: Socket, options: ConnectionOptions): TLSSocket {
  const { between, watch } = endless(socket);
  const stream = connect({ ...options, socket: between });
  watch(stream);
  return stream;
}

/**
 * Returns what stands between TLS and its connection: it passes everything on but the end. A connection that has broken is
 * told of once TLS has processed all that came before: a peer may close TLS and reset the connection in one breath.
 *
 * @returns watch: to be called with the TLS that runs over it, before any data of that can have come
 */
export function endless(socket: Socket): { between: Duplex; watch: (stream: TLSSocket) => void } {
  let hasEnded = false;
  /** Why, if it was not by an end. */
  let broken: Error | undefined;
  // until there is TLS whose end could be vouched for
  let check = () => {
    if (broken || between.readableLength === 0) between.destroy(broken ?? new Error(TRUNCATED));
  };
  const between: Duplex = new Duplex({
    read: () => void socket.resume(),
    write(chunk: Bytes, _encoding, callback) {
      socket.write(chunk, (error) => {
        // what cannot be written is told of by the socket, in its time
        if (error) return;
        // a copy that TLS has made for us
        release(chunk);
        callback();
      });
    },
    final: (callback) => void socket.end((error?: Error | null) => error ?? callback()),
    destroy(error, callback) {
      socket.destroy();
      callback(error);
    },
  });
  const take = (chunk: Bytes) => {
    const isWelcome = between.push(chunk);
    // TLS has a copy
    if (between.readableLength === 0) release(chunk);
    return isWelcome;
  };
  const end = () => {
    hasEnded = true;
    check();
  };
  const breakOff = (error?: Error) => {
    if (broken) return;
    broken = error ?? new Error(TRUNCATED);
    // what it has read and was not asked for yet
    for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) take(chunk);
    end();
  };
  socket.on("data", (chunk) => {
    if (!take(chunk)) socket.pause();
  });
  socket.on("end", end);
  socket.on("error", breakOff);
  socket.on("close", () => breakOff());

  const watch = (stream: TLSSocket) => {
    let isNotified = false;
    check = () => {
      if (!hasEnded) return;
      // whoever reads TLS has all of it by then
      if (isNotified && broken && stream.readableEnded) between.destroy();
      // TLS has processed all that it has taken
      if (!isNotified && between.readableLength === 0) stream.destroy(broken ?? new Error(TRUNCATED));
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
    stream.on("end", () => setImmediate(check));
    setImmediate(check);
  };
  return { between, watch };
}
