import { Buffer } from "node:buffer";
import { once } from "node:events";
import { connect as connectSocket, createServer, type Server, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import process from "node:process";
import { mock } from "node:test";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { encodeUtf8, toHex } from "../../../lib/bytes/bytes.ts";
import { encodeUint32 } from "../../../lib/bytes/fields.ts";
import type { FramedStream } from "../../../lib/net/framing.ts";
import { connect, type Endpoint, formatAddress, listenOnce, open } from "../../../lib/net/tcp.ts";
import { rejects } from "../../support/rejects.ts";

const LOCAL: Endpoint = { host: "127.0.0.1", port: 0, timeout: 60 };
const BROKEN_OFF = "the peer reset the connection; its own output may say why";

const HAS_IPV6 = Object.values(networkInterfaces()).some((list) =>
  list?.some(({ address }) => address === "::1"),
);

const servers: Server[] = [];
const sockets: Socket[] = [];
const connections: FramedStream[] = [];
test.after.each(() => {
  mock.timers.reset();
  for (const connection of connections.splice(0)) connection.destroy(new Error("the test is over"));
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

/** A listening server of the test's own, and the first connection to it. */
async function rawServer(host = LOCAL.host): Promise<{ port: number; accepted: Promise<Socket> }> {
  const server = createServer({ allowHalfOpen: true });
  servers.push(server);
  const accepted = once(server, "connection").then(([socket]: Socket[]) => {
    if (!socket) throw new Error("no socket");
    sockets.push(socket);
    return socket;
  });
  server.listen(0, host);
  await once(server, "listening");
  return { port: portOf(server), accepted };
}

function portOf(server: Server): number {
  const address = server.address();
  if (typeof address !== "object" || !address) throw new Error("no port");
  return address.port;
}

/** Connects as the scripts do; the connection ends with the test. */
async function dial(endpoint: Endpoint): Promise<FramedStream> {
  const connection = await connect(endpoint);
  connections.push(connection);
  return connection;
}

/** A client of the test's own, which is not checked. */
function rawClient(address: string): Socket {
  const socket = connectSocket({
    host: LOCAL.host,
    port: Number(address.split(":").at(-1)),
    allowHalfOpen: true,
  });
  sockets.push(socket);
  return socket;
}

test("connect and listenOnce carry frames both ways, and each half ends on its own", async () => {
  const { address, connection } = await listenOnce(LOCAL);
  assert.match(address, /^127\.0\.0\.1:\d+$/);
  const near = await dial({ ...LOCAL, port: Number(address.split(":")[1]) });
  const far = await connection;
  await near.writeLast(encodeUtf8("request"));
  assert.is(toHex(await far.readLast(100)), toHex(encodeUtf8("request")));
  await far.writeLast(encodeUtf8("reply"));
  assert.is(toHex(await near.readLast(100)), toHex(encodeUtf8("reply")));
});

test("a connection that is over leaves neither socket nor timer behind", async () => {
  const before = resources();
  const { address, connection } = await listenOnce(LOCAL);
  const near = await dial({ ...LOCAL, port: Number(address.split(":")[1]) });
  const far = await connection;
  await Promise.all([near.writeLast(encodeUtf8("hi")), far.writeLast(encodeUtf8("hi"))]);
  await Promise.all([near.readLast(2), far.readLast(2)]);
  for (let turn = 0; turn < 1000 && resources() > before; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(resources() <= before, process.getActiveResourcesInfo().join());
});

/** Counts what would keep this process running. */
function resources(): number {
  return process.getActiveResourcesInfo().filter((name) => /^TCP|^Timeout$/.test(name)).length;
}

test("a frame of 2 MiB passes, though neither side holds it in its socket's buffer", async () => {
  const { address, connection } = await listenOnce(LOCAL);
  const near = await dial({ ...LOCAL, port: Number(address.split(":")[1]) });
  const payload = new Uint8Array(2 * 1024 * 1024).map((_, index) => index);
  const [received] = await Promise.all([
    (await connection).readLast(payload.length),
    near.writeLast(payload),
  ]);
  await (await connection).writeLast(encodeUtf8("done"));
  await near.readLast(4);
  assert.ok(received.every((byte, index) => byte === (index & 0xff)));
});

test("listenOnce keeps a connection, and what it sent, that arrives before it is awaited", async () => {
  const { address, connection } = await listenOnce(LOCAL);
  const socket = rawClient(address);
  socket.end(Buffer.concat([encodeUint32(2), encodeUtf8("hi")]));
  await once(socket, "finish");
  const far = await connection;
  assert.is(toHex(await far.readLast(2)), "6869");
  await far.writeLast(encodeUtf8("ok"));
});

test("a connection that breaks before it is awaited fails when it is read", async () => {
  const { address, connection } = await listenOnce(LOCAL);
  const socket = rawClient(address);
  await once(socket, "connect");
  const far = await connection;
  socket.resetAndDestroy();
  await once(socket, "close");
  await rejects(far.read(100), BROKEN_OFF);
});

test("listenOnce serves one client: later ones are rejected", async () => {
  const { address, connection } = await listenOnce(LOCAL);
  const first = rawClient(address);
  await once(first, "connect");
  await connection;
  const [error] = await once(rawClient(address), "error");
  assert.is(error.code, "ECONNREFUSED");
  first.end();
  await rejects((await connection).read(100), /closed the connection early/);
  await (await connection).writeLast(new Uint8Array(0));
});

test("listenOnce serves one client of two that come at once, and ends the other's connection", async () => {
  const { address, connection } = await listenOnce(LOCAL);
  const clients = [rawClient(address), rawClient(address)];
  const closed = new Promise<Socket>((resolve) => {
    for (const socket of clients) socket.on("error", () => {}).once("close", () => resolve(socket));
  });
  const far = await connection;
  const turnedAway = await closed;
  const served = clients.find((socket) => socket !== turnedAway);
  served?.end(Buffer.concat([encodeUint32(2), encodeUtf8("hi")]));
  assert.is(toHex(await far.readLast(2)), "6869");
  await far.writeLast(encodeUtf8("ok"));
});

test("listenOnce says that a port is in use", async () => {
  const { port } = await rawServer();
  await rejects(
    listenOnce({ ...LOCAL, port }),
    `127.0.0.1:${port} is in use by another program; choose another --port, or 0 for any free one`,
  );
});

test("listenOnce says that a host is no address of this machine", async () => {
  // RFC 5737: for documentation, so no machine has it
  await rejects(
    listenOnce({ ...LOCAL, host: "192.0.2.1" }),
    "192.0.2.1 is not an address of this machine; choose another --host",
  );
});

test("connect says that nothing listens", async () => {
  const { address, connection } = await listenOnce(LOCAL);
  const port = Number(address.split(":")[1]);
  rawClient(address).end();
  await rejects((await connection).read(100), /closed the connection early/);
  await (await connection).writeLast(new Uint8Array(0));
  for (const host of ["127.0.0.1", "localhost"]) {
    await rejects(
      connect({ ...LOCAL, host, port }),
      `nothing listens on ${host}:${port}; start the server first, or check --host and --port`,
    );
  }
});

test("connect and listenOnce say that a host is not known", async () => {
  const message = "no address is known for the host no-such-host.invalid; check --host";
  await rejects(connect({ ...LOCAL, host: "no-such-host.invalid", port: 9 }), message);
  await rejects(listenOnce({ ...LOCAL, host: "no-such-host.invalid" }), message);
});

test("connect and listenOnce each give advice of their own, as a plain error", async () => {
  if (HAS_IPV6) {
    // RFC 4291 §2.5.6: link-local, which means nothing without its interface
    const host = "fe80::1";
    await rejectsPlainly(
      connect({ ...LOCAL, host, port: 9 }),
      "fe80::1 is not an address to connect to; check --host",
    );
    await rejectsPlainly(
      listenOnce({ ...LOCAL, host }),
      "fe80::1 is not an address of this machine; choose another --host",
    );
  }
  // RFC 5771 §4: multicast, which no TCP connection reaches
  const multicast = connect({ ...LOCAL, host: "224.0.0.1", port: 9 });
  await rejectsPlainly(multicast, "224.0.0.1:9 cannot be reached; check --host and the network");
});

test("a host is made safe to print, wherever it is shown", async () => {
  assert.is(formatAddress({ host: "a\u001b\u202e", port: 1 }), "a\\u{1b}\\u{202e}:1");
  const host = "\u001b[2J.invalid";
  const message = "no address is known for the host \\u{1b}[2J.invalid; check --host";
  await rejectsPlainly(connect({ ...LOCAL, host, port: 9 }), message);
  await rejectsPlainly(listenOnce({ ...LOCAL, host }), message);
});

/**
 * Fails unless `promise` rejects with `message` and no other class than `Error`, which would be
 * shown with its stack.
 */
async function rejectsPlainly(promise: Promise<unknown>, message: string): Promise<void> {
  await rejects(promise, message);
  await promise.catch((error: unknown) => assert.is(Object(error).constructor, Error));
}

for (const connecting of [connect, open]) {
  test(`${connecting.name} says that a host does not answer in time`, async () => {
    const { port } = await rawServer();
    mock.timers.enable({ apis: ["setTimeout"] });
    const pending = connecting({ ...LOCAL, port, timeout: 0.5 });
    mock.timers.tick(500);
    await rejects(
      pending,
      `timed out: 127.0.0.1:${port} did not answer within 0.5 s; check --host and the network`,
    );
  });
}

test("a client whose server falls silent times out", async () => {
  const { port, accepted } = await rawServer();
  mock.timers.enable({ apis: ["setTimeout"] });
  const near = await dial({ ...LOCAL, port, timeout: 0.5 });
  const socket = await accepted;
  socket.write(encodeUint32(100).subarray(0, 3));
  const reading = near.read(100);
  mock.timers.tick(500);
  await rejects(reading, "timed out: the exchange with the peer took longer than 0.5 s");
  await rejects(near.write(new Uint8Array(1)), /^timed out/);
});

test("a server whose client falls silent times out, counted from the connection", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { address, connection } = await listenOnce({ ...LOCAL, timeout: 0.5 });
  // no client comes for longer than that
  mock.timers.tick(600);
  const socket = rawClient(address);
  const far = await connection;
  mock.timers.tick(499);
  socket.write(Buffer.concat([encodeUint32(2), encodeUtf8("hi")]));
  assert.is(toHex(await far.read(2)), "6869");
  const reading = far.read(100);
  mock.timers.tick(1);
  await rejects(reading, "timed out: the exchange with the peer took longer than 0.5 s");
});

test("a peer that trickles cannot draw the deadline out", async () => {
  const { port, accepted } = await rawServer();
  mock.timers.enable({ apis: ["setTimeout"] });
  const near = await dial({ ...LOCAL, port, timeout: 0.5 });
  const socket = await accepted;
  socket.on("error", () => {});
  socket.write(encodeUint32(1000));
  const reading = near.read(1000);
  for (let passed = 0; passed < 500; passed += 10) {
    await new Promise((resolve) => socket.write(new Uint8Array(1), resolve));
    mock.timers.tick(10);
  }
  await rejects(reading, /^timed out/);
});

test("a writer whose peer does not read waits, and times out", async () => {
  const { port, accepted } = await rawServer();
  mock.timers.enable({ apis: ["setTimeout"] });
  const near = await dial({ ...LOCAL, port, timeout: 0.5 });
  (await accepted).pause();
  // more than the system's buffers take
  const writing = near.write(new Uint8Array(64 * 1024 * 1024));
  mock.timers.tick(500);
  await rejects(writing, /^timed out/);
});

test("a reader takes little more from its socket than it was asked for, so that the writer waits", async () => {
  const { port, accepted } = await rawServer();
  const near = await dial({ ...LOCAL, port });
  const socket = await accepted;
  socket.on("error", () => {});
  socket.write(Buffer.concat([encodeUint32(2), encodeUtf8("hi")]));
  let drained = false;
  socket.write(new Uint8Array(64 * 1024 * 1024).fill(0xff), () => {
    drained = true;
  });
  assert.is(toHex(await near.read(2)), "6869");
  // both sides run in this event loop: so many turns are plenty for a reader that does not stop
  for (let turn = 0; turn < 3000; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.not(drained);
  await rejects(near.read(2), /^the peer announced a frame of 4294967295 bytes/);
});

test("a peer that resets the connection is named in plain words, while reading and while writing", async () => {
  const { port, accepted } = await rawServer();
  const near = await dial({ ...LOCAL, port });
  const reading = near.read(100);
  (await accepted).resetAndDestroy();
  await rejects(reading, BROKEN_OFF);
  await rejects(near.write(new Uint8Array(1)), BROKEN_OFF);
});

test("a peer that closes inside a frame is named as such", async () => {
  const { port, accepted } = await rawServer();
  const near = await dial({ ...LOCAL, port });
  (await accepted).end(Buffer.concat([encodeUint32(10), encodeUtf8("half")]));
  await rejects(
    near.read(100),
    "the peer closed the connection inside a frame (4 of 10 bytes of its payload)",
  );
  await near.writeLast(new Uint8Array(0));
});

test("an IPv6 address is written in brackets, and serves where the machine has one", async () => {
  const listening = listenOnce({ ...LOCAL, host: "::1" });
  if (!HAS_IPV6) return rejects(listening, "::1 is not an address of this machine; choose another --host");
  const { address, connection } = await listening;
  assert.match(address, /^\[::1\]:\d+$/);
  const near = await dial({ ...LOCAL, host: "::1", port: Number(address.split(":").at(-1)) });
  await near.writeLast(encodeUtf8("hi"));
  assert.is(toHex(await (await connection).readLast(2)), "6869");
  await (await connection).writeLast(encodeUtf8("ok"));
  await near.readLast(2);
});

test.run();
