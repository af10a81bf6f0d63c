/**
 * The FTP server: many concurrent sessions, none of which can end, block or starve it.
 *
 *     const server = await FtpServer.listen({ host, port }, settings);
 *     console.error(`Listening on ${server.address}`);
 *     await server.close();
 */
import type { Server, Socket } from "node:net";
import type { Turns } from "../../../../lib/async/turns.ts";
import { networkOf, plainAddress } from "../../../../lib/net/network.ts";
import { Places } from "../../../../lib/net/places.ts";
import { type Address, formatAddress, listenOn } from "../../../../lib/net/tcp.ts";
import { formatReply, reply } from "../protocol/reply.ts";
import { type FtpSettings, Session, type SessionListener, STAGES, type Stage } from "./session.ts";
import type { User } from "./user-list.ts";
import { VERBS } from "./verbs.ts";

/** Milliseconds that sessions may take to end when the server closes. */
const CLOSE_TIMEOUT = 2000;

/** Concurrent sessions. At a limit, a new one displaces one that has not logged in (`Places`). */
export interface FtpLimits {
  sessions: number;
  sessionsPerAddress: number;
  /** At this limit, a user cannot log in. */
  sessionsPerUser: number;
}

export type ServerSettings = Omit<FtpSettings, keyof SessionListener> &
  FtpLimits & {
    /** Of addresses, at the handshakes of the mechanisms. */
    turns: Turns;
  };

export class FtpServer {
  /** HOST:PORT. */
  readonly address: string;
  readonly port: number;
  readonly #server: Server;
  readonly #sessions: Sessions;

  /** Listens on `address` and serves its clients. @throws Error if it cannot listen there */
  static async listen(address: Address, settings: ServerSettings): Promise<FtpServer> {
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

  /** Ends the sessions of users who are no longer in the list, or have changed. */
  dismiss(): void {
    this.#sessions.dismiss();
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
  readonly #perUser: number;
  readonly #turns: Turns;
  /** Of sessions, by their ids. */
  readonly #places: Places<number, Stage>;
  // a session that has lost its place may take a moment to end
  readonly #sessions = new Map<number, Session>();
  // data connections may outlive their session while their last bytes are sent
  readonly #dataSockets = new Set<Socket>();
  #lastId = 0;
  #isClosing = false;

  constructor({ sessions, sessionsPerAddress, sessionsPerUser, turns, ...settings }: ServerSettings) {
    this.#perUser = sessionsPerUser;
    this.#turns = turns;
    this.#places = new Places({
      stages: STAGES,
      total: sessions,
      perAddress: sessionsPerAddress,
      drop: (id) => {
        const session = this.#sessions.get(id);
        session?.end("Too many connections; sessions without a login are closed.");
        session?.control.destroy();
      },
    });
    this.#settings = {
      ...settings,
      onData: (socket) => {
        this.#dataSockets.add(socket);
        socket.once("close", () => this.#dataSockets.delete(socket));
      },
      onStage: ({ id, control }, stage) => {
        if (stage === "user") {
          this.#places.settle(id);
          turns.know(networkOf(control.peer));
        } else this.#places.move(id, stage);
      },
      hasRoomFor: (user) => this.#count(user) < this.#perUser,
    };
  }

  take(socket: Socket): void {
    this.#turns.accept();
    const id = this.#lastId + 1;
    const hasPlace = !this.#isClosing && this.#places.take(id, socket.remoteAddress);
    if (!hasPlace) {
      this.#reject(socket);
      return;
    }
    this.#lastId = id;
    const session = new Session(id, socket, VERBS, this.#settings);
    this.#sessions.set(id, session);
    const forget = () => {
      this.#sessions.delete(id);
      this.#places.release(id);
    };
    session.closed.then(forget, forget);
    session.start().catch((error) => this.#settings.report(error));
  }

  dismiss(): void {
    for (const session of this.#sessions.values()) {
      const { login } = session;
      if (login && !session.settings.users.isCurrent(login.user))
        session.end("Your account has changed; please log in again.");
    }
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    const sessions = [...this.#sessions.values()];
    for (const session of sessions) session.end("Server shutting down.");
    const deadline = setTimeout(() => {
      for (const { control } of sessions) control.destroy();
    }, CLOSE_TIMEOUT);
    await Promise.all(sessions.map((session) => session.closed));
    clearTimeout(deadline);
    for (const socket of this.#dataSockets) socket.destroy();
  }

  #count({ name }: User): number {
    return [...this.#sessions.values()].filter(({ login }) => login?.user.name === name).length;
  }

  #reject(socket: Socket): void {
    const reason = this.#isClosing
      ? "Server shutting down."
      : "Too many users are connected, or from your address; try again later.";
    this.#settings.log({
      event: "turned away",
      address: plainAddress(socket.remoteAddress),
      outcome: reason,
    });
    reject(socket, reason);
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
