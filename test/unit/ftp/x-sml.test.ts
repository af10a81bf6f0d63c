/** AUTH X-SML: the control connection, and the data connections that only its two ends can open. */
import { once } from "node:events";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { acceptData, connectData, type DataKey, XSml } from "../../../exercises/05-ftp/x-sml.ts";
import { type Bytes, concat, encodeUtf8, equal } from "../../../lib/bytes/bytes.ts";
import { duplexOf } from "../../../lib/channel/channel-stream.ts";
import { socketPair } from "../../support/channels.ts";
import { loadIdentity } from "../../support/identities.ts";
import { rejects } from "../../support/rejects.ts";

const timeout = 60;
const [alice, bob] = [await loadIdentity("a"), await loadIdentity("b")];

async function openControl(): Promise<{ client: XSml; server: XSml; sockets: [Socket, Socket] }> {
  const sockets = await socketPair();
  const [client, server] = await Promise.all([
    XSml.connect(sockets[0], { identity: alice, timeout }),
    XSml.accept(sockets[1], { identity: bob, timeout }),
  ]);
  return { client, server, sockets };
}

async function openData(
  [client, server]: [Socket, Socket],
  keys: readonly [DataKey, DataKey],
): Promise<[Duplex, Duplex]> {
  const [first, second] = await Promise.all([
    connectData(client, keys[0], { timeout }),
    acceptData(server, keys[1], { timeout }),
  ]);
  return [duplexOf(first), duplexOf(second)];
}

async function readAll(stream: Duplex): Promise<Bytes> {
  const chunks: Bytes[] = [];
  stream.on("data", (chunk: Bytes) => chunks.push(chunk));
  await once(stream, "end");
  return concat(chunks);
}

function cut({ client, server }: { client: XSml; server: XSml }): void {
  for (const { stream } of [client, server]) stream.on("error", () => {}).destroy();
}

test("XSml: each side knows the other, lines go both ways, and a close ends the stream", async () => {
  const { client, server } = await openControl();
  assert.is(client.peer.fingerprint, bob.fingerprint);
  assert.is(server.peer.fingerprint, alice.fingerprint);
  client.stream.write("NOOP\r\n");
  assert.is(String((await once(server.stream, "data"))[0]), "NOOP\r\n");
  server.stream.end("200 fine\r\n");
  client.stream.end();
  server.stream.resume();
  assert.equal(await readAll(client.stream), encodeUtf8("200 fine\r\n"));
});

test("XSml: a refused key opens nothing", async () => {
  const [client, server] = await socketPair();
  const verifyPeer = ({ fingerprint }: { fingerprint: string }) => {
    throw new Error(`not ${fingerprint}`);
  };
  const accepting = XSml.accept(server, { identity: bob, timeout });
  accepting.catch(() => {});
  await rejects(XSml.connect(client, { identity: alice, verifyPeer, timeout }), `not ${bob.fingerprint}`);
  await rejects(accepting, /the peer (closed|broke)/);
});

test("nextDataKey: the same on both sides, different for each connection and session", async () => {
  const [one, two] = [await openControl(), await openControl()];
  const keys: DataKey[] = [];
  for (const { client, server } of [one, two]) {
    const mine = [client.nextDataKey(), client.nextDataKey(), client.nextDataKey()];
    const theirs = [server.nextDataKey(), server.nextDataKey(), server.nextDataKey()];
    assert.equal(mine, theirs);
    keys.push(...mine);
  }
  assert.ok(keys.every(({ id, key }) => id.length === 16 && key.length === 32));
  for (const part of ["id", "key"] as const)
    assert.is(new Set(keys.map((each) => String(each[part]))).size, 6, `each ${part} is another`);
  cut(one);
  cut(two);
});

test("data connection: the FTP client initiates, no matter which side connected; a close ends the file", async () => {
  const control = await openControl();
  for (const order of ["passive", "active"]) {
    const sockets = await socketPair();
    if (order === "active") sockets.reverse();
    const keys = [control.client.nextDataKey(), control.server.nextDataKey()] as const;
    const [client, server] = await openData(sockets, keys);
    client.end();
    server.end("the file");
    server.resume();
    assert.equal(await readAll(client), encodeUtf8("the file"));
  }
  cut(control);
});

test("data connection: a bare end is an error, on either side", async () => {
  const control = await openControl();
  for (const writer of [0, 1] as const) {
    const sockets = await socketPair();
    const keys = [control.client.nextDataKey(), control.server.nextDataKey()] as const;
    const streams = await openData(sockets, keys);
    const [from, to] = [streams[writer], streams[1 - writer]];
    if (!to) throw new Error("unreachable");
    from.on("error", () => {});
    from.write("half of the fi");
    await once(to, "data");
    const failed = once(to, "error");
    to.resume();
    // an attacker on the wire closes the connection in an orderly way
    sockets[writer].end();
    assert.match((await failed)[0].message, /without closing the channel/);
    from.destroy();
  }
  cut(control);
});

test("data connection: the key of another one, or of another session, opens nothing", async () => {
  const [one, two] = [await openControl(), await openControl()];
  const first = one.client.nextDataKey();
  const second = one.client.nextDataKey();
  const foreign = two.client.nextDataKey();
  for (const wrong of [second, foreign, { id: first.id, key: foreign.key }]) {
    assert.not.ok(equal(first.key, wrong.key));
    const [client, server] = await socketPair();
    const accepting = acceptData(server, first, { timeout });
    accepting.catch(() => {});
    await rejects(connectData(client, wrong, { timeout }), /^the peer is refused: its proof/);
    await rejects(accepting, /the peer (closed|broke)/);
  }
  cut(one);
  cut(two);
});

test("data connection: a silent peer times out", async () => {
  const control = await openControl();
  const key = control.client.nextDataKey();
  for (const shake of [connectData, acceptData]) {
    const [socket, silent] = await socketPair();
    await rejects(shake(socket, key, { timeout: 0.1 }), "timed out: the handshake took longer than 0.1 s");
    silent.destroy();
  }
  cut(control);
});

test("data connection: names and contents are not visible on the wire", async () => {
  const control = await openControl();
  const sockets = await socketPair();
  const seen: Bytes[] = [];
  for (const socket of [...sockets, ...control.sockets]) {
    const push = socket.push.bind(socket);
    // what the system delivers, before decryption
    socket.push = (chunk: Bytes | null) => {
      if (chunk) seen.push(new Uint8Array(chunk));
      return push(chunk);
    };
  }
  const keys = [control.client.nextDataKey(), control.server.nextDataKey()] as const;
  const [client, server] = await openData(sockets, keys);
  const secret = "a-canary-of-32-bytes-and-no-more";
  control.client.stream.write(`RETR ${secret}\r\n`);
  await once(control.server.stream, "data");
  client.end();
  server.end(secret.repeat(100));
  server.resume();
  await readAll(client);
  const wire = String.fromCharCode(...concat(seen));
  assert.ok(wire.length > 3200 && wire.includes("sml/channel/v1"), "the wire was seen");
  assert.not.match(wire, /canary/);
  cut(control);
});

test.run();
