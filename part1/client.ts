/**
 * Part 1, client: a message in pure RSA, encrypted and signed
 *
 * Run:  npx tsx part1/client.ts "ping"
 * Pair: npx tsx part1/server.ts "pong"
 *
 * Sends one message to the server, prints its answer, and exits.
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
import { connect } from "../lib/net/tcp.ts";

const { message, fingerprint, ...endpoint } = await commandLine({
  name: "part1/client.ts",
  purpose: "Sends MESSAGE to the server, prints its answer, and exits.",
  role: "client",
  limit: TEXT_LIMIT,
});

// Make keys: one RSA pair, for this run only.
const own = await generateKeys();
console.error(`My key:     ${own.fingerprint}`);
trace("made my RSA key pair");

// Exchange keys with the server.
const connection = await connect(endpoint);
trace("connected to the server");
const hello = { version: "sml/part1/v1", role: "client", fingerprint } as const;
const { peer: server, session } = await exchangeHellos(connection, own, hello);
console.error(`Peer's key: ${server.fingerprint}`);
trace("exchanged public keys");

// Sign my message with my private key, encrypt it with the server's public key, send.
const signedText = await signText(message, own, { direction: "client to server", session });
trace("signed my message with my private key");
const request = await encryptBlocks(signedText, server);
trace("encrypted it with the server's public key");
await connection.writeLast(request);
trace(`sent ${request.length} bytes`);

// Receive the answer: decrypt it with my private key, check it with the server's public key.
const received = await connection.readLast(MESSAGE_LIMIT);
trace(`received ${received.length} bytes`);
const signedReply = await decryptBlocks(received, own);
trace("decrypted them with my private key");
const text = await verifyText(signedReply, server, { direction: "server to client", session });
trace("verified the signature with the server's public key");
console.log(`Received message: ${printable(text)}`);
