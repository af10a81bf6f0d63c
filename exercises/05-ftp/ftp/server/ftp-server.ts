/**
 * The FTP server: many concurrent sessions, none of which can end, block or starve it.
 *
 *     const server = await FtpServer.listen({ host, port }, settings);
 *     console.error(`Listening on ${server.address}`);
 *     await server.close();
 */
import type { Server, Socket } from "node:net";
import { plainAddress } from "../../../../lib/net/network.ts";
import { type Address, formatAddress, listenOn } from "../../../../lib/net/tcp.ts";
import { formatReply, reply } from "../protocol/reply.ts";
import { type FtpSettings, Session } from "./session.ts";
import type { User } from "./user-list.ts";
import { VERBS } from "./verbs.ts";

/** Milliseconds that sessions may take to end when the server closes. */
const CLOSE_TIMEOUT = 2000;

export interface FtpLimits {
  /** Concurrent sessions. At the limit, a new one replaces the oldest that has not logged in. */
  sessions: number;
  /** Concurrent sessions of one address. */
  sessionsPerAddress: number;
}

export class FtpServer {
  /** HOST:PORT. */
  readonly address: string;
  readonly port: number;
  readonly #server: Server;
  readonly #sessions: Sessions;

  /** Listens on `address` and serves its clients. @throws Error if it cannot listen there */
  static async listen(
    address: Address,
    settings: Omit<FtpSettings, "onData"> & FtpLimits,
  ): Promise<FtpServer> {
    const sessions = new Sessions(settings);
    const { server, port } = await listenOn(address, (socket) => sessions.take(socket));
    return new FtpServer(server, { host: address.host, port }, sessions);
  }

  private constructor(server: Server, address: Address, sessions: Sessions) {
    this.address = formatAddress(address);
    this.port = address.port;
    this.#server = server;
    this.#sessions = sessions;
  }

  /** Ends the sessions of users for whom `isWelcome` is false. */
  dismiss(isWelcome: (user: User) => boolean): void {
    this.#sessions.dismiss(isWelcome);
  }

  /**
   * Stops listening, aborts the transfers, says goodbye, and waits until all sessions have ended.
   */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.once("close", resolve));
    this.#server.close();
    await this.#sessions.close();
    await closed;
  }
}

/** All sessions. */
class Sessions {
  readonly #settings: FtpSettings;
  readonly #limits: FtpLimits;
  // In the order of arrival.
  readonly #sessions = new Set<Session>();
  // Data connections may outlive their session while their last bytes are sent.
  readonly #dataSockets = new Set<Socket>();
  #lastId = 0;
  #isClosing = false;

  constructor({ sessions, sessionsPerAddress, ...settings }: Omit<FtpSettings, "onData"> & FtpLimits) {
    this.#limits = { sessions, sessionsPerAddress };
    this.#settings = {
      ...settings,
      onData: (socket) => {
        this.#dataSockets.add(socket);
        socket.once("close", () => this.#dataSockets.delete(socket));
      },
    };
  }

  take(socket: Socket): void {
    const address = plainAddress(socket.remoteAddress);
    const reason = this.#reasonAgainst(address);
    if (reason !== undefined) {
      this.#settings.log({ event: "turned away", address, outcome: reason });
      reject(socket, reason);
      return;
    }
    this.#lastId += 1;
    const session = new Session(this.#lastId, socket, VERBS, this.#settings);
    this.#sessions.add(session);
    const forget = () => this.#sessions.delete(session);
    session.closed.then(forget, forget);
    session.start().catch((error) => this.#settings.report(error));
  }

  dismiss(isWelcome: (user: User) => boolean): void {
    for (const session of this.#sessions) {
      const { login } = session;
      if (login && !isWelcome(login.user)) session.end("Your account has changed; please log in again.");
    }
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    const sessions = [...this.#sessions];
    for (const session of sessions) session.end("Server shutting down.");
    const deadline = setTimeout(() => {
      for (const { control } of sessions) control.destroy();
    }, CLOSE_TIMEOUT);
    await Promise.all(sessions.map((session) => session.closed));
    clearTimeout(deadline);
    for (const socket of this.#dataSockets) socket.destroy();
  }

  /**
   * Returns why `address` cannot connect now, if so. Makes room by ending an unauthenticated
   * session.
   */
  #reasonAgainst(address: string): string | undefined {
    if (this.#isClosing) return "Server shutting down.";
    const sessions = [...this.#sessions];
    const same = sessions.filter(({ control }) => control.peer === address);
    if (same.length >= this.#limits.sessionsPerAddress) return "Too many connections from your address.";
    if (sessions.length < this.#limits.sessions) return undefined;
    const oldest = sessions.find(({ login }) => login === undefined);
    if (!oldest) return "Too many connected users; please try later.";
    oldest.end("Too many connections; sessions without a login are closed.");
    oldest.control.destroy();
    this.#sessions.delete(oldest);
    return undefined;
  }
}

function reject(socket: Socket, reason: string): void {
  socket.on("error", () => {});
  socket.resume();
  socket.end(formatReply(reply(421, reason)));
  // for a client that does not end its half
  const deadline = setTimeout(() => socket.destroy(), CLOSE_TIMEOUT);
  socket.once("close", () => clearTimeout(deadline));
}
