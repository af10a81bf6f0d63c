/**
 * A talk between two people: texts with numbers, which arrive once and in order although the
 * channel under them may be cut and replaced.
 *
 * A text is kept until the peer has said that it received it. On a new channel the two greetings
 * say what each side has received, and the rest is sent again.
 */
import { withDeadline } from "../../lib/async/deadline.ts";
import { type Bytes, equal } from "../../lib/bytes/bytes.ts";
import type { Channel } from "../../lib/channel/channel.ts";
import { randomBytes } from "../../lib/crypto/webcrypto.ts";
import { type ChatRecord, decodeRecord, encodeRecord, type Greeting, PART_LENGTH } from "./chat-record.ts";

/** How often each side says that it is still there, in seconds. */
export const ALIVE_INTERVAL = 5;
/** How long a side may be silent, in seconds. */
export const SILENCE_LIMIT = 15;
/** Maximum number of texts that wait for the peer's word that they have arrived. */
export const MAX_UNRECEIVED = 64;

const EMPTY = new Uint8Array();

/** Whether the key of a peer was met before under this name or address. */
export type Trust = "new" | "known" | "expected";

/** The person at the other end. */
export interface ChatPeer {
  name: string;
  fingerprint: string;
  trust: Trust;
}

/** Shows a talk; the methods are called in the order of the events. */
export interface View {
  /** The peer is there, for the first time or again. */
  here: (peer: ChatPeer, isBack: boolean) => void;
  /** The peer has said something. The next text waits for the promise. */
  text: (peer: ChatPeer, text: string) => void | Promise<void>;
  /** The peer has begun to type, or has stopped. */
  typing: (isTyping: boolean) => void;
  /** Our text with this number has arrived. */
  delivered: (number: number) => void;
  /** Our text with this number has perhaps not arrived, and is not sent again. */
  failed: (number: number) => void;
  /** The channel is cut; the talk may be resumed. */
  cut: (peer: ChatPeer, reason: string) => void;
  /** The talk is over, and not because we left: the peer has left, or did not come back. */
  over: (peer: ChatPeer, how: "left" | "lost") => void;
}

/** How a channel ended: one of the two sides has left, or the channel failed. */
export type Ending = { how: "left" } | { how: "cut"; reason: string };

export class Talk {
  readonly #part = randomBytes(PART_LENGTH);
  readonly #view: View;
  readonly #unreceived = new Map<number, Bytes>();
  #peer: ChatPeer | undefined;
  #peerPart: Bytes | undefined;
  #channel: Channel | undefined;
  #sent = 0;
  #delivered = 0;
  #received = 0;
  #acknowledging = false;
  #isTyping = false;
  #hasLeft = false;
  #isOver = false;
  #changed: (() => void)[] = [];

  constructor(view: View) {
    this.#view = view;
  }

  /** The peer, once it has come. */
  get peer(): ChatPeer | undefined {
    return this.#peer;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** True while a channel to the peer is open. */
  get isConnected(): boolean {
    return this.#channel !== undefined;
  }

  /** Says whether a peer with this greeting has a part in this talk, or may have: it is unused. */
  isMeant(greeting: Greeting, fingerprint: string): boolean {
    if (this.#isOver || (this.#peer && this.#peer.fingerprint !== fingerprint)) return false;
    const isUnused = this.#received === 0 && this.#delivered === 0;
    return isUnused || this.#isResumed(greeting);
  }

  #isResumed({ part, peerPart }: Greeting): boolean {
    return this.#peerPart !== undefined && equal(this.#peerPart, part) && equal(peerPart, this.#part);
  }

  /** Returns our greeting, as the person `name`. */
  greet(name: string): Greeting {
    const peerPart = this.#peerPart ?? EMPTY;
    return { type: "greeting", name, part: this.#part, peerPart, received: this.#received };
  }

  /**
   * Talks over `channel` until it ends; an earlier channel is given up. Call this right after the
   * greetings.
   *
   * @param greeting the peer's, for which `isMeant` is true
   */
  async attach(channel: Channel, greeting: Greeting, peer: ChatPeer): Promise<Ending> {
    this.#channel?.destroy("the peer has connected anew");
    const isBack = this.#peer !== undefined;
    const received = this.#isResumed(greeting) ? greeting.received : 0;
    this.#channel = channel;
    this.#peer = peer;
    this.#peerPart = greeting.part;
    const alive = setInterval(() => sendAlive(channel), ALIVE_INTERVAL * 1000);
    try {
      this.#view.here(peer, isBack);
      this.#markDelivered(received);
      for (const record of this.#unreceived.values()) this.#send(record);
      this.#change();
      await this.#listen(channel, peer);
      await channel.close();
      return { how: "left" };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      channel.destroy(reason);
      if (this.#hasLeft) return { how: "left" };
      return { how: "cut", reason };
    } finally {
      clearInterval(alive);
      if (this.#channel === channel) this.#channel = undefined;
    }
  }

  /**
   * Says `text`, once there is room for another that waits to be received; returns its number.
   *
   * @throws Error when the talk is over
   */
  async say(text: string): Promise<number> {
    while (this.#unreceived.size >= MAX_UNRECEIVED && !this.#isOver) await this.#nextChange();
    if (this.#isOver) throw new Error("the talk is over");
    this.#sent += 1;
    const record = encodeRecord({ type: "text", number: this.#sent, text });
    this.#unreceived.set(this.#sent, record);
    this.#send(record);
    return this.#sent;
  }

  /** Tells the peer that the person here types, or has stopped. */
  typing(isTyping: boolean): void {
    if (this.#isTyping === isTyping) return;
    this.#isTyping = isTyping;
    this.#send(encodeRecord({ type: "typing", isTyping }));
  }

  /** Resolves once the peer is there, or the talk is over. */
  async met(): Promise<void> {
    while (!this.#peer && !this.#isOver) await this.#nextChange();
  }

  /** Resolves once the peer has received all that we said, or the talk is over. */
  async settled(): Promise<void> {
    while (this.#unreceived.size > 0 && !this.#isOver) await this.#nextChange();
  }

  /** Leaves: closes the channel, if there is one; `attach` then returns. */
  async leave(): Promise<void> {
    this.#hasLeft = true;
    await this.#channel?.close();
  }

  /** Ends the talk for good: what the peer has not received has failed. */
  end(how: "left" | "lost"): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const number of this.#unreceived.keys()) this.#view.failed(number);
    this.#unreceived.clear();
    if (this.#peer && !this.#hasLeft) this.#view.over(this.#peer, how);
    this.#change();
  }

  async #listen(channel: Channel, peer: ChatPeer): Promise<void> {
    for (;;) {
      const message = await withDeadline(channel.receive(), SILENCE_LIMIT, () =>
        channel.destroy(`nothing from the peer for ${SILENCE_LIMIT} s`),
      );
      if (!message) return;
      const record = decodeRecord(message);
      if (record.type === "greeting") throw new Error("the peer greeted twice");
      if (record.type === "received") this.#markDelivered(record.number);
      if (record.type === "typing") this.#view.typing(record.isTyping);
      if (record.type === "text") await this.#take(record, peer);
    }
  }

  /** Takes a text, at once, so that it is not taken again over another channel. */
  async #take({ number, text }: ChatRecord & { type: "text" }, peer: ChatPeer): Promise<void> {
    if (number > this.#received + 1) throw new Error("the peer left out a text");
    const isNext = number === this.#received + 1;
    if (isNext) this.#received = number;
    const shown = isNext ? this.#view.text(peer, text) : undefined;
    this.#acknowledge();
    await shown;
  }

  /** Says what has been received, once for all texts that arrive before the channel takes it. */
  #acknowledge(): void {
    if (this.#acknowledging) return;
    this.#acknowledging = true;
    setImmediate(async () => {
      const number = this.#received;
      await this.#channel?.send(encodeRecord({ type: "received", number })).catch(() => {});
      this.#acknowledging = false;
      if (this.#received > number) this.#acknowledge();
    });
  }

  #markDelivered(number: number): void {
    if (number > this.#sent) throw new Error("the peer received a text that was never sent");
    for (; this.#delivered < number; this.#change()) {
      this.#delivered += 1;
      this.#unreceived.delete(this.#delivered);
      this.#view.delivered(this.#delivered);
    }
  }

  /** Sends `record` if there is a channel; what fails is sent again over the next one. */
  #send(record: Bytes): void {
    this.#channel?.send(record).catch(() => {});
  }

  #change(): void {
    for (const wake of this.#changed.splice(0)) wake();
  }

  #nextChange(): Promise<void> {
    return new Promise((resolve) => this.#changed.push(resolve));
  }
}

/** Says that we are there; gives up a channel that does not take it. */
function sendAlive(channel: Channel): void {
  const sent = channel.send(encodeRecord({ type: "alive" }));
  withDeadline(sent, SILENCE_LIMIT, () =>
    channel.destroy(`the peer has taken nothing for ${SILENCE_LIMIT} s`),
  ).catch(() => {});
}
