/**
 * Exercise 02, server: conversations over secure channels, with many clients at once
 *
 * Run:  npx tsx exercises/02-refactor/server.ts "pong"
 * Pair: npx tsx exercises/02-refactor/client.ts "ping"
 *
 * Prints each message of each client and answers it with its own, until Ctrl-C. All cryptography is
 * behind the channel.
 */

import { printable } from "../../lib/bytes/printable.ts";
import type { Channel } from "../../lib/channel/channel.ts";
import { ChannelServer } from "../../lib/channel/channel-server.ts";
import { receiveTexts, sendText, TEXT_LIMIT } from "../../lib/channel/conversation.ts";
import { exerciseCommandLine, interrupted } from "../../lib/cli/command-line.ts";
import { explain } from "../../lib/cli/diagnostics.ts";
import { parseSeconds } from "../../lib/cli/flags.ts";
import { Reports } from "../../lib/cli/reports.ts";
import { keysBeside, loadIdentity } from "../../lib/files/key-files.ts";

const { message, fingerprint, keys, name, timeout, flags, ...address } = await exerciseCommandLine({
  name: "exercises/02-refactor/server.ts",
  purpose: "Prints each message of each client, and answers it with MESSAGE, until Ctrl-C.",
  role: "server",
  limit: TEXT_LIMIT,
  identity: { keys: keysBeside(import.meta.url), name: "server" },
  flags: { idle: { value: "SECONDS", default: "300", help: "how long a client may stay silent" } },
});
const idle = parseSeconds("--idle", flags["idle"]);
const reports = new Reports();

const identity = await loadIdentity(keys, name);
console.error(`My key:     ${identity.fingerprint}`);
const options = { identity, timeout, messageLimit: TEXT_LIMIT, authorize, serve, report };
const server = await ChannelServer.listen(address, options);
console.error(`Listening on ${server.address}`);
await interrupted();
await server.close();
reports.close();

/** Returns the reason to refuse an authenticated client, if there is one. */
function authorize(peer: { fingerprint: string }): string | undefined {
  const welcome = fingerprint === undefined || peer.fingerprint === fingerprint;
  return welcome ? undefined : "this server accepts another client only";
}

/** Serves one client. */
async function serve(channel: Channel, client: string): Promise<void> {
  reports.add("conversations", `${client} is ${channel.peer.fingerprint}`);
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
