import { duplexPair } from "node:stream";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, concat, encodeUtf8, toHex } from "../../../lib/bytes/bytes.ts";
import { decodeFields, encodeFields, encodeUint32 } from "../../../lib/bytes/fields.ts";
import { sha256 } from "../../../lib/crypto/webcrypto.ts";
import { exchangeHellos, type HelloOptions } from "../../../lib/messages/hello.ts";
import { FramedStream, HELLO_LIMIT } from "../../../lib/net/framing.ts";
import { type BadKeyName, loadKeys, loadSpki } from "../../support/keys.ts";
import { rejects } from "../../support/rejects.ts";
import { playback, split } from "../../support/streams.ts";

const VERSION = "test/v1";
const client = await loadKeys("rsa-2048-a");
const server = await loadKeys("rsa-2048-b");
const CLIENT_RANDOM = new Uint8Array(32).fill(0xc1);
const SERVER_RANDOM = new Uint8Array(32).fill(0x5e);
const GOOD_HELLO = encodeFields([VERSION, CLIENT_RANDOM, client.spki]);

/** Lets the server receive `hello` from a client; `sent` is what the server sent. */
async function receive(hello: Bytes, options: Partial<HelloOptions> = {}) {
  return receiveChunks([encodeUint32(hello.length), hello], options);
}

async function receiveChunks(chunks: Bytes[], options: Partial<HelloOptions> = {}) {
  const { stream, written } = playback(chunks);
  const all: HelloOptions = { version: VERSION, role: "server", random: SERVER_RANDOM, ...options };
  const { peer, session } = await exchangeHellos(new FramedStream(stream), server, all);
  return { peer, session: toHex(session), sent: written() };
}

/** Exchanges hellos between the two roles over an in-memory pair. */
async function exchange(
  clientOptions: Partial<HelloOptions> = {},
  serverOptions: Partial<HelloOptions> = {},
) {
  const [near, far] = duplexPair();
  return Promise.all([
    exchangeHellos(new FramedStream(near), client, { version: VERSION, role: "client", ...clientOptions }),
    exchangeHellos(new FramedStream(far), server, { version: VERSION, role: "server", ...serverOptions }),
  ]);
}

test("exchangeHellos gives each side the other's key, and both the same session of 32 bytes", async () => {
  const [atClient, atServer] = await exchange();
  assert.is(atClient.peer.fingerprint, server.fingerprint);
  assert.is(atServer.peer.fingerprint, client.fingerprint);
  assert.is(toHex(atClient.session), toHex(atServer.session));
  assert.is(atClient.session.length, 32);
});

test("exchangeHellos sends version, random bytes and SPKI as fields in one frame", async () => {
  const { sent } = await receive(GOOD_HELLO);
  const hello = encodeFields([VERSION, SERVER_RANDOM, server.spki]);
  assert.is(toHex(sent), toHex(concat([encodeUint32(hello.length), hello])));
});

test("the session is the hash of a label and both hellos, the client's first", async () => {
  const serverHello = encodeFields([VERSION, SERVER_RANDOM, server.spki]);
  const expected = toHex(await sha256(encodeFields(["test/v1/session", GOOD_HELLO, serverHello])));
  assert.is((await receive(GOOD_HELLO)).session, expected);
  const [atClient] = await exchange({ random: CLIENT_RANDOM }, { random: SERVER_RANDOM });
  assert.is(toHex(atClient.session), expected);
});

test("the session differs with either random, either key, the role and the version", async () => {
  const sessions = [
    await receive(GOOD_HELLO),
    await receive(GOOD_HELLO, { random: CLIENT_RANDOM }),
    await receive(encodeFields([VERSION, SERVER_RANDOM, client.spki])),
    await receive(encodeFields([VERSION, CLIENT_RANDOM, loadSpki("rsa-2048-c")])),
    await receive(GOOD_HELLO, { role: "client" }),
    await receive(encodeFields(["test/v2", CLIENT_RANDOM, client.spki]), { version: "test/v2" }),
  ].map(({ session }) => session);
  assert.is(new Set(sessions).size, sessions.length);
});

test("exchangeHellos takes 32 other random bytes each time", async () => {
  const randoms: Bytes[] = [];
  const sessions = new Set<string>();
  for (let count = 0; count < 5; count += 1) {
    const { stream, written } = playback([encodeUint32(GOOD_HELLO.length), GOOD_HELLO]);
    const options = { version: VERSION, role: "server" } as const;
    sessions.add(toHex((await exchangeHellos(new FramedStream(stream), server, options)).session));
    randoms.push(decodeFields(written().subarray(4), 3)[1]);
  }
  assert.is(sessions.size, 5);
  assert.ok(randoms.every((random) => random.length === 32));
  assert.is(new Set(randoms.map(toHex)).size, 5);
});

test("exchangeHellos takes a hello that arrives byte by byte, and one glued to the next frame", async () => {
  const bytes = concat([encodeUint32(GOOD_HELLO.length), GOOD_HELLO]);
  const whole = await receive(GOOD_HELLO);
  assert.is((await receiveChunks(split(bytes, Array.from(bytes.keys())))).session, whole.session);
  const { stream } = playback([concat([bytes, encodeUint32(2), encodeUtf8("hi")])]);
  const connection = new FramedStream(stream);
  await exchangeHellos(connection, server, { version: VERSION, role: "server" });
  assert.is(toHex(await connection.readLast(2)), "6869");
});

test("exchangeHellos takes the peer whose fingerprint is demanded", async () => {
  const [atClient] = await exchange({ fingerprint: server.fingerprint }, { fingerprint: client.fingerprint });
  assert.is(atClient.peer.fingerprint, server.fingerprint);
});

test("exchangeHellos refuses any other peer than the one demanded, with both fingerprints", async () => {
  await rejects(
    receive(GOOD_HELLO, { fingerprint: server.fingerprint }),
    `the peer is refused: its key is ${client.fingerprint}, expected ${server.fingerprint}`,
  );
  const almost = client.fingerprint.replace(/.$/, (last) => (last === "A" ? "E" : "A"));
  await rejects(receive(GOOD_HELLO, { fingerprint: almost }), /^the peer is refused: its key is /);
});

test("exchangeHellos refuses our own hello sent back, and our own key with other random bytes", async () => {
  const message = "the peer is refused: it sent our own public key back";
  await rejects(receive(encodeFields([VERSION, SERVER_RANDOM, server.spki])), message);
  await rejects(receive(encodeFields([VERSION, CLIENT_RANDOM, server.spki])), message);
});

test("exchangeHellos refuses another version, in its own words made safe to print", async () => {
  await rejects(
    receive(encodeFields(["test/v2", CLIENT_RANDOM, client.spki])),
    'the peer speaks "test/v2", expected "test/v1"',
  );
  await rejects(
    receive(encodeFields(["\u001b[2J\n", CLIENT_RANDOM, client.spki])),
    'the peer speaks "\\u{1b}[2J\\n", expected "test/v1"',
  );
  await rejects(
    receive(encodeFields(["x".repeat(1000), CLIENT_RANDOM, client.spki])),
    `the peer speaks "${"x".repeat(40)}"…, expected "test/v1"`,
  );
  await rejects(
    receive(encodeFields([`${"x".repeat(39)}🌉y`, CLIENT_RANDOM, client.spki])),
    `the peer speaks "${"x".repeat(39)}🌉"…, expected "test/v1"`,
  );
  await rejects(
    receive(encodeFields(['a", expected "b', CLIENT_RANDOM, client.spki])),
    'the peer speaks "a\\", expected \\"b", expected "test/v1"',
  );
  await rejects(receive(encodeFields(["", CLIENT_RANDOM, client.spki])), /^the peer speaks ""/);
});

test("exchangeHellos refuses a version that is not UTF-8", async () => {
  await rejects(
    receive(encodeFields([new Uint8Array([0xff]), CLIENT_RANDOM, client.spki])),
    "malformed hello: its version is not valid UTF-8",
  );
});

for (const length of [0, 31, 33, 64]) {
  test(`exchangeHellos refuses ${length} random bytes`, async () => {
    await rejects(
      receive(encodeFields([VERSION, new Uint8Array(length), client.spki])),
      `malformed hello: expected 32 random bytes, got ${length}`,
    );
  });
}

const BAD_KEYS: BadKeyName[] = ["bad-rsa-1024", "bad-rsa-16384", "bad-rsa-e3", "bad-ec-p256", "bad-ed25519"];
for (const name of BAD_KEYS) {
  test(`exchangeHellos refuses the peer's key ${name}`, async () => {
    await rejects(
      receive(encodeFields([VERSION, CLIENT_RANDOM, loadSpki(name)])),
      /^the peer's public key is refused: /,
    );
  });
}

test("exchangeHellos refuses a field too few, a field too many and bytes after the last", async () => {
  await rejects(receive(encodeFields([VERSION, CLIENT_RANDOM])), "malformed fields: expected 3, got 2");
  await rejects(receive(encodeFields([VERSION, CLIENT_RANDOM, client.spki, ""])), /bytes follow field 3/);
  await rejects(receive(concat([GOOD_HELLO, new Uint8Array(1)])), /bytes follow field 3/);
  await rejects(receive(new Uint8Array(0)), "malformed fields: expected 3, got 0");
});

test("exchangeHellos refuses a hello cut short anywhere, in a whole frame and in a broken one", async () => {
  for (let length = 0; length < GOOD_HELLO.length; length += 1) {
    await rejects(
      receive(GOOD_HELLO.subarray(0, length)),
      /^malformed fields|^the peer's public key is refused/,
    );
    await rejects(
      receiveChunks(
        [encodeUint32(GOOD_HELLO.length), GOOD_HELLO.slice(0, length)].filter((chunk) => chunk.length > 0),
      ),
      /^the peer closed the connection inside a frame/,
    );
  }
});

test("exchangeHellos refuses garbage: another protocol's greeting", async () => {
  await rejects(
    receiveChunks([encodeUtf8("GET / HTTP/1.1\r\n\r\n")]),
    /^the peer announced a frame of 1195725856 bytes/,
  );
  await rejects(receiveChunks([encodeUtf8("SSH-2.0-OpenSSH_9.2\r\n")]), /^the peer announced a frame of/);
});

test("exchangeHellos refuses a hello over 8 KiB on its header alone", async () => {
  await rejects(receiveChunks([encodeUint32(HELLO_LIMIT + 1)]), /^the peer announced a frame of 8193 bytes/);
});

test("exchangeHellos refuses a peer that closes at once", async () => {
  await rejects(receiveChunks([]), /^the peer closed the connection early/);
});

test.run();
