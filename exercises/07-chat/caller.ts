/** The client of a chat: one talk, which is resumed when its connection is cut. */

import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Channel } from "../../lib/channel/channel.ts";
import type { Peer } from "../../lib/channel/handshake.ts";
import { RECORD_OVERHEAD } from "../../lib/channel/records.ts";
import type { Identity } from "../../lib/crypto/identity.ts";
import { pin } from "../../lib/files/pins.ts";
import { connectPair, type PairClient } from "../../lib/net/pair-socket.ts";
import { type Address, formatAddress } from "../../lib/net/tcp.ts";
import { type Greeting, RECORD_LIMIT } from "./chat-record.ts";
import { receiveGreeting, sendGreeting } from "./greeting.ts";
import { Talk, type Trust, type View } from "./talk.ts";

/** How long a client waits between attempts to come back, in seconds. */
const RETRY_INTERVAL = 1;

export interface CallerOptions {
  identity: Identity;
  /** The name of the person here. */
  person: string;
  /** The folder of the keys, where that of the server is remembered under its address. */
  keys: string;
  /** Accept only this server. */
  fingerprint?: string | undefined;
  /** Seconds in which the server must answer and authenticate. */
  timeout: number;
  /** Seconds in which a connection that was cut may be restored. */
  resume: number;
  view: View;
}

/** A channel to the server, after the greetings. */
interface Reached {
  channel: Channel;
  greeting: Greeting;
  trust: Trust;
}

export class Caller {
  readonly #address: Address;
  readonly #options: CallerOptions;
  #talk: Talk;
  #client: PairClient | undefined;
  #isLeaving = false;
  #isRefused = false;

  constructor(address: Address, options: CallerOptions) {
    this.#address = address;
    this.#options = options;
    this.#talk = new Talk(options.view);
  }

  get talk(): Talk {
    return this.#talk;
  }

  /**
   * Connects, and talks until one side leaves.
   *
   * @throws Error when the server cannot be reached, is refused or refuses us, or when a cut
   *   connection is not restored in time
   */
  async run(): Promise<void> {
    const { timeout, view } = this.#options;
    let reached = await this.#reach(timeout);
    for (;;) {
      const { channel, greeting, trust } = reached;
      const peer = { name: greeting.name, fingerprint: channel.peer.fingerprint, trust };
      if (!this.#talk.isMeant(greeting, peer.fingerprint)) {
        channel.destroy("the server has begun another talk");
        this.#talk.end("lost");
        this.#talk = new Talk(view);
      } else {
        const ending = await this.#talk.attach(channel, greeting, peer);
        if (ending.how === "left" || this.#isLeaving) break;
        view.cut(peer, ending.reason);
      }
      reached = await this.#comeBack();
    }
    this.#talk.end("left");
  }

  /** Leaves the talk; `run` then returns. */
  async leave(): Promise<void> {
    this.#isLeaving = true;
    if (this.#talk.isConnected) await this.#talk.leave();
    else this.#client?.connection.destroy(new Error("left before the server answered"));
  }

  /**
   * Connects again after a cut.
   *
   * @throws Error when that takes too long, or the server is another
   */
  async #comeBack(): Promise<Reached> {
    const deadline = performance.now() + this.#options.resume * 1000;
    for (;;) {
      try {
        return await this.#reach(Math.max(0, deadline - performance.now()) / 1000);
      } catch (error) {
        if (this.#isRefused || this.#isLeaving || performance.now() + RETRY_INTERVAL * 1000 > deadline) {
          this.#talk.end("lost");
          throw error;
        }
      }
      await delay(RETRY_INTERVAL * 1000);
    }
  }

  /** Connects to the server, and exchanges greetings, both within `timeout` seconds. */
  async #reach(timeout: number): Promise<Reached> {
    const { identity, person } = this.#options;
    const deadline = performance.now() + timeout * 1000;
    const client = await connectPair(this.#address, { limit: RECORD_LIMIT + RECORD_OVERHEAD });
    this.#client = client;
    let trust: Trust = "expected";
    const verifyPeer = async (server: Peer) => {
      this.#isRefused = true;
      trust = await this.#check(server.fingerprint);
      this.#isRefused = false;
    };
    const options = { identity, verifyPeer, timeout, messageLimit: RECORD_LIMIT };
    try {
      const channel = await Channel.connect(client.connection, options);
      sendGreeting(channel, this.#talk.greet(person));
      const greeting = await receiveGreeting(channel, (deadline - performance.now()) / 1000);
      return { channel, greeting, trust };
    } catch (error) {
      client.connection.destroy(new Error("the connection is given up"));
      throw client.connection.answered ? error : this.#unanswered(client.met, timeout);
    }
  }

  /**
   * Compares the key of the server with the expected or the known one.
   *
   * @throws Error when it differs
   */
  async #check(shown: string): Promise<Trust> {
    const { keys, fingerprint } = this.#options;
    if (fingerprint === undefined)
      return pin(join(keys, "known-servers"), formatAddress(this.#address), shown);
    if (shown === fingerprint) return "expected";
    throw new Error(`the server is refused: its key is ${shown}, expected ${fingerprint}`);
  }

  #unanswered(met: boolean, timeout: number): Error {
    const address = formatAddress(this.#address);
    const why = met
      ? "the place is perhaps taken by another client; try again later"
      : "nothing listens there, or no ZeroMQ socket; start the server, or check --host and --port";
    return new Error(`no answer from ${address} within ${timeout} s: ${why}`);
  }
}
