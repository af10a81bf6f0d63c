/** The server's control connection: lines in, replies out, unencrypted until AUTH. */
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import { plainAddress } from "../../../../lib/net/network.ts";
import type { Mechanism, Protection, ServerData } from "../../protection.ts";
import { LineReader } from "../protocol/command.ts";
import { formatReply, type Reply } from "../protocol/reply.ts";

/** Milliseconds that the client may take to end its half after the last reply. */
const LINGER = 2000;

export interface ControlOptions {
  /** Called when there may be new lines. */
  onLines: () => void;
  /** Discards the commands that were taken from `next` and not answered. */
  discard: () => void;
  /** Called once, when the client has ended its half or the connection is closed. */
  onEnd: () => void;
  /** Seconds that the client may take to accept a reply. */
  stall: number;
}

export class Control {
  /** The server's address, as the client connected to it, and the client's. */
  readonly local: string;
  readonly peer: string;
  /** Resolves once the connection is closed. */
  readonly closed: Promise<void>;
  #protection: Protection<ServerData> | undefined;
  readonly #socket: Socket;
  readonly #options: ControlOptions;
  readonly #lines = new LineReader();
  #stream: Duplex;
  #stopListening: () => void = () => {};
  #hasEnded = false;
  #isEnding = false;

  constructor(socket: Socket, options: ControlOptions) {
    this.local = plainAddress(socket.localAddress);
    this.peer = plainAddress(socket.remoteAddress);
    this.#socket = socket;
    this.#options = options;
    this.#stream = socket;
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
    // the socket always has an error listener, even during a handshake
    socket.on("error", () => {});
    socket.once("close", () => this.#end());
    this.#listen(socket);
  }

  get protection(): Protection<ServerData> | undefined {
    return this.#protection;
  }

  /** True once the client can send nothing more. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Returns the next line; undefined if there is none. */
  next(): Bytes | "too long" | undefined {
    const line = this.#lines.next();
    if (this.#lines.isEmpty && this.#stream.isPaused()) this.#stream.resume();
    return line;
  }

  /**
   * Sends `reply`, and waits while the client is slow to read. Cuts off a client that does not
   * read.
   */
  async send(reply: Reply): Promise<void> {
    const stream = this.#stream;
    if (stream.destroyed || !stream.writable) return;
    if (stream.write(formatReply(reply))) return;
    const deadline = setTimeout(() => this.destroy(), this.#options.stall * 1000);
    await new Promise<void>((resolve) => {
      const go = () => {
        clearTimeout(deadline);
        stream.off("drain", go).off("close", go);
        resolve();
      };
      stream.on("drain", go).on("close", go);
    });
  }

  /**
   * Lets `mechanism` take over the connection, after it has sent `go`. Discards everything the
   * client sent before: an attacker on the wire may have injected it (CVE-2011-0411).
   *
   * @throws Error if the connection is ending, or the handshake fails, after it has cut the
   * connection off
   */
  async protect(mechanism: Mechanism<ServerData>, go: Reply): Promise<void> {
    if (this.#isEnding || this.#hasEnded) throw new Error("the connection is ending");
    const socket = this.#socket;
    // no await until the reply is written, so nothing comes between the discard and the handshake;
    // what arrives later is part of the handshake
    this.#stopListening();
    socket.pause();
    while (socket.read() !== null);
    this.#lines.clear();
    this.#options.discard();
    socket.write(formatReply(go));
    try {
      this.#protection = await mechanism.protect(socket);
    } catch (error) {
      this.destroy();
      throw error;
    }
    this.#stream = this.#protection.control;
    this.#stream.on("error", () => this.destroy());
    this.#stream.once("close", () => this.#end());
    this.#listen(this.#stream);
  }

  /** Ends the connection once all replies are sent. */
  end(): void {
    this.#isEnding = true;
    const stream = this.#stream;
    if (stream.destroyed) return;
    this.#stopListening();
    stream.resume();
    stream.end();
    const deadline = setTimeout(() => this.destroy(), LINGER);
    this.#socket.once("close", () => clearTimeout(deadline));
  }

  /** Cuts the connection off. */
  destroy(): void {
    this.#stream.destroy();
    this.#socket.destroy();
  }

  #listen(stream: Duplex): void {
    const onData = (piece: Bytes) => {
      // paused until the piece is used up: a flood of commands waits in the client's system
      stream.pause();
      this.#lines.feed(piece);
      this.#options.onLines();
    };
    const onEnd = () => this.#end();
    stream.on("data", onData).on("end", onEnd).resume();
    this.#stopListening = () => stream.off("data", onData).off("end", onEnd);
  }

  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#options.onEnd();
  }
}
