/** A channel to the server on which a user has logged in. */
import type { Channel } from "../../lib/channel/channel.ts";
import { connectChannel } from "../../lib/channel/channel-client.ts";
import { explain } from "../../lib/cli/diagnostics.ts";
import type { Identity } from "../../lib/crypto/identity.ts";
import type { Address } from "../../lib/net/tcp.ts";
import { FINAL, logIn } from "./login.ts";
import { MESSAGE_LIMIT } from "./protocol.ts";

export interface Account {
  user: string;
  password: string;
  /** The key of this client. */
  identity: Identity;
  /** Throws unless it is the right server. */
  verifyServer: (server: { fingerprint: string }) => Promise<void>;
}

/**
 * Connects to the server at `address`, and logs in.
 *
 * @param address timeout: seconds for the handshake, and for each answer of the login
 * @throws Error with the cause `FINAL` when the server is another one, or refuses the login
 */
export async function connectAs(
  { user, password, identity, verifyServer }: Account,
  address: Address & { timeout: number },
): Promise<Channel> {
  const verifyPeer = (server: { fingerprint: string }) =>
    verifyServer(server).catch((error) => {
      throw new Error(explain(error), { cause: FINAL });
    });
  const channel = await connectChannel(address, { identity, verifyPeer, messageLimit: MESSAGE_LIMIT });
  try {
    await logIn(channel, user, { password, timeout: address.timeout });
    return channel;
  } catch (error) {
    await channel.close();
    throw error;
  }
}
