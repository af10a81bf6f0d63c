/**
 * Exercise 01, client: keys live in text files, and the server's key is remembered
 *
 * Run:  npx tsx exercises/01-persisted-keys/client.ts "ping"
 * Pair: npx tsx exercises/01-persisted-keys/server.ts "pong"
 *
 * Sends one message to the server that it met before, prints its answer, and exits.
 */

import { printable } from "../../lib/bytes/printable.ts";
import { exerciseCommandLine } from "../../lib/cli/command-line.ts";
import { trace } from "../../lib/cli/diagnostics.ts";
import { generateFernetKey, openToken, sealToken } from "../../lib/crypto/fernet.ts";
import { keysBeside, loadIdentity } from "../../lib/files/key-files.ts";
import { pinServer } from "../../lib/files/pins.ts";
import { signRequest, TEXT_LIMIT, verifyReply, wrapKey } from "../../lib/messages/hybrid-message.ts";
import { FRAME_LIMIT } from "../../lib/net/framing.ts";
import { connect } from "../../lib/net/tcp.ts";
import { greetServer, VERSION } from "./hello.ts";

const { message, fingerprint, keys, name, ...endpoint } = await exerciseCommandLine({
  name: "exercises/01-persisted-keys/client.ts",
  purpose: "Sends MESSAGE to the server that it met before, prints its answer, and exits.",
  role: "client",
  limit: TEXT_LIMIT,
  identity: { keys: keysBeside(import.meta.url), name: "client" },
});

// Load my identity, which signs, or make it; and make one Fernet key, for this run only.
const own = await loadIdentity(keys, name);
console.error(`My key:     ${own.fingerprint}`);
trace("loaded my identity");
const fernetKey = generateFernetKey();
trace("made a Fernet key");

// Exchange hellos with the server: it proves its identity, which must be the one I know, and sends
// a key for this session.
const connection = await connect(endpoint);
trace("connected to the server");
const { server, wrappingKey, session } = await greetServer(connection, own, { name, fingerprint });
console.error(`Peer's key: ${server.fingerprint}`);
trace("exchanged hellos, and verified the server's signature");
await pinServer(keys, endpoint, server.fingerprint);
trace("compared the server's key with the one remembered");

// Encrypt my message with the Fernet key, wrap that with the server's key of this session, sign
// with my identity, send.
const token = await sealToken(fernetKey, message);
trace("encrypted my message with the Fernet key");
const wrappedKey = await wrapKey(fernetKey, wrappingKey, session, VERSION);
trace("wrapped the Fernet key with the server's key of this session");
const request = await signRequest(wrappedKey, token, own, session, VERSION);
trace("signed both with my identity");
await connection.writeLast(request);
trace(`sent ${request.length} bytes`);

// Receive the answer: check it with the server's identity, decrypt it with the Fernet key.
const reply = await connection.readLast(FRAME_LIMIT);
trace(`received ${reply.length} bytes`);
const replyToken = await verifyReply(reply, request, server, session, VERSION);
trace("verified the signature with the server's identity");
const text = await openToken(fernetKey, replyToken, { limit: TEXT_LIMIT });
trace("decrypted the message with the Fernet key");
console.log(`Received message: ${printable(text)}`);
