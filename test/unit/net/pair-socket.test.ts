/** ZeroMQ PAIR sockets as carriers of connections. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Pair } from "zeromq";
import { encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import { Channel } from "../../../lib/channel/channel.ts";
import type { MessageConnection } from "../../../lib/net/message-connection.ts";
import { connectPair, DISPLACED, PairServer } from "../../../lib/net/pair-socket.ts";
import { lookUp, preSharedKey } from "../../support/channels.ts";
import { findFreePorts } from "../../support/free-ports.ts";
import { rejects } from "../../support/rejects.ts";

const HOST = "127.0.0.1";
const LIMIT = 100_000;
const text = encodeUtf8("a message");
const REASON = new Error("the test is over");

/** Starts a server that echoes over channels, lets `use` at it, and closes it. */
async function withServer(
  use: (port: number, server: PairServer, errors: unknown[]) => Promise<void>,
  port = 0,
): Promise<void> {
  const errors: unknown[] = [];
  const take = async (connection: MessageConnection) => {
    const channel = await Channel.accept(connection, lookUp);
    server.keep(connection);
    for await (const message of channel) await channel.send(message);
    await channel.close();
  };
  const server: PairServer = await PairServer.listen(
    { host: HOST, port },
    {
      limit: LIMIT,
      take: (connection) => void take(connection).catch((error) => errors.push(error)),
      onPeer: () => {},
    },
  );
  try {
    await use(Number(server.address.split(":")[1]), server, errors);
  } finally {
    await server.close(REASON);
  }
}

async function dial(port: number): Promise<Channel> {
  const { connection } = await connectPair({ host: HOST, port }, { limit: LIMIT });
  return Channel.connect(connection, { preSharedKey, timeout: 60 });
}

async function echo(channel: Channel): Promise<void> {
  await channel.send(text);
  assert.equal(await channel.receive(), text);
}

test("a channel over ZeroMQ, and the next once the server has reopened its socket", async () => {
  await withServer(async (port, server) => {
    for (let round = 0; round < 3; round += 1) {
      const channel = await dial(port);
      await echo(channel);
      await channel.close();
      await server.reopen(REASON);
    }
  });
});

test("a client may come first", async () => {
  const port = await findFreePorts(1);
  const dialling = dial(port);
  await withServer(async () => {
    const channel = await dialling;
    await echo(channel);
    await channel.close();
  }, port);
});

test("another client's messages vanish, until the server reopens its socket", async () => {
  await withServer(async (port, server) => {
    const first = await dial(port);
    const { connection } = await connectPair({ host: HOST, port }, { limit: LIMIT });
    const second = Channel.connect(connection, { preSharedKey, timeout: 60 });
    await echo(first);
    assert.is(connection.answered, false);
    first.destroy("enough");
    await server.reopen(REASON);
    await echo(await second);
    connection.close();
  });
});

test("reopen: ends the connections of the old socket, on both sides", async () => {
  await withServer(async (port, server, errors) => {
    const channel = await dial(port);
    await server.reopen(REASON);
    await rejects(channel.receive(), /the peer broke off|the network was cut/);
    assert.equal(errors, [REASON]);
  });
});

test("a newer connection displaces an unauthenticated one, but only after a while; a kept one stays", async () => {
  const taken: MessageConnection[] = [];
  const ended: unknown[] = [];
  const take = (connection: MessageConnection) => {
    taken.push(connection);
    const read = async () => {
      while (await connection.next(LIMIT));
    };
    read().catch((error) => ended.push([taken.indexOf(connection), error]));
  };
  const server = await PairServer.listen({ host: HOST, port: 0 }, { limit: LIMIT, take, onPeer: () => {} });
  const pair = new Pair({ linger: 0 });
  pair.connect(`tcp://${server.address}`);
  let name = 0;
  const knockUntil = async (count: number) => {
    while (taken.length < count) {
      name += 1;
      await pair.send(Buffer.concat([Buffer.alloc(16, name), Buffer.alloc(5), Buffer.from("hello")]));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  try {
    await knockUntil(2);
    // a flood of new connections costs one handshake in a while
    assert.ok(name > 3, `${name} connections`);
    assert.equal(ended, [[0, DISPLACED]]);
    const [, kept] = taken;
    if (kept) server.keep(kept);
    await knockUntil(4);
    assert.equal(ended, [
      [0, DISPLACED],
      [2, DISPLACED],
    ]);
  } finally {
    pair.close();
    await server.close(REASON);
  }
});

test("a message over the limit disconnects its sender, and the server goes on", async () => {
  await withServer(async (port, server) => {
    const pair = new Pair({ linger: 0, reconnectInterval: 60_000 });
    pair.connect(`tcp://${HOST}:${port}`);
    const gone = new Promise((resolve) => pair.events.on("disconnect", resolve));
    await pair.send(new Uint8Array(LIMIT + 22));
    await gone;
    pair.close();
    await server.reopen(REASON);
    const channel = await dial(port);
    await echo(channel);
    await channel.close();
  });
});

test("listen: a port that is taken, an address that is not ours; connect: a host that is none", async () => {
  await withServer(async (port) => {
    const options = { limit: LIMIT, take: () => {}, onPeer: () => {} };
    await rejects(PairServer.listen({ host: HOST, port }, options), /is in use by another program/);
    await rejects(
      PairServer.listen({ host: "192.0.2.1", port }, options),
      "192.0.2.1 is not an address of this machine; choose another --host",
    );
    await rejects(
      connectPair({ host: "unknown.invalid", port }, options),
      "no address is known for the host unknown.invalid; check --host",
    );
  });
});

test.run();
