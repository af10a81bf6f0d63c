/** Connections that have proved nothing yet: so many, and no more. */
import type { Socket } from "node:net";

/** When there are more than `limit`, the oldest is dropped: floods of strangers displace each other. */
export class Pending {
  readonly #limit: number;
  // in the order in which they came
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

  /** To be called once it has proved what it must, or is closed. */
  delete(socket: Socket): void {
    this.#sockets.delete(socket);
  }

  /** Cuts all of them off; whoever waits for one gets `reason`. */
  destroy(reason?: Error): void {
    for (const socket of this.#sockets) socket.destroy(reason);
    this.#sockets.clear();
  }
}
