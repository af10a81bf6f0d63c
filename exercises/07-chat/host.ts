/**
 * The server of a chat: one talk at a time, over a PAIR socket.
 *
 * A newcomer with the key of the peer takes over its talk, once it has proved that key; the server
 * is busy for any other key, for as long as the peer may come back.
 */
import { join } from "node:path";
import { Channel } from "../../lib/channel/channel.ts";
import type { Peer } from "../../lib/channel/handshake.ts";
import { RECORD_OVERHEAD } from "../../lib/channel/records.ts";
import { BUSY } from "../../lib/channel/refusal.ts";
import { explain } from "../../lib/cli/diagnostics.ts";
import type { Identity } from "../../lib/crypto/identity.ts";
import { pin } from "../../lib/files/pins.ts";
import type { MessageConnection } from "../../lib/net/message-connection.ts";
import { DISPLACED, PairServer } from "../../lib/net/pair-socket.ts";
import type { Address } from "../../lib/net/tcp.ts";
import { RECORD_LIMIT } from "./chat-record.ts";
import { receiveGreeting, sendGreeting } from "./greeting.ts";
import { Talk, type View } from "./talk.ts";

const REOPENED = new Error("the server has disconnected all, to make room");

export interface HostOptions {
  identity: Identity;
  /** The name of the person here. */
  person: string;
  /** The folder of the keys, where those of clients are remembered under their names. */
  keys: string;
  /** Accept only this client. */
  fingerprint?: string | undefined;
  /** Seconds in which a client must authenticate. */
  timeout: number;
  /** Seconds in which a client whose connection was cut may come back. */
  resume: number;
  view: View;
  /** Called with each event that is none of a talk, in words. */
  report: (line: string) => void;
}

export class Host {
  /** Resolves once the first talk is over. */
  readonly firstTalk: Promise<"left" | "lost">;
  readonly #options: HostOptions;
  #onOver: (how: "left" | "lost") => void = () => {};
  #talk: Talk;
  #server: PairServer | undefined;
  #reopening: Promise<void> | undefined;
  #squatter: NodeJS.Timeout | undefined;
  #return: NodeJS.Timeout | undefined;
  #closing = false;

  /** Listens on `address`. @throws Error when it cannot */
  static async open(address: Address, options: HostOptions): Promise<Host> {
    const host = new Host(options);
    host.#server = await PairServer.listen(address, {
      limit: RECORD_LIMIT + RECORD_OVERHEAD,
      take: (connection) => void host.#take(connection),
      onPeer: () => host.#expect(),
    });
    return host;
  }

  private constructor(options: HostOptions) {
    this.#options = options;
    this.#talk = new Talk(options.view);
    this.firstTalk = new Promise((resolve) => {
      this.#onOver = resolve;
    });
  }

  /** HOST:PORT. */
  get address(): string {
    return this.#server?.address ?? "";
  }

  /** The current talk, or the next one if there is no peer. */
  get talk(): Talk {
    return this.#talk;
  }

  /** Leaves the talk, and stops listening. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#stopTimers();
    await this.#talk.leave();
    await this.#reopening;
    await this.#server?.close(new Error("the server has ended"));
  }

  /** Serves a client that has sent its first message. */
  async #take(connection: MessageConnection): Promise<void> {
    const { identity, timeout } = this.#options;
    const authorize = (peer: Peer) => this.#whyNot(peer);
    const options = { identity, timeout, authorize, messageLimit: RECORD_LIMIT };
    try {
      const channel = await Channel.accept(connection, options);
      await this.#meet(channel, connection).catch(async (error) => {
        await channel.close();
        throw error;
      });
    } catch (error) {
      if (this.#closing || error === DISPLACED || error === REOPENED) return;
      this.#options.report(explain(error));
      await this.#reopen();
    }
  }

  /** Returns the reason to refuse an authenticated client, if there is one. */
  #whyNot({ fingerprint }: Peer): string | undefined {
    const { fingerprint: expected } = this.#options;
    if (expected !== undefined && fingerprint !== expected) return "this server accepts another client only";
    const { peer } = this.#talk;
    return peer && peer.fingerprint !== fingerprint ? BUSY : undefined;
  }

  /** Greets an authenticated client, and talks until the channel ends. */
  async #meet(channel: Channel, connection: MessageConnection): Promise<void> {
    const { person, timeout, fingerprint: expected, keys } = this.#options;
    const { fingerprint } = channel.peer;
    const greeting = await receiveGreeting(channel, timeout);
    const { name } = greeting;
    const trust = expected ? "expected" : await pin(join(keys, "known-clients"), name, fingerprint);
    // another client may have come meanwhile
    const reason = this.#whyNot(channel.peer);
    if (reason !== undefined) throw new Error(`refused the client: ${reason}`);
    if (this.#closing) return;
    if (!this.#talk.isMeant(greeting, fingerprint)) this.#end("lost");
    this.#stopTimers();
    this.#server?.keep(connection);
    const talk = this.#talk;
    sendGreeting(channel, talk.greet(person));
    const ending = await talk.attach(channel, greeting, { name, fingerprint, trust });
    // another channel of the same peer may have taken over
    if (talk.isOver || talk.isConnected || this.#closing) return;
    if (ending.how === "left") this.#end("left");
    else {
      this.#options.view.cut({ name, fingerprint, trust }, ending.reason);
      this.#return = setTimeout(() => this.#end("lost"), this.#options.resume * 1000);
    }
    await this.#reopen();
  }

  /** Ends the talk, and begins the next one. */
  #end(how: "left" | "lost"): void {
    clearTimeout(this.#return);
    const talk = this.#talk;
    this.#talk = new Talk(this.#options.view);
    talk.end(how);
    this.#onOver(how);
  }

  /** Gives a peer that has connected its time to authenticate, unless there is a talk. */
  #expect(): void {
    if (this.#squatter || this.#talk.isConnected || this.#closing) return;
    const { timeout, report } = this.#options;
    this.#squatter = setTimeout(() => {
      this.#squatter = undefined;
      if (this.#talk.isConnected) return;
      report(`disconnected a client that did not authenticate within ${timeout} s`);
      void this.#reopen();
    }, timeout * 1000);
  }

  #stopTimers(): void {
    clearTimeout(this.#squatter);
    clearTimeout(this.#return);
    this.#squatter = undefined;
  }

  /** Disconnects all clients, so that others have a chance. */
  #reopen(): Promise<void> {
    this.#reopening ??= (async () => {
      clearTimeout(this.#squatter);
      this.#squatter = undefined;
      if (!this.#closing) await this.#server?.reopen(REOPENED);
      this.#reopening = undefined;
    })();
    return this.#reopening;
  }
}
