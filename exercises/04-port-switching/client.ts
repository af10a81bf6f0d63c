/**
 * Exercise 04, client: shakes hands on one port, and talks on another
 *
 * Run:  npx tsx exercises/04-port-switching/client.ts "ping"
 * Pair: npx tsx exercises/04-port-switching/server.ts "pong"
 *
 * Sends its message, or each line of standard input, and prints each answer, on a port that the
 * server gives it.
 */

import { printable } from "../../lib/bytes/printable.ts";
import { connectChannel } from "../../lib/channel/channel-client.ts";
import { receiveText, sendText, TEXT_LIMIT, whileOpen } from "../../lib/channel/conversation.ts";
import { exerciseCommandLine } from "../../lib/cli/command-line.ts";
import { keysBeside, loadIdentity } from "../../lib/files/key-files.ts";
import { knownServer } from "../../lib/files/pins.ts";
import { deriveTicketKey, OFFER_LENGTH, receiveOffer } from "./ticket.ts";
import { whenFree } from "./when-free.ts";

const { messages, fingerprint, keys, name, timeout, flags, ...address } = await exerciseCommandLine({
  name: "exercises/04-port-switching/client.ts",
  purpose: "Sends MESSAGE, or each line of standard input, to the server, and prints each answer.",
  role: "client",
  limit: TEXT_LIMIT,
  identity: { keys: keysBeside(import.meta.url), name: "client" },
  optionalMessage: true,
  flags: { wait: { help: "when no port is free, wait for one" } },
});

const identity = await loadIdentity(keys, name);
console.error(`My key:     ${identity.fingerprint}`);
const verifyPeer = knownServer(keys, address, fingerprint);

// Shake hands on the main port, and receive a port and a ticket there.
const options = { identity, verifyPeer, messageLimit: OFFER_LENGTH };
const connectMain = () => connectChannel({ ...address, timeout }, options);
const main = await whenFree(connectMain, flags["wait"] !== undefined);
const { port, ticket } = await receiveOffer(main, timeout);
const key = deriveTicketKey(main, ticket);
await main.close();

// Talk on that port, under the key that goes with the ticket.
const preSharedKey = { id: ticket, key };
const channel = await connectChannel(
  { ...address, port, timeout },
  { preSharedKey, messageLimit: TEXT_LIMIT },
);
for await (const text of whileOpen(channel, messages)) {
  await sendText(channel, text, timeout);
  const answer = await receiveText(channel, timeout);
  if (answer === undefined) throw new Error("the server closed the channel without an answer");
  console.log(`Received message: ${printable(answer)}`);
}
await channel.close();
