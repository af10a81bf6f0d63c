/** A secure channel to a server, over TCP. */

import { type Address, open } from "../net/tcp.ts";
import { Channel, type ChannelLimits, HANDSHAKE_TIMEOUT } from "./channel.ts";
import type { ClientOptions } from "./handshake.ts";

/**
 * Connects to a server and performs the handshake, both within `timeout` seconds.
 *
 * @throws Error when nothing listens there, or as `Channel.connect`
 */
export async function connectChannel(
  address: Address & { timeout?: number },
  options: ClientOptions & Pick<ChannelLimits, "messageLimit">,
): Promise<Channel> {
  const { timeout = HANDSHAKE_TIMEOUT } = address;
  const start = performance.now();
  const transport = await open({ ...address, timeout });
  const elapsed = (performance.now() - start) / 1000;
  return Channel.connect(transport, { ...options, timeout: Math.max(0, timeout - elapsed) });
}
