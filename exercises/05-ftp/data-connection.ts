/** The data connection that PASV, EPSV, PORT or EPRT has prepared, until a transfer has used it or something took its place. */
import type { Socket } from "node:net";
import { type DataPort, NoConnection, PassivePort } from "./data-port.ts";
import type { DataStream, Direction, Protect } from "./protection.ts";

/**
 * Milliseconds after which a connection is protected though no command has said what for: some clients shake hands first,
 * and only then send it.
 */
const EARLY = 200;

export class DataConnection {
  readonly #port: DataPort;
  readonly #protect: Protect;
  #stream: Promise<DataStream> | undefined;
  #early: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(port: DataPort, protect: Protect) {
    this.#port = port;
    this.#protect = protect;
    if (port instanceof PassivePort) this.#protectEarly(port);
  }

  /** Waits until it is there and protected. @throws NoConnection when it does not come, Error when it cannot be protected */
  open(direction: Direction): Promise<DataStream> {
    clearTimeout(this.#early);
    this.#stream ??= this.#port.open().then((socket) => this.#secure(socket, direction));
    return this.#stream;
  }

  /** Gives it up, whatever its state, unless it is being used. */
  close(): void {
    this.#isOver = true;
    clearTimeout(this.#early);
    this.#port.close();
  }

  #protectEarly(port: PassivePort): void {
    port.open().then(
      (socket) => {
        if (this.#stream || this.#isOver) return;
        this.#early = setTimeout(() => {
          this.#stream = this.#secure(socket, undefined);
          // whoever opens it hears of it
          this.#stream.catch(() => {});
        }, EARLY);
      },
      () => {},
    );
  }

  async #secure(socket: Socket, direction: Direction | undefined): Promise<DataStream> {
    if (this.#isOver) throw new NoConnection("the data connection was given up");
    return this.#protect(socket, direction);
  }
}
