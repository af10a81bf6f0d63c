/**
 * TLS whose end is authenticated by its close_notify (RFC 8446 §6.1).
 *
 * Node reports the same "end" of a TLS stream when only the TCP connection below it has ended,
 * which anyone on the wire can cause. Here that is an error.
 */
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { setImmediate } from "node:timers";
import type { TLSSocket } from "node:tls";
import type { Bytes } from "../../lib/bytes/bytes.ts";
import { release } from "../../lib/bytes/release.ts";

const TRUNCATED = "the peer broke off without closing TLS: what it sent may be incomplete";

/**
 * Returns a stream to put between TLS and `socket`. It passes on everything except the end.
 *
 * A broken connection is reported once TLS has processed everything that came before: a peer may
 * close TLS and reset the connection at the same time.
 *
 * @param pass takes what TLS writes, and returns what to send now (default: all of it)
 * @returns watch: call it with the TLS stream, before that can deliver any data
 */
export function requireCloseNotify(
  socket: Socket,
  pass = (bytes: Bytes): Bytes => bytes,
): { between: Duplex; watch: (stream: TLSSocket) => void } {
  let hasEnded = false;
  /** Why the connection broke, if it did not simply end. */
  let broken: Error | undefined;
  // until there is a TLS stream to watch
  let check = () => {
    if (broken || between.readableLength === 0) between.destroy(broken ?? new Error(TRUNCATED));
  };
  const between: Duplex = new Duplex({
    read: () => void socket.resume(),
    write(chunk: Bytes, _encoding, callback) {
      const bytes = pass(chunk);
      socket.write(bytes, (error) => {
        // the socket's own events report a failed write
        if (error) return;
        // TLS made this copy
        release(bytes);
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
    const hasRoom = between.push(chunk);
    // TLS has copied it
    if (between.readableLength === 0) release(chunk);
    return hasRoom;
  };
  const end = () => {
    hasEnded = true;
    check();
  };
  const breakOff = (error?: Error) => {
    if (broken) return;
    broken = error ?? new Error(TRUNCATED);
    // the socket may have read data that was never requested
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
      // the reader of TLS has everything
      if (isNotified && broken && stream.readableEnded) between.destroy();
      // TLS has processed everything it was given, and there was no close_notify
      if (!isNotified && between.readableLength === 0) stream.destroy(broken ?? new Error(TRUNCATED));
    };
    const push = stream.push.bind(stream);
    // Node signals a close_notify like this, long before the "end" event
    stream.push = (chunk, encoding) => {
      if (chunk === null) isNotified = true;
      return push(chunk, encoding);
    };
    // deferred: TLS gets this event after this listener
    between.on("data", () => {
      if (hasEnded) setImmediate(check);
    });
    stream.on("end", () => setImmediate(check));
    setImmediate(check);
  };
  return { between, watch };
}
