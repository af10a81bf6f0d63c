/**
 * The messages of one client that has logged in: each goes to the journal, and is confirmed when it
 * is there.
 *
 * A client may send some messages ahead. The confirmation of a number counts for all numbers before
 * it, so a batch of the journal costs one confirmation.
 */
import { type Bytes, encodeUtf8, equal, toHex } from "../../lib/bytes/bytes.ts";
import type { Channel } from "../../lib/channel/channel.ts";
import { explain } from "../../lib/cli/diagnostics.ts";
import { type Journal, NotStored } from "./journal.ts";
import { unexpected } from "./login.ts";
import { IN_FLIGHT, type Message, receive, send, TEXT_LIMIT } from "./protocol.ts";
import type { Rate } from "./rate.ts";

export interface InboxOptions {
  user: string;
  /** Says whether the account is still as it was at the login. */
  isCurrent: () => boolean;
  journal: Pick<Journal, "append" | "end">;
  rate: Rate;
  /** Seconds that the client may stay silent. */
  idle: number;
  /** Seconds that it may take to accept a message of ours. */
  timeout: number;
}

const KIB = 1024;
/** The reason to end the session of a user who was removed, locked or changed. */
export const CHANGED = "this account has changed";

export class Inbox {
  /** Messages that are on disk, counting those that were sent again. */
  stored = 0;
  readonly #channel: Channel;
  readonly #options: InboxOptions;
  #session: Bytes | undefined;
  /** Messages, and bytes of texts, that are on their way to the disk. */
  #waiting = 0;
  #waitingBytes = 0;
  /** The last number that is on disk and not confirmed yet. */
  #unsaid: number | undefined;
  #saying: Promise<void> | undefined;
  #failure: Error | undefined;
  #closing: Promise<void> | undefined;
  #wake: () => void = () => {};

  constructor(channel: Channel, options: InboxOptions) {
    this.#channel = channel;
    this.#options = options;
  }

  /**
   * Takes messages until the client closes the channel.
   *
   * @throws Error when one cannot be taken, which has been said to the client, or when the client
   *   goes away
   */
  async run(): Promise<void> {
    const { user, journal, idle } = this.#options;
    try {
      for (let message = await receive(this.#channel, idle); message; ) {
        await this.#take(message);
        message = await receive(this.#channel, idle);
      }
    } catch (error) {
      this.stop(error);
    }
    while (this.#waiting > 0) await this.#change();
    await this.#saying;
    await this.#closing;
    if (this.#failure) throw this.#failure;
    if (this.#session) journal.end({ user, session: toHex(this.#session) });
  }

  /** Ends the channel, and says why; what arrives from now on is not taken. */
  stop(error: unknown): void {
    if (this.#failure) return;
    this.#failure = error instanceof Error ? error : new Error(explain(error));
    const type = error instanceof NotStored ? "failed" : "refused";
    const saying = send(this.#channel, { type, reason: this.#failure.message }, this.#options.timeout);
    // what is in flight is read and discarded: a reset could overtake the reason
    this.#closing = saying.then(
      () => this.#channel.close(),
      () => {},
    );
    this.#wake();
  }

  async #take(message: Message): Promise<void> {
    if (message.type !== "text") throw unexpected(message);
    const { session, number, text } = message;
    this.#session ??= session;
    if (!equal(this.#session, session)) throw new Error("one session only is allowed on a channel");
    const { user, isCurrent, journal, rate } = this.#options;
    const bytes = encodeUtf8(text).length;
    await rate.take(user, 1 + bytes / KIB);
    while (!this.#failure && !this.#hasRoom()) await this.#change();
    if (this.#failure) throw this.#failure;
    if (!isCurrent()) throw new Error(CHANGED);
    this.#waiting += 1;
    this.#waitingBytes += bytes;
    const entry = {
      time: new Date().toISOString(),
      user,
      key: this.#channel.peer.fingerprint,
      session: toHex(session),
      number,
      text,
    };
    journal
      .append(entry)
      .then(() => this.#confirm(number))
      .catch((error) => this.stop(error))
      .finally(() => {
        this.#waiting -= 1;
        this.#waitingBytes -= bytes;
        this.#wake();
      });
  }

  #hasRoom(): boolean {
    return this.#waiting < IN_FLIGHT && this.#waitingBytes < TEXT_LIMIT;
  }

  #confirm(number: number): void {
    this.stored += 1;
    this.#unsaid = Math.max(this.#unsaid ?? 0, number);
    this.#saying ??= this.#say().catch((error) => this.stop(error));
  }

  async #say(): Promise<void> {
    const session = this.#session ?? new Uint8Array();
    // after all others of the same batch
    await Promise.resolve();
    while (this.#unsaid !== undefined && !this.#failure) {
      const number = this.#unsaid;
      this.#unsaid = undefined;
      await send(this.#channel, { type: "confirmed", session, number }, this.#options.timeout);
    }
    this.#saying = undefined;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
