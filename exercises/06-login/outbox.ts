/**
 * The messages of a client, until they are confirmed: numbered, and sent again over a new channel
 * when one is lost.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type Bytes, equal } from "../../lib/bytes/bytes.ts";
import type { Channel } from "../../lib/channel/channel.ts";
import { explain } from "../../lib/cli/diagnostics.ts";
import { randomBytes } from "../../lib/crypto/webcrypto.ts";
import { FINAL, unexpected } from "./login.ts";
import { decodeMessage, IN_FLIGHT, MAX_NUMBER, SESSION_LENGTH, send } from "./protocol.ts";

/** Seconds before the first attempt to connect again, and the most. */
const FIRST_PAUSE = 0.1;
const LONGEST_PAUSE = 2;

export interface OutboxOptions {
  /** Returns a channel on which the login is done, within some `seconds`. */
  connect: (seconds: number) => Promise<Channel>;
  /** Seconds from a failure until the client gives up, unless a message is confirmed. */
  timeout: number;
  /** Called for each number in order. */
  confirmed: (number: number) => void;
  /** Called with each failure after which it connects again. */
  report: (text: string) => void;
}

export class Outbox {
  /** The last number that is confirmed. */
  confirmed = 0;
  readonly #session: Bytes = randomBytes(SESSION_LENGTH);
  readonly #options: OutboxOptions;
  /** Texts that are not confirmed: the first has the number `confirmed + 1`. */
  readonly #texts: string[] = [];
  /** The last number that was sent over the current channel. */
  #sent = 0;
  #hasEnded = false;
  #inputError: Error | undefined;
  #waiting: (() => void)[] = [];
  #watchdog: NodeJS.Timeout | undefined;

  /** @param texts the messages; not read further than `IN_FLIGHT` ahead of the confirmations */
  constructor(texts: AsyncIterable<string>, options: OutboxOptions) {
    this.#options = options;
    this.#collect(texts).catch((error) => {
      this.#inputError = new Error(explain(error), { cause: FINAL });
      this.#wake();
    });
  }

  /**
   * Sends all texts, and returns when the last is confirmed.
   *
   * @throws Error when the first connection fails, when the server refuses us, or when it does not
   *   come back in time
   */
  async deliver(): Promise<void> {
    const { connect, timeout, report } = this.#options;
    let channel: Channel | undefined = await connect(timeout);
    let failedAt: number | undefined;
    for (let pause = FIRST_PAUSE; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
      const before = this.confirmed;
      try {
        channel ??= await connect(timeLeft(failedAt, timeout));
        await this.#sendOver(channel);
        await channel.close();
        return;
      } catch (error) {
        channel?.destroy("the client gives this channel up");
        channel = undefined;
        if (this.confirmed > before) [failedAt, pause] = [undefined, FIRST_PAUSE];
        failedAt ??= performance.now();
        if (isFinal(error) || timeLeft(failedAt, timeout) <= 0) throw this.#summed(error);
        report(`${explain(error)}; connecting again`);
      }
      // others that have lost the same server do not come back at the same moment
      await sleep(Math.min(pause * (0.5 + Math.random() / 2), timeLeft(failedAt, timeout)) * 1000);
    }
  }

  async #collect(texts: AsyncIterable<string>): Promise<void> {
    for await (const text of texts) {
      while (this.#texts.length >= IN_FLIGHT) await this.#change();
      if (this.confirmed + this.#texts.length >= MAX_NUMBER)
        throw new Error("this client has run out of numbers; start it again");
      this.#texts.push(text);
      this.#wake();
    }
    this.#hasEnded = true;
    this.#wake();
  }

  /** Sends what is not confirmed, then what comes, until all is confirmed. */
  async #sendOver(channel: Channel): Promise<void> {
    this.#sent = this.confirmed;
    let isOver = false;
    const receiving = this.#receive(channel).finally(() => {
      isOver = true;
      this.#wake();
    });
    const sending = async () => {
      while (!isOver && !(this.#hasEnded && this.#texts.length === 0)) {
        if (this.#inputError && this.#texts.length === 0) throw this.#inputError;
        const text = this.#texts[this.#sent - this.confirmed];
        if (text === undefined) await this.#change();
        else await this.#send(channel, text);
      }
      if (isOver) await receiving;
    };
    try {
      await Promise.race([receiving, sending()]);
    } finally {
      clearTimeout(this.#watchdog);
    }
  }

  async #send(channel: Channel, text: string): Promise<void> {
    if (this.#sent === this.confirmed) this.#watch(channel);
    this.#sent += 1;
    const message = { type: "text", session: this.#session, number: this.#sent, text } as const;
    await send(channel, message, this.#options.timeout);
  }

  /** Takes confirmations. @throws Error when the channel is over, or the server sends else */
  async #receive(channel: Channel): Promise<never> {
    for (;;) {
      const bytes = await channel.receive();
      const message = bytes && decodeMessage(bytes);
      if (message?.type !== "confirmed") throw unexpected(message);
      const { session, number } = message;
      if (!equal(session, this.#session) || number > this.#sent)
        throw new Error(`the server confirms message ${number}, which was not sent`, { cause: FINAL });
      while (this.confirmed < number) {
        this.confirmed += 1;
        this.#texts.shift();
        this.#options.confirmed(this.confirmed);
      }
      this.#watch(channel);
      this.#wake();
    }
  }

  /** Destroys the channel when it takes too long until something is confirmed. */
  #watch(channel: Channel): void {
    clearTimeout(this.#watchdog);
    if (this.#texts.length === 0) return;
    const { timeout } = this.#options;
    this.#watchdog = setTimeout(() => {
      channel.destroy(`timed out: nothing was confirmed for ${timeout} s`);
    }, timeout * 1000);
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #summed(error: unknown): Error {
    return new Error(
      `${explain(error)}; messages confirmed: ${this.confirmed}, not confirmed: ${this.#texts.length}`,
    );
  }
}

/** Returns the seconds until the client gives up. */
function timeLeft(failedAt: number | undefined, timeout: number): number {
  return failedAt === undefined ? timeout : Math.max(0, timeout - (performance.now() - failedAt) / 1000);
}

function isFinal(error: unknown): boolean {
  return error instanceof Error && error.cause === FINAL;
}
