/** The client's transfers: a data connection, the command that it is for, and the last reply. */
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import { openSocket } from "../../../../lib/net/tcp.ts";
import type { ClientData, Direction, Protect, Protection } from "../../protection.ts";
import { parseEpsvPort, parsePasvPort, type Reply } from "../protocol/reply.ts";
import {
  type ControlConnection,
  expectReply,
  refusalCode,
  refused,
  UNKNOWN_COMMAND,
} from "./control-connection.ts";
import { withTimeout } from "./data.ts";

/** The codes of the first reply to a transfer, and of the last one (RFC 959 §5.4). */
const STARTED = [125, 150];
const CONFIRMED = [226, 250];

/** The running transfer. */
interface Transfer {
  aborted: boolean;
  destroy: (reason: Error) => void;
}

interface PassivePort {
  port: number;
  protect: Protect<ClientData>;
}

export class Transfers {
  readonly #control: ControlConnection;
  readonly #protection: Protection<ClientData>;
  readonly #host: string;
  readonly #timeout: number;
  #extendedPassive = true;
  #running: Transfer | undefined;

  constructor(
    control: ControlConnection,
    protection: Protection<ClientData>,
    { host, timeout }: { host: string; timeout: number },
  ) {
    this.#control = control;
    this.#protection = protection;
    this.#host = host;
    this.#timeout = timeout;
  }

  get busy(): boolean {
    return this.#running !== undefined;
  }

  /**
   * Sends `command`, and yields what comes over the data connection.
   *
   * @throws Error unless all of it comes
   */
  async *receive(command: string, offset = 0): AsyncGenerator<Bytes> {
    const data = await this.#open(command, "down", offset);
    let isOver = false;
    try {
      yield* data;
      isOver = true;
    } catch (error) {
      isOver = true;
      throw await this.#explain(error);
    } finally {
      // the caller has stopped reading
      if (!isOver) {
        this.abort();
        await this.#explain(undefined);
      }
    }
    await this.#finish(this.#timeout);
  }

  /**
   * Sends `command`, and what `send` sends over the data connection.
   *
   * @throws Error unless the server confirms it
   */
  async send(
    command: string,
    send: (data: ClientData) => Promise<void>,
    { offset, timeout }: { offset: number; timeout: number },
  ): Promise<void> {
    const data = await this.#open(command, "up", offset);
    try {
      await send(data);
      await data.end();
    } catch (error) {
      throw await this.#explain(error);
    }
    await this.#finish(timeout);
  }

  abort(): void {
    if (!this.#running) return;
    this.#running.aborted = true;
    this.#running.destroy(new Error("aborted"));
  }

  /**
   * Opens a data connection, and sends the `command` for it. The handshake does not wait for the
   * reply: some servers send 150 only once it is over.
   */
  async #open(command: string, direction: Direction, offset: number): Promise<ClientData> {
    if (this.#running) throw new TypeError("another transfer is running");
    const { port, protect } = await this.#enterPassive();
    const socket = await openSocket({ host: this.#host, port, timeout: this.#timeout });
    socket.on("error", () => {});
    let protecting: Promise<ClientData>;
    try {
      if (offset > 0) await expectReply(this.#control.command(`REST ${offset}`), 350);
      const replying = this.#control.command(command);
      protecting = protect(socket, direction);
      // reported below, unless the server refuses the command
      protecting.catch(() => {});
      const answer = await replying;
      this.#check(answer, STARTED);
    } catch (error) {
      socket.destroy();
      throw error;
    }
    const transfer: Transfer = { aborted: false, destroy: () => socket.destroy() };
    this.#running = transfer;
    try {
      const data = withTimeout(await protecting, this.#timeout);
      transfer.destroy = (reason) => data.destroy(reason);
      if (transfer.aborted) throw new Error("aborted");
      this.#control.watch(() => data.destroy(new Error("the server aborted the transfer")));
      return data;
    } catch (error) {
      throw await this.#explain(error);
    }
  }

  /** Makes the server listen for a data connection. */
  async #enterPassive(): Promise<PassivePort> {
    if (this.#extendedPassive) {
      const answer = await this.#control.command("EPSV");
      if (answer.code === 229) return this.#protect(parseEpsvPort(answer.lines.join(" ")));
      if (!UNKNOWN_COMMAND.includes(answer.code) && answer.code !== 522) throw refused(answer);
      this.#extendedPassive = false;
    }
    const answer = await expectReply(this.#control.command("PASV"), 227);
    return this.#protect(parsePasvPort(answer.lines.join(" ")));
  }

  #protect(port: number | undefined): PassivePort {
    // even if the port is missing: both sides count the replies
    const protect = this.#protection.nextData();
    if (port === undefined) throw new Error("the server's reply names no port for the data connection");
    return { port, protect };
  }

  /** @throws Error unless the reply has one of `codes` */
  #check(answer: Reply, codes: readonly number[]): void {
    if (codes.includes(answer.code)) return;
    // after a preliminary reply another one comes, which no later command may take for its own
    if (answer.code < 200) this.#control.destroy();
    throw refused(answer);
  }

  /** Reads the last reply. @throws Error unless it confirms the transfer */
  async #finish(timeout: number): Promise<void> {
    const transfer = this.#running;
    try {
      if (transfer?.aborted) this.#control.send("ABOR");
      const last = await this.#control.reply(timeout);
      // one reply to the transfer, and one to ABOR (RFC 959 §4.1.3)
      if (transfer?.aborted) await this.#control.reply();
      this.#check(last, CONFIRMED);
    } finally {
      transfer?.destroy(new Error("the transfer is over"));
      this.#running = undefined;
    }
  }

  /** Ends a transfer that has failed with `error`; returns that, or the server's reason. */
  async #explain(error: unknown): Promise<unknown> {
    const aborted = this.#running?.aborted;
    this.#running?.destroy(new Error("the transfer failed"));
    try {
      await this.#finish(this.#timeout);
    } catch (reason) {
      if (refusalCode(reason) !== undefined && !aborted) return reason;
    }
    return error;
  }
}
