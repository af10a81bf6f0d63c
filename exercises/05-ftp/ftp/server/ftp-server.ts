/**
 * The FTP server: many sessions at once, none of which can end, block or starve it.
 *
 *     const server = await FtpServer.listen({ host, port }, settings);
 *     console.error(`Listening on ${server.address}`);
 *     await server.close();
 */
import type { Server, Socket } from "node:net";
import { type Address, formatAddress, listenOn } from "../../../../lib/net/tcp.ts";
import { formatReply, reply } from "../protocol/reply.ts";
import { plainAddress } from "./data-port.ts";
import { Session } from "./session.ts";
import type { FtpSettings } from "./settings.ts";
import type { User } from "./user-list.ts";
import { VERBS } from "./verbs.ts";

/** Milliseconds that sessions may take to end when the server does. */
const CLOSE_TIMEOUT = 2000;

export interface FtpLimits {
  /** Sessions at a time; when there are more, the oldest that has not logged in makes room. */
  sessions: number;
  /** Sessions of one address at a time. */
  sessionsPerAddress: number;
}

export class FtpServer {
  /** HOST:PORT. */
  readonly address: string;
  readonly port: number;
  readonly #server: Server;
  readonly #sessions: Sessions;

  /** Listens on `address` and serves whoever comes. @throws Error when it cannot listen there */
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

  /** Ends the sessions of users for whom `isWelcome` does not hold any more. */
  dismiss(isWelcome: (user: User) => boolean): void {
    this.#sessions.dismiss(isWelcome);
  }

  /** Stops listening, tells everybody, gives up what is under way, and waits until all have gone. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.once("close", resolve));
    this.#server.close();
    await this.#sessions.close();
    await closed;
  }
}

/** Everybody who is connected. */
class Sessions {
  readonly #settings: FtpSettings;
  readonly #limits: FtpLimits;
  // in the order in which they came
  readonly #sessions = new Set<Session>();
  // some outlive their session: the last bytes are still on their way
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
      turnAway(socket, reason);
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
      if (login && !isWelcome(login.user))
        session.end("You are no user any more, or another one; log in again.");
    }
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    const sessions = [...this.#sessions];
    for (const session of sessions) session.end("The server is shutting down.");
    const deadline = setTimeout(() => {
      for (const { control } of sessions) control.destroy();
    }, CLOSE_TIMEOUT);
    await Promise.all(sessions.map((session) => session.closed));
    clearTimeout(deadline);
    for (const socket of this.#dataSockets) socket.destroy();
  }

  /** Says why nobody else can come in from `address` now, if so; makes room where that is fair. */
  #reasonAgainst(address: string): string | undefined {
    if (this.#isClosing) return "The server is shutting down.";
    const sessions = [...this.#sessions];
    const same = sessions.filter(({ control }) => control.peer === address);
    if (same.length >= this.#limits.sessionsPerAddress) return "There are too many sessions of your address.";
    if (sessions.length < this.#limits.sessions) return undefined;
    const stranger = sessions.find(({ login }) => login === undefined);
    if (!stranger) return "There are too many sessions; come again later.";
    stranger.end("Too many others have come after you.");
    stranger.control.destroy();
    this.#sessions.delete(stranger);
    return undefined;
  }
}

function turnAway(socket: Socket, reason: string): void {
  socket.on("error", () => {});
  socket.resume();
  socket.end(formatReply(reply(421, reason)));
  // whoever does not end his half
  const deadline = setTimeout(() => socket.destroy(), CLOSE_TIMEOUT);
  socket.once("close", () => clearTimeout(deadline));
}
