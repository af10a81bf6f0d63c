/**
 * TLS whose end is vouched for by its close_notify (RFC 8446 §6.1). Node says that a TLS stream has ended when the connection
 * under it has, too, although anybody on the wire can end that; here it is an error.
 */

import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";

const TRUNCATED = "the peer broke off without closing TLS: what it sent may be incomplete";

/** As `connect` of node:tls, on a `socket` that is connected; a bare end of it destroys the stream with an error. */
export function connectWithEnd(socket: Socket, options: ConnectionOptions): TLSSocket {
  let notified = false;
  let ended = false;
  const check = () => {
    if (!notified) stream.destroy(new Error(TRUNCATED));
  };
  // between TLS and the connection: it passes everything on but the end
  const between = new Duplex({
    read() {
      socket.resume();
      // whoever asks for more has processed what there was
      if (ended) check();
    },
    write: (chunk, _encoding, callback) => void socket.write(chunk, callback),
    final: (callback) => void socket.end(callback),
    destroy(error, callback) {
      socket.destroy();
      callback(error);
    },
  });
  socket.on("data", (chunk) => {
    if (!between.push(chunk)) socket.pause();
  });
  socket.on("end", () => {
    ended = true;
    if (between.readableLength === 0) check();
  });
  socket.on("error", (error) => between.destroy(error));
  socket.on("close", () => between.destroy());

  const stream = connect({ ...options, socket: between });
  const push = stream.push.bind(stream);
  // Node ends the stream so, long before it tells of the end
  stream.push = (chunk, encoding) => {
    if (chunk === null) notified = true;
    return push(chunk, encoding);
  };
  return stream;
}
