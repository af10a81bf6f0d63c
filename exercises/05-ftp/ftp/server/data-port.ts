/**
 * How a data connection comes to be: either we listen for it (PASV, EPSV), or we connect (PORT, EPRT).
 *
 * What is given out has not been read from: the first bytes of the peer wait in the system.
 */
import { connect, createServer, isIPv4, type Server, type Socket } from "node:net";
import type { PortPool } from "../../../../lib/net/port-pool.ts";

// the one that is waited for, and a few strangers before it
const BACKLOG = 16;
// a stranger costs us next to nothing, but not nothing
const MAX_STRANGERS = 64;
const SOCKET_OPTIONS = { allowHalfOpen: true, noDelay: true };

/** Where a data connection comes from. */
export interface DataPort {
  /** Waits for it, or makes it. @throws NoConnection when there is none in time */
  open(): Promise<Socket>;
  /** Gives up what has not come, and ends what has. */
  close(): void;
}

interface Waiting {
  /** The address of ours that the control connection came to. */
  local: string;
  /** The address of the peer's that the control connection came from: nobody else is let in. */
  peer: string;
  /** Seconds. */
  timeout: number;
}

/** Why a data connection did not come. */
export class NoConnection extends Error {}

/** A listener for one connection, on a port of a pool. */
export class PassivePort implements DataPort {
  readonly port: number;
  readonly #connection: Promise<Socket>;
  #giveUp: (reason: string) => void = () => {};

  /** Listens on a port of `pool`; undefined when none is free. */
  static async listen(pool: PortPool, waiting: Waiting): Promise<PassivePort | undefined> {
    const lent = await pool.lend((port) => listen(waiting.local, port));
    return lent && new PassivePort(lent.port, lent.opened, waiting, () => pool.giveBack(lent.port));
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
        // at once, not when the connection is over: nobody can connect there any more
        onClosed();
      };
      this.#giveUp = (reason) => {
        stop();
        taken?.destroy();
        reject(new NoConnection(reason));
      };
      const deadline = setTimeout(() => this.#giveUp("nobody connected in time"), timeout * 1000);
      server.on("error", () => this.#giveUp("the port has failed"));
      server.on("connection", (socket) => {
        // until somebody takes it nothing that it does may end the server
        socket.on("error", () => {});
        if (!taken && plainAddress(socket.remoteAddress) === peer) {
          taken = socket;
          stop();
          resolve(socket);
          return;
        }
        socket.resetAndDestroy();
        strangers += 1;
        if (strangers > MAX_STRANGERS) this.#giveUp("too many strangers connected");
      });
    });
    // whoever asks for it will hear of it
    this.#connection.catch(() => {});
  }

  open(): Promise<Socket> {
    return this.#connection;
  }

  close(): void {
    this.#giveUp("the data connection was given up");
  }
}

/** A connection that we make, to the peer of the control connection. */
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
        reject(new NoConnection("your port cannot be connected to"));
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

/** Returns an address as people write it: one of IPv4 that came over a socket of IPv6 is one of IPv4. */
export function plainAddress(address = ""): string {
  const [, mapped = ""] = /^::ffff:([\d.]+)$/i.exec(address) ?? [];
  return isIPv4(mapped) ? mapped : address;
}

/** Listens on `port`. @throws Error when another program holds it */
async function listen(host: string, port: number): Promise<Server> {
  const server = createServer({ ...SOCKET_OPTIONS, pauseOnConnect: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", () => reject(new Error(`port ${port} is held by another program`)));
    server.listen({ host, port, backlog: BACKLOG }, resolve);
  });
  server.removeAllListeners("error");
  return server;
}
