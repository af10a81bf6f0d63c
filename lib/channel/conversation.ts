/** Texts over a channel, with limits on their length and on the time that each side may take. */
import { withDeadline } from "../async/deadline.ts";
import { decodeUtf8, encodeUtf8 } from "../bytes/bytes.ts";
import { trace } from "../cli/diagnostics.ts";
import type { Channel } from "./channel.ts";

/** Maximum length of a text in bytes of UTF-8. */
export const TEXT_LIMIT = 1024 * 1024;

/**
 * Sends `text`.
 *
 * @throws Error when the channel has failed, or the peer has not accepted it within `timeout`
 *   seconds
 */
export async function sendText(channel: Channel, text: string, timeout: number): Promise<void> {
  const message = encodeUtf8(text);
  await within(channel, timeout, channel.send(message));
  trace(`sent ${message.length} bytes`);
}

/**
 * Returns the next text, or undefined once the peer has closed its direction.
 *
 * @throws Error when the channel has failed, when no text arrives within `timeout` seconds, or when
 *   it is too long or not UTF-8
 */
export async function receiveText(channel: Channel, timeout: number): Promise<string | undefined> {
  const message = await within(channel, timeout, channel.receive());
  trace(message ? `received ${message.length} bytes` : "the peer has closed its direction");
  return message && decodeUtf8(message, TEXT_LIMIT);
}

/**
 * Yields the texts until the peer closes its direction.
 *
 * @throws as `receiveText`, `timeout` seconds after the last
 */
export async function* receiveTexts(channel: Channel, timeout: number): AsyncGenerator<string> {
  for (
    let text = await receiveText(channel, timeout);
    text !== undefined;
    text = await receiveText(channel, timeout)
  )
    yield text;
}

/**
 * Yields `texts`, such as lines from a terminal, until the peer closes its direction.
 *
 * @throws Error when it does, or when the channel fails, before the next text is available
 */
export async function* whileOpen(channel: Channel, texts: AsyncIterable<string>): AsyncGenerator<string> {
  const closed = channel.peerClosed.then(() => undefined);
  const iterator = texts[Symbol.asyncIterator]();
  for (;;) {
    const next = await Promise.race([iterator.next(), closed]);
    if (!next) {
      // throws if it did not end properly
      await channel.receive();
      throw new Error("the peer has closed the channel");
    }
    if (next.done) return;
    yield next.value;
  }
}

/** Waits for `work`; destroys the channel, which ends the work, after `timeout` seconds. */
export async function within<T>(channel: Channel, timeout: number, work: Promise<T>): Promise<T> {
  return withDeadline(work, timeout, () => {
    channel.destroy(`timed out: nothing from the peer for ${timeout} s`);
  });
}
