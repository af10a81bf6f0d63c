/** The data connection that PASV, EPSV, PORT or EPRT has prepared, until a transfer has used it or something took its place. */
import type { Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import type { DataStream, Direction, Protect } from "../../protection.ts";
import { type DataPort, NoConnection, PassivePort } from "./data-port.ts";

/** Milliseconds that a handshake which has begun is waited for before the client is told to go on. */
const COURTESY = 1000;

export class DataConnection {
  readonly #port: DataPort;
  readonly #protect: Protect;
  #stream: Promise<DataStream> | undefined;
  #socket: Socket | undefined;
  #isListening = false;
  #isOver = false;

  constructor(port: DataPort, protect: Protect) {
    this.#port = port;
    this.#protect = protect;
    if (port instanceof PassivePort) this.#expect(port);
  }

  /**
   * Waits for a handshake that the client has begun, for a moment, and for none that it has not: some clients take 150 for the
   * sign that they may end what they have not begun, while others begin only after it.
   */
  async greet(direction: Direction): Promise<void> {
    const socket = this.#socket;
    if (!socket) return;
    const opening = this.open(direction);
    // whoever opens it hears of it
    opening.catch(() => {});
    // in which what has come is read
    for (let turn = 0; turn < 2; turn += 1) await setImmediate();
    if (socket.bytesRead === 0) return;
    await new Promise<void>((resolve) => {
      const deadline = setTimeout(resolve, COURTESY);
      const go = () => {
        clearTimeout(deadline);
        resolve();
      };
      opening.then(go, go);
    });
  }

  /** Waits until it is there and protected. @throws NoConnection when it does not come, Error when it cannot be protected */
  open(direction: Direction): Promise<DataStream> {
    this.#stream ??= this.#port.open().then((socket) => this.#secure(socket, direction));
    return this.#stream;
  }

  /** Gives it up, whatever its state, unless it is being used. */
  close(): void {
    this.#isOver = true;
    this.#port.close();
  }

  /**
   * Protects a connection whose client begins to shake hands though no command has said what for: some clients shake hands first,
   * and only then send it. One that says nothing waits for the command: what is known to be sent only is protected at less cost.
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
    // whoever opens it hears of it
    this.#stream.catch(() => {});
  };

  async #secure(socket: Socket, direction: Direction | undefined): Promise<DataStream> {
    if (this.#isListening) {
      this.#isListening = false;
      socket.off("readable", this.#begin);
      // until it has noticed that nobody asks any more whether there is something to read
      await setImmediate();
    }
    if (this.#isOver) throw new NoConnection("the data connection was given up");
    return this.#protect(socket, direction);
  }
}
