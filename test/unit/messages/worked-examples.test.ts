import { createPrivateKey } from "node:crypto";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, decodeUtf8 } from "../../../lib/bytes/bytes.ts";
import { openToken, sealToken } from "../../../lib/crypto/fernet.ts";
import { fingerprintOf } from "../../../lib/crypto/identity.ts";
import { importOwnKeys, type OwnKeys } from "../../../lib/crypto/keys.ts";
import { exchangeHellos } from "../../../lib/messages/hello.ts";
import { unwrapKey, verifyReply, verifyRequest } from "../../../lib/messages/hybrid-message.ts";
import { decryptBlocks, verifyText } from "../../../lib/messages/rsa-message.ts";
import { FRAME_LIMIT, FramedStream } from "../../../lib/net/framing.ts";
import { playback } from "../../support/streams.ts";
import { readVectors } from "../../support/vectors.ts";
import { examplePart1, examplePart2, inHex, PEM, SPKI } from "../../support/worked-examples.ts";

type Side = "client" | "server";

const CLIENT_SENDS_PART1 = "all that the client sends: hello frame, message frame";
const SERVER_SENDS_PART1 = "all that the server sends: hello frame, message frame";
const CLIENT_SENDS_PART2 = "all that the client sends: hello frame, request frame";
const SERVER_SENDS_PART2 = "all that the server sends: hello frame, reply frame";

test("lib/vectors/keys.json holds the key pairs of the examples", async () => {
  const keys = await Promise.all(
    (["client", "server"] as const).map(async (side) => [
      side,
      { "private key": PEM[side], fingerprint: await fingerprintOf(SPKI[side]) },
    ]),
  );
  assert.equal(readVectors("keys"), Object.fromEntries(keys));
});

test("lib/vectors/part1.json holds the example of part 1, byte by byte", () => {
  assert.equal(readVectors("part1"), inHex(examplePart1()));
});

test("lib/vectors/part2.json holds the example of part 2, byte by byte", () => {
  const time = { "time of both tokens": 1_000_000_000 };
  assert.equal(readVectors("part2"), { ...time, ...inHex(examplePart2()) });
});

async function ownKeys(side: Side): Promise<OwnKeys> {
  const pkcs8 = createPrivateKey(PEM[side]).export({ type: "pkcs8", format: "der" });
  return importOwnKeys(new Uint8Array(pkcs8), SPKI[side]);
}

/** Lets `side` meet the recorded bytes of the other side, as in the example. */
async function play(side: Side, version: string, random: Bytes, bytes: Bytes) {
  const own = await ownKeys(side);
  const connection = new FramedStream(playback([bytes]).stream);
  const met = await exchangeHellos(connection, own, { version, role: side, random });
  return { own, ...met, frame: await connection.readLast(FRAME_LIMIT) };
}

test("part 1's example is what both sides accept", async () => {
  const values = examplePart1();
  const version = "sml/part1/v1";
  for (const [side, random, bytes, direction, text] of [
    ["server", values["server's random"], values[CLIENT_SENDS_PART1], "client to server", "ping"],
    ["client", values["client's random"], values[SERVER_SENDS_PART1], "server to client", "pong"],
  ] as const) {
    const { own, peer, session, frame } = await play(side, version, random, bytes);
    assert.equal(session, values.session);
    assert.is(await verifyText(await decryptBlocks(frame, own), peer, { direction, session }), text);
  }
});

test("part 2's example is what both sides accept", async () => {
  const values = examplePart2();
  const version = "sml/part2/v1";
  const server = await play("server", version, values["server's random"], values[CLIENT_SENDS_PART2]);
  assert.equal(server.session, values.session);
  const { wrappedKey, token } = await verifyRequest(server.frame, server.peer, server.session);
  const fernetKey = await unwrapKey(wrappedKey, server.own, server.session);
  assert.equal(fernetKey, values["Fernet key"]);
  assert.is(await openToken(fernetKey, token), "ping");

  const client = await play("client", version, values["client's random"], values[SERVER_SENDS_PART2]);
  assert.equal(client.session, values.session);
  const replyToken = await verifyReply(client.frame, server.frame, client.peer, client.session);
  assert.is(await openToken(fernetKey, replyToken), "pong");
});

test("part 2's example has the tokens that sealToken makes of the same time and IV", async () => {
  const values = examplePart2();
  for (const [text, iv, token] of [
    ["ping", values["IV of the request's token"], values["the request's token"]],
    ["pong", values["IV of the reply's token"], values["the reply's token"]],
  ] as const) {
    assert.is(decodeUtf8(await sealToken(values["Fernet key"], text, { time: 1_000_000_000, iv })), token);
  }
});

test.run();
