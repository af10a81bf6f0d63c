/**
 * Part 1, server: a message in pure RSA, encrypted and signed
 *
 * Run:  npx tsx part1/server.ts "pong"
 * Pair: npx tsx part1/client.ts "ping"
 *
 * Waits for one client, prints its message, answers with its own, and exits.
 */

import { printable } from "../lib/bytes/printable.ts";
import { commandLine } from "../lib/cli/command-line.ts";
import { trace } from "../lib/cli/diagnostics.ts";
import { generateKeys } from "../lib/crypto/keys.ts";
import { exchangeHellos } from "../lib/messages/hello.ts";
import {
  decryptBlocks,
  encryptBlocks,
  MESSAGE_LIMIT,
  signText,
  TEXT_LIMIT,
  verifyText,
} from "../lib/messages/rsa-message.ts";
import { listenOnce } from "../lib/net/tcp.ts";

const { message, fingerprint, ...endpoint } = await commandLine({
  name: "part1/server.ts",
  purpose: "Waits for one client, prints its message, answers with MESSAGE, and exits.",
  role: "server",
  limit: TEXT_LIMIT,
});
const { address, connection: arrival } = await listenOnce(endpoint);
console.error(`Listening on ${address}`);

// Make keys: one RSA pair, for this run only.
const own = await generateKeys();
console.error(`My key:     ${own.fingerprint}`);
trace("made my RSA key pair");

// Exchange keys with the client.
const connection = await arrival;
trace("a client connected");
const hello = { version: "sml/part1/v1", role: "server", fingerprint } as const;
const { peer: client, session } = await exchangeHellos(connection, own, hello);
console.error(`Peer's key: ${client.fingerprint}`);
trace("exchanged public keys");

// Receive the client's message: decrypt it with my private key, check it with the client's public
// key.
const received = await connection.readLast(MESSAGE_LIMIT);
trace(`received ${received.length} bytes`);
const signedText = await decryptBlocks(received, own);
trace("decrypted them with my private key");
const text = await verifyText(signedText, client, { direction: "client to server", session });
trace("verified the signature with the client's public key");
console.log(`Received message: ${printable(text)}`);

// Answer: sign with my private key, encrypt with the client's public key, send.
const signedReply = await signText(message, own, { direction: "server to client", session });
trace("signed my reply with my private key");
const reply = await encryptBlocks(signedReply, client);
trace("encrypted it with the client's public key");
await connection.writeLast(reply);
trace(`sent ${reply.length} bytes`);
