/**
 * Part 2, client: a message under a Fernet key, which is wrapped with RSA and signed
 *
 * Run:  npx tsx part2/client.ts "ping"
 * Pair: npx tsx part2/server.ts "pong"
 *
 * Sends one message to the server, prints its answer, and exits.
 */

import { printable } from "../lib/bytes/printable.ts";
import { commandLine } from "../lib/cli/command-line.ts";
import { trace } from "../lib/cli/diagnostics.ts";
import { generateFernetKey, openToken, sealToken } from "../lib/crypto/fernet.ts";
import { generateKeys } from "../lib/crypto/keys.ts";
import { exchangeHellos } from "../lib/messages/hello.ts";
import { signRequest, TEXT_LIMIT, verifyReply, wrapKey } from "../lib/messages/hybrid-message.ts";
import { FRAME_LIMIT } from "../lib/net/framing.ts";
import { connect } from "../lib/net/tcp.ts";

const { message, fingerprint, ...endpoint } = await commandLine({
  name: "part2/client.ts",
  purpose: "Sends MESSAGE to the server, prints its answer, and exits.",
  role: "client",
  limit: TEXT_LIMIT,
});

// Make keys: one RSA pair and one Fernet key, for this run only.
const own = await generateKeys();
console.error(`My key:     ${own.fingerprint}`);
trace("made my RSA key pair");
const fernetKey = generateFernetKey();
trace("made a Fernet key");

// Exchange public keys with the server.
const connection = await connect(endpoint);
trace("connected to the server");
const hello = { version: "sml/part2/v1", role: "client", fingerprint } as const;
const { peer: server, session } = await exchangeHellos(connection, own, hello);
console.error(`Peer's key: ${server.fingerprint}`);
trace("exchanged public keys");

// Encrypt my message with the Fernet key, wrap that with the server's public key, sign with my
// private key, send.
const token = await sealToken(fernetKey, message);
trace("encrypted my message with the Fernet key");
const wrappedKey = await wrapKey(fernetKey, server, session);
trace("wrapped the Fernet key with the server's public key");
const request = await signRequest(wrappedKey, token, own, session);
trace("signed both with my private key");
await connection.writeLast(request);
trace(`sent ${request.length} bytes`);

// Receive the answer: check it with the server's public key, decrypt it with the Fernet key.
const reply = await connection.readLast(FRAME_LIMIT);
trace(`received ${reply.length} bytes`);
const replyToken = await verifyReply(reply, request, server, session);
trace("verified the signature with the server's public key");
const text = await openToken(fernetKey, replyToken, { limit: TEXT_LIMIT });
trace("decrypted the message with the Fernet key");
console.log(`Received message: ${printable(text)}`);
