/** Ends a connection by a reset. */
import type { Socket } from "node:net";

/**
 * Resets the connection.
 *
 * Node cannot reset a socket while its end is in transit: `resetAndDestroy` fails with EINVAL, and
 * the socket keeps the process alive forever. Such a socket is closed instead.
 */
export function reset(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}
