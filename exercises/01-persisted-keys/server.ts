/**
 * Exercise 01, server: keys live in text files, and each client's key is remembered
 *
 * Run:  npx tsx exercises/01-persisted-keys/server.ts "pong"
 * Pair: npx tsx exercises/01-persisted-keys/client.ts "ping"
 *
 * Answers every client's message with its own, many at once, until it is interrupted.
 */
import { join } from "node:path";
import process from "node:process";
import { Turns } from "../../lib/async/turns.ts";
import { printable } from "../../lib/bytes/printable.ts";
import { exerciseCommandLine, interrupted } from "../../lib/cli/command-line.ts";
import { trace } from "../../lib/cli/diagnostics.ts";
import { Reports } from "../../lib/cli/reports.ts";
import { openToken, sealToken } from "../../lib/crypto/fernet.ts";
import { keysBeside, loadIdentity } from "../../lib/files/key-files.ts";
import { pin } from "../../lib/files/pins.ts";
import { signReply, TEXT_LIMIT, verifyRequest } from "../../lib/messages/hybrid-message.ts";
import { FRAME_LIMIT } from "../../lib/net/framing.ts";
import { type Client, serveClients } from "./clients.ts";
import { answerHello, importPeer, receiveHello, VERSION } from "./hello.ts";
import { MAX_WAITING, WrappingKeys } from "./wrapping-keys.ts";

const SIGNATURES_AT_ONCE = 2;

const { message, fingerprint, keys, name, ...endpoint } = await exerciseCommandLine({
  name: "exercises/01-persisted-keys/server.ts",
  purpose: "Answers every client's message with MESSAGE, many at once, until it is interrupted.",
  role: "server",
  limit: TEXT_LIMIT,
  identity: { keys: keysBeside(import.meta.url), name: "server" },
});

// Load my identity, which signs, or make it; the keys that decrypt are for one session each.
const own = await loadIdentity(keys, name);
console.error(`My key:     ${own.fingerprint}`);
trace("loaded my identity");
const wrappingKeys = new WrappingKeys();
const reports = new Reports();
const turns = new Turns(SIGNATURES_AT_ONCE, MAX_WAITING);
const address = await serveClients(endpoint, { serve: exchange, reports });
console.error(`Listening on ${address}`);
await interrupted();
reports.close();
process.exit(0);

async function exchange({ connection, socket, host, source, answered, proved }: Client): Promise<string> {
  // Exchange hellos with the client: mine is signed, and carries a key for this session.
  const hello = await receiveHello(connection, own);
  trace("received a client's hello");
  return wrappingKeys.lend({ source, connection: socket }, async (wrappingKey, awaiting) => {
    answered();
    const client = await importPeer(hello.spki, fingerprint);
    const answer = () => answerHello(connection, own, hello, wrappingKey);
    const session = await turns.run(source, answer, socket);
    trace("sent mine, signed");

    // Receive the request: check it with the client's identity, which must be the one I know under
    // this name, unwrap, decrypt.
    const request = await awaiting(connection.readLast(FRAME_LIMIT));
    trace(`received ${request.length} bytes`);
    const { wrappedKey, token } = await verifyRequest(request, client, session, VERSION);
    proved();
    trace("verified the signature with the client's identity");
    const { fingerprint: theirs } = client;
    const contact = await pin(join(keys, "known-clients"), hello.name, theirs, host);
    trace("compared the client's key with the one remembered");
    for (const queue of [wrappingKeys, turns]) queue.know(source);
    const fernetKey = await wrappingKey.unwrap(wrappedKey, session);
    trace("unwrapped the Fernet key with the key of this session");
    const text = await openToken(fernetKey, token, { limit: TEXT_LIMIT });
    trace("decrypted the message with the Fernet key");
    console.log(`Received message: ${printable(text)}`);

    // Answer: encrypt with the same Fernet key, sign with my identity, send.
    const replyToken = await sealToken(fernetKey, message);
    trace("encrypted my reply with the Fernet key");
    const reply = await signReply(replyToken, request, own, session, VERSION);
    trace("signed it with my identity");
    await connection.writeLast(reply);
    trace(`sent ${reply.length} bytes`);
    return `${hello.name}, ${contact === "new" ? "first contact" : "known"}, ${theirs}`;
  });
}
