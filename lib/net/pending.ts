/** A bounded set of unauthenticated connections. */
import type { Socket } from "node:net";

/**
 * When there are more than `limit`, the oldest is dropped, so floods of strangers displace each
 * other.
 */
export class Pending {
  readonly #limit: number;
  // in the order of arrival
  readonly #sockets = new Set<Socket>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(socket: Socket): void {
    this.#sockets.add(socket);
    for (const oldest of this.#sockets) {
      if (this.#sockets.size <= this.#limit) return;
      this.#sockets.delete(oldest);
      oldest.destroy(new Error("dropped: too many others came after it"));
    }
  }

  /** Call this once the connection is authenticated or closed. */
  delete(socket: Socket): void {
    this.#sockets.delete(socket);
  }

  /** Destroys all of them; pending operations fail with `reason`. */
  destroy(reason?: Error): void {
    for (const socket of this.#sockets) socket.destroy(reason);
    this.#sockets.clear();
  }
}
