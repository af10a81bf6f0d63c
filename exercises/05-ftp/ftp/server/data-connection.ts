/**
 * The data connection that PASV, EPSV, PORT or EPRT has prepared, until a transfer uses it or
 * another one replaces it.
 */
import type { Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import type { Direction, Protect, ServerData } from "../../protection.ts";
import { type DataPort, NoConnection, PassivePort } from "./data-port.ts";

/** Milliseconds to wait for a handshake that has started, before the client gets its reply. */
const COURTESY = 1000;

/** What a session has learnt about its client. */
export interface ClientHabits {
  /** It starts the handshake on a data connection without waiting for reply 150. */
  handshakesFirst: boolean;
}

export class DataConnection {
  readonly #port: DataPort;
  readonly #protect: Protect<ServerData>;
  readonly #habits: ClientHabits;
  #stream: Promise<ServerData> | undefined;
  #socket: Socket | undefined;
  #isListening = false;
  #isOver = false;

  constructor(port: DataPort, protect: Protect<ServerData>, habits: ClientHabits) {
    this.#port = port;
    this.#protect = protect;
    this.#habits = habits;
    if (port instanceof PassivePort) this.#expect(port);
  }

  /**
   * Waits briefly for a handshake that the client has started, and does not wait for one that it
   * has not: some clients handshake only after reply 150, while others take 150 as the sign that
   * the handshake is over. These start theirs first each time, but it may arrive after the command.
   */
  async greet(direction: Direction): Promise<void> {
    const habits = this.#habits;
    if (!habits.handshakesFirst && !(await this.#hasStarted(direction))) return;
    const opening = this.open(direction);
    habits.handshakesFirst = await new Promise<boolean>((resolve) => {
      const deadline = setTimeout(() => resolve(false), COURTESY);
      const go = () => {
        clearTimeout(deadline);
        resolve(true);
      };
      opening.then(go, go);
    });
  }

  /** Whether the client is connected and has sent something. */
  async #hasStarted(direction: Direction): Promise<boolean> {
    const socket = this.#socket;
    if (!socket) return false;
    // reported by open
    this.open(direction).catch(() => {});
    // incoming data is read meanwhile
    for (let turn = 0; turn < 2; turn += 1) await setImmediate();
    return socket.bytesRead > 0;
  }

  /**
   * Waits for the protected connection.
   *
   * @throws NoConnection if none comes, Error if it cannot be protected
   */
  open(direction: Direction): Promise<ServerData> {
    this.#stream ??= this.#port.open().then((socket) => this.#secure(socket, direction));
    return this.#stream;
  }

  /** Stops waiting, or ends the connection unless it is in use. */
  close(): void {
    this.#isOver = true;
    this.#port.close();
  }

  /**
   * Protects a connection whose client starts a handshake before it has sent its command. A
   * connection without data waits for the command: a download can be protected at less cost.
   */
  #expect(port: PassivePort): void {
    port.open().then(
      (socket) => {
        this.#socket = socket;
        if (this.#stream || this.#isOver) return;
        this.#isListening = true;
        socket.once("readable", this.#begin);
      },
      () => {},
    );
  }

  readonly #begin = () => {
    const socket = this.#socket;
    if (this.#stream || this.#isOver || !socket) return;
    this.#stream = this.#secure(socket, undefined);
    // reported by open
    this.#stream.catch(() => {});
  };

  async #secure(socket: Socket, direction: Direction | undefined): Promise<ServerData> {
    if (this.#isListening) {
      this.#isListening = false;
      socket.off("readable", this.#begin);
      // lets the socket notice that its "readable" listener is gone
      await setImmediate();
    }
    if (this.#isOver) throw new NoConnection("it was closed");
    return this.#protect(socket, direction);
  }
}
