/**
 * Exercise 03, server: conversations with those on a list
 *
 * Run:  npx tsx exercises/03-allow-list/server.ts "pong"
 * Pair: npx tsx exercises/03-allow-list/client.ts "ping"
 *
 * Prints each message of each client on the list and answers it with its own, until Ctrl-C.
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
import { AllowList } from "./allow-list.ts";

const { message, fingerprint, keys, name, timeout, flags, ...address } = await exerciseCommandLine({
  name: "exercises/03-allow-list/server.ts",
  purpose: "Prints each message of each client on the list, and answers it with MESSAGE, until Ctrl-C.",
  role: "server",
  limit: TEXT_LIMIT,
  identity: { keys: keysBeside(import.meta.url), name: "server" },
  flags: {
    allowed: { value: "FILE", default: `${import.meta.dirname}/allowed.csv`, help: "the list" },
    idle: { value: "SECONDS", default: "300", help: "how long a client may stay silent" },
  },
});
const idle = parseSeconds("--idle", flags["idle"]);
const reports = new Reports();

const allowList = await AllowList.open(flags["allowed"] ?? "");
const identity = await loadIdentity(keys, name);
console.error(`My key:     ${identity.fingerprint}`);
const options = { identity, timeout, messageLimit: TEXT_LIMIT, authorize, serve, report };
const server = await ChannelServer.listen(address, options);
console.error(`Listening on ${server.address}`);
const stopWatching = allowList.watch({ changed: cutOff, failed: (error) => console.error(explain(error)) });
await interrupted();
stopWatching();
await server.close();
reports.close();

/** Returns the reason to refuse an authenticated client, if there is one. */
function authorize({ fingerprint: shown }: { fingerprint: string }): string | undefined {
  if (fingerprint !== undefined && shown !== fingerprint) return "this server accepts another client only";
  return allowList.find(shown) ? undefined : `${shown} is not on the list`;
}

/** Destroys the channels of clients that are no longer on the list. */
function cutOff(): void {
  console.error(`${flags["allowed"]} has changed`);
  for (const channel of server.channels) {
    if (authorize(channel.peer)) channel.destroy("its key was taken off the list");
  }
}

/** Serves one client. */
async function serve(channel: Channel, client: string): Promise<void> {
  // the list may have changed during the handshake
  const entry = allowList.find(channel.peer.fingerprint);
  if (!entry) throw new Error("its key was taken off the list");
  reports.add("conversations", `${client} is ${entry.name}, ${channel.peer.fingerprint}`);
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
