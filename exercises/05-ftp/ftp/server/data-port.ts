/**
 * How data connections are made: the server either listens (PASV, EPSV) or connects (PORT, EPRT).
 *
 * Sockets are returned unread: the first bytes from the peer wait in the system.
 */
import { connect, createServer, type Server, type Socket } from "node:net";
import { plainAddress } from "../../../../lib/net/network.ts";
import type { PassivePorts } from "./passive-ports.ts";

// the client's connection, and a few strangers before it
const BACKLOG = 16;
// each stranger has a small cost
const MAX_STRANGERS = 64;
const SOCKET_OPTIONS = { allowHalfOpen: true, noDelay: true };

/** The source of a data connection. */
export interface DataPort {
  /** Waits for the connection, or makes it. @throws NoConnection if it times out */
  open(): Promise<Socket>;
  /** Stops waiting, or ends the connection. */
  close(): void;
}

interface Waiting {
  /** The server's address on the control connection. */
  local: string;
  /** The client's address on the control connection: no other host may connect. */
  peer: string;
  /** Seconds. */
  timeout: number;
}

/** The reason why there is no data connection. */
export class NoConnection extends Error {}

/** A listener for one connection, on a port of a pool. */
export class PassivePort implements DataPort {
  readonly port: number;
  readonly #connection: Promise<Socket>;
  #giveUp: (reason: string) => void = () => {};

  /** Listens on a port of `pool`; undefined if none gets free for `user` in time. */
  static async listen(
    pool: PassivePorts,
    { user, signal, ...waiting }: Waiting & { user: string; signal: AbortSignal },
  ): Promise<PassivePort | undefined> {
    const lent = await pool.lend(user, (port) => listen(waiting.local, port), signal);
    return lent && new PassivePort(lent.port, lent.opened, waiting, () => pool.giveBack(user, lent.port));
  }

  private constructor(port: number, server: Server, { peer, timeout }: Waiting, onClosed: () => void) {
    this.port = port;
    this.#connection = new Promise((resolve, reject) => {
      let taken: Socket | undefined;
      let strangers = 0;
      const stop = () => {
        clearTimeout(deadline);
        if (!server.listening) return;
        server.close();
        // before the connection ends: the port no longer accepts any
        onClosed();
      };
      this.#giveUp = (reason) => {
        stop();
        taken?.destroy();
        reject(new NoConnection(reason));
      };
      const deadline = setTimeout(() => this.#giveUp("no connection in time"), timeout * 1000);
      server.on("error", () => this.#giveUp("the port failed"));
      server.on("connection", (socket) => {
        // an error before the connection is used must not end the server
        socket.on("error", () => {});
        if (!taken && plainAddress(socket.remoteAddress) === peer) {
          taken = socket;
          stop();
          resolve(socket);
          return;
        }
        socket.resetAndDestroy();
        strangers += 1;
        if (strangers > MAX_STRANGERS) this.#giveUp("too many connections from other hosts");
      });
    });
    // reported by open
    this.#connection.catch(() => {});
  }

  open(): Promise<Socket> {
    return this.#connection;
  }

  close(): void {
    this.#giveUp("it was closed");
  }
}

/** A connection that the server makes, to the client's host. */
export class ActivePort implements DataPort {
  readonly #port: number;
  readonly #waiting: Waiting;
  #socket: Socket | undefined;

  constructor(port: number, waiting: Waiting) {
    this.#port = port;
    this.#waiting = waiting;
  }

  open(): Promise<Socket> {
    const { local, peer, timeout } = this.#waiting;
    return new Promise((resolve, reject) => {
      const socket = connect({ ...SOCKET_OPTIONS, host: peer, port: this.#port, localAddress: local });
      this.#socket = socket;
      const deadline = setTimeout(() => socket.destroy(), timeout * 1000);
      socket.on("error", () => {});
      socket.once("close", () => {
        clearTimeout(deadline);
        reject(new NoConnection("your port refused the connection"));
      });
      socket.once("connect", () => {
        clearTimeout(deadline);
        resolve(socket);
      });
    });
  }

  close(): void {
    this.#socket?.destroy();
  }
}

/** @throws Error if another program uses the port */
async function listen(host: string, port: number): Promise<Server> {
  const server = createServer({ ...SOCKET_OPTIONS, pauseOnConnect: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", () => reject(new Error(`port ${port} is in use by another program`)));
    server.listen({ host, port, backlog: BACKLOG }, resolve);
  });
  server.removeAllListeners("error");
  return server;
}
