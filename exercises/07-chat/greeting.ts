/** The first record of each side of a channel. */
import type { Channel } from "../../lib/channel/channel.ts";
import { within } from "../../lib/channel/conversation.ts";
import { decodeRecord, encodeRecord, type Greeting } from "./chat-record.ts";

/** Sends our greeting, without waiting: a failure shows when the peer's is received. */
export function sendGreeting(channel: Channel, greeting: Greeting): void {
  channel.send(encodeRecord(greeting)).catch(() => {});
}

/**
 * Returns the greeting of the peer.
 *
 * @throws Error unless it comes first and within `timeout` seconds
 */
export async function receiveGreeting(channel: Channel, timeout: number): Promise<Greeting> {
  const message = await within(channel, timeout, channel.receive());
  if (!message) throw new Error("the peer closed the channel without a greeting; its own output may say why");
  const record = decodeRecord(message);
  if (record.type !== "greeting") throw new Error("the peer did not greet first");
  return record;
}
