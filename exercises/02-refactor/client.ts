/**
 * Exercise 02, client: a conversation over a secure channel
 *
 * Run:  npx tsx exercises/02-refactor/client.ts "ping"
 * Pair: npx tsx exercises/02-refactor/server.ts "pong"
 *
 * Sends its message, or each line of standard input, and prints each answer. All cryptography is
 * behind the channel.
 */

import { printable } from "../../lib/bytes/printable.ts";
import { connectChannel } from "../../lib/channel/channel-client.ts";
import { receiveText, sendText, TEXT_LIMIT, whileOpen } from "../../lib/channel/conversation.ts";
import { exerciseCommandLine } from "../../lib/cli/command-line.ts";
import { keysBeside, loadIdentity } from "../../lib/files/key-files.ts";
import { knownServer } from "../../lib/files/pins.ts";

const { messages, fingerprint, keys, name, timeout, ...address } = await exerciseCommandLine({
  name: "exercises/02-refactor/client.ts",
  purpose: "Sends MESSAGE, or each line of standard input, to the server, and prints each answer.",
  role: "client",
  limit: TEXT_LIMIT,
  identity: { keys: keysBeside(import.meta.url), name: "client" },
  optionalMessage: true,
});

const identity = await loadIdentity(keys, name);
console.error(`My key:     ${identity.fingerprint}`);
const verifyPeer = knownServer(keys, address, fingerprint);
const options = { identity, verifyPeer, messageLimit: TEXT_LIMIT };
const channel = await connectChannel({ ...address, timeout }, options);
for await (const text of whileOpen(channel, messages)) {
  await sendText(channel, text, timeout);
  const answer = await receiveText(channel, timeout);
  if (answer === undefined) throw new Error("the server closed the channel without an answer");
  console.log(`Received message: ${printable(answer)}`);
}
await channel.close();
