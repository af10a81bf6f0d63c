/**
 * Part 2, server: a message under a Fernet key, which is wrapped with RSA and signed
 *
 * Run:  npx tsx part2/server.ts "pong"
 * Pair: npx tsx part2/client.ts "ping"
 *
 * Waits for one client, prints its message, answers with its own, and exits.
 */

import { printable } from "../lib/bytes/printable.ts";
import { commandLine } from "../lib/cli/command-line.ts";
import { trace } from "../lib/cli/diagnostics.ts";
import { openToken, sealToken } from "../lib/crypto/fernet.ts";
import { generateKeys } from "../lib/crypto/keys.ts";
import { exchangeHellos } from "../lib/messages/hello.ts";
import { signReply, TEXT_LIMIT, unwrapKey, verifyRequest } from "../lib/messages/hybrid-message.ts";
import { FRAME_LIMIT } from "../lib/net/framing.ts";
import { listenOnce } from "../lib/net/tcp.ts";

const { message, fingerprint, ...endpoint } = await commandLine({
  name: "part2/server.ts",
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
const hello = { version: "sml/part2/v1", role: "server", fingerprint } as const;
const { peer: client, session } = await exchangeHellos(connection, own, hello);
console.error(`Peer's key: ${client.fingerprint}`);
trace("exchanged public keys");

// Receive the request: check it with the client's public key, unwrap the Fernet key with my private
// key, decrypt.
const request = await connection.readLast(FRAME_LIMIT);
trace(`received ${request.length} bytes`);
const { wrappedKey, token } = await verifyRequest(request, client, session);
trace("verified the signature with the client's public key");
const fernetKey = await unwrapKey(wrappedKey, own, session);
trace("unwrapped the Fernet key with my private key");
const text = await openToken(fernetKey, token, { limit: TEXT_LIMIT });
trace("decrypted the message with the Fernet key");
console.log(`Received message: ${printable(text)}`);

// Answer: encrypt with the same Fernet key, sign with my private key, send.
const replyToken = await sealToken(fernetKey, message);
trace("encrypted my reply with the Fernet key");
const reply = await signReply(replyToken, request, own, session);
trace("signed it with my private key");
await connection.writeLast(reply);
trace(`sent ${reply.length} bytes`);
