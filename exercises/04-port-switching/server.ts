/**
 * Exercise 04, server: shakes hands on one port, and talks on others
 *
 * Run:  npx tsx exercises/04-port-switching/server.ts "pong"
 * Pair: npx tsx exercises/04-port-switching/client.ts "ping"
 *
 * Gives each client a port out of a pool, prints each of its messages there and answers it with its
 * own, until Ctrl-C.
 */

import { printable } from "../../lib/bytes/printable.ts";
import type { Channel } from "../../lib/channel/channel.ts";
import { ChannelServer, handshakeTurns } from "../../lib/channel/channel-server.ts";
import { receiveTexts, sendText, TEXT_LIMIT } from "../../lib/channel/conversation.ts";
import type { Peer } from "../../lib/channel/handshake.ts";
import { exerciseCommandLine, interrupted } from "../../lib/cli/command-line.ts";
import { explain } from "../../lib/cli/diagnostics.ts";
import { parseSeconds } from "../../lib/cli/flags.ts";
import { Reports } from "../../lib/cli/reports.ts";
import { keysBeside, loadIdentity } from "../../lib/files/key-files.ts";
import { PortPool, parsePool } from "../../lib/net/port-pool.ts";
import { Switchboard } from "./switchboard.ts";
import { encodeOffer } from "./ticket.ts";

const { message, fingerprint, keys, name, timeout, flags, ...address } = await exerciseCommandLine({
  name: "exercises/04-port-switching/server.ts",
  purpose: "Prints each message of each client, and answers it with MESSAGE, until Ctrl-C.",
  role: "server",
  limit: TEXT_LIMIT,
  identity: { keys: keysBeside(import.meta.url), name: "server" },
  flags: {
    pool: { value: "FIRST-LAST", default: "10100-10109", help: "the ports to talk on" },
    claim: { value: "SECONDS", default: "10", help: "how long a port is kept for its client" },
    idle: { value: "SECONDS", default: "300", help: "how long a client may stay silent" },
  },
});
const idle = parseSeconds("--idle", flags["idle"]);
const reports = new Reports();
const claim = parseSeconds("--claim", flags["claim"]);
const pool = new PortPool(parsePool("--pool", flags["pool"], address.port), onHeld);

const identity = await loadIdentity(keys, name);
console.error(`My key:     ${identity.fingerprint}`);
const { host } = address;
const turns = handshakeTurns();
const switchboard = new Switchboard(pool, { host, claim, timeout, turns, serve, report });
// clients send nothing on the main port
const main = { identity, timeout, turns, messageLimit: 0, authorize, serve: putThrough, report };
const server = await ChannelServer.listen(address, main);
console.error(`Listening on ${server.address}`);
await interrupted();
await Promise.all([server.close(), switchboard.close()]);
reports.close();

/** Returns the reason to refuse an authenticated client, or else reserves a port for it. */
function authorize(peer: Peer): string | undefined | Promise<string | undefined> {
  const welcome = fingerprint === undefined || peer.fingerprint === fingerprint;
  return welcome ? switchboard.reserve(peer) : "this server accepts another client only";
}

/** Directs one client to its port, with its ticket. */
async function putThrough(channel: Channel, client: string): Promise<void> {
  const offer = await switchboard.offer(channel);
  reports.add("conversations", `${client} is ${channel.peer.fingerprint}, and gets port ${offer.port}`);
  await channel.send(encodeOffer(offer));
}

/** Serves one client on its port. */
async function serve(channel: Channel, client: string, shown: string): Promise<void> {
  reports.add("conversations", `${client} is ${shown}`);
  for await (const text of receiveTexts(channel, idle)) {
    console.log(`Received message: ${printable(text)}`);
    await sendText(channel, message, timeout);
  }
  reports.add("conversations", `${client} has closed`);
}

/** Reports a client that did not close its channel. */
function report(error: unknown, client: string): void {
  reports.add("dropped clients", `${client}: ${explain(error)}`);
}

/** Reports a port that cannot be lent now. */
function onHeld(port: number): void {
  console.error(`port ${port} is passed over for now: another program holds it`);
}
