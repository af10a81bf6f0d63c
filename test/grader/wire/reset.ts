/** Ends a connection by a reset. */
import type { Socket } from "node:net";

/**
 * Resets the connection.
 *
 * One whose end is on its way Node cannot reset (its `reset` fails with EINVAL), and would keep open, and the process alive,
 * for ever: it is closed instead.
 */
export function reset(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}
