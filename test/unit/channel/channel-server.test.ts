/** The server of channels: no client ends, blocks or starves it. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { mock } from "node:test";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import type { Channel } from "../../../lib/channel/channel.ts";
import { connectChannel } from "../../../lib/channel/channel-client.ts";
import { ChannelServer, type ChannelServerOptions } from "../../../lib/channel/channel-server.ts";
import { shakeHandsAsClient } from "../../../lib/channel/handshake.ts";
import { isBusy } from "../../../lib/channel/refusal.ts";
import { randomBytes } from "../../../lib/crypto/webcrypto.ts";
import { FramedStream } from "../../../lib/net/framing.ts";
import { lookUp, preSharedKey } from "../../support/channels.ts";
import { loadIdentity } from "../../support/identities.ts";
import { memoryPair } from "../../support/memory-transport.ts";
import { rejects } from "../../support/rejects.ts";

const [alice, bob] = [await loadIdentity("a"), await loadIdentity("b")];
const text = encodeUtf8("a message");

async function echo(channel: Channel): Promise<void> {
  for await (const message of channel) await channel.send(message);
}

/** Starts a server, lets `use` at it, and checks that it can be closed. */
async function withServer(
  options: Partial<ChannelServerOptions>,
  use: (server: ChannelServer, reports: string[]) => Promise<void>,
): Promise<void> {
  const reports: string[] = [];
  const report = (error: unknown) => {
    // whatever a client does is no mistake of ours
    if (!(error instanceof Error) || error.constructor !== Error) throw error;
    reports.push(error.message);
  };
  const server = await ChannelServer.listen(
    { host: "127.0.0.1", port: 0 },
    { ...lookUp, serve: echo, report, timeout: 60, ...options },
  );
  try {
    await use(server, reports);
  } finally {
    await server.close();
  }
  assert.is(server.channels.size, 0);
}

function dial({ port }: ChannelServer): Promise<Channel> {
  return connectChannel({ host: "127.0.0.1", port, timeout: 60 }, { preSharedKey });
}

/** Connects without a word; errors of the socket are its own business. */
async function plainSocket({ port }: ChannelServer, localAddress = "127.0.0.1"): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port, localAddress });
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

async function checkAlive(server: ChannelServer): Promise<void> {
  const channel = await dial(server);
  await channel.send(text);
  assert.equal(await channel.receive(), text);
  await channel.close();
}

/** The client's hello, as a frame. */
async function helloFrame(): Promise<Bytes> {
  const [ours, theirs] = memoryPair();
  shakeHandsAsClient(ours, { preSharedKey }).catch(() => {});
  const hello = await theirs.next(8192);
  theirs.destroy(new Error("enough"));
  return hello ? frame(hello) : frame(text);
}

function frame(payload: Bytes): Bytes {
  const bytes = new Uint8Array(4 + payload.length);
  new DataView(bytes.buffer).setUint32(0, payload.length);
  bytes.set(payload, 4);
  return bytes;
}

test("ChannelServer: many clients at once, each with its own conversation", async () => {
  await withServer({}, async (server) => {
    const conversations = Array.from({ length: 30 }, async (_, index) => {
      const channel = await dial(server);
      for (let turn = 0; turn < 5; turn += 1) {
        const mine = encodeUtf8(`client ${index}, turn ${turn}`);
        await channel.send(mine);
        assert.equal(await channel.receive(), mine);
      }
      await channel.close();
    });
    await Promise.all(conversations);
  });
});

test("ChannelServer: identities, an allow-list, and a refusal that is heard", async () => {
  const options: Partial<ChannelServerOptions> = {
    identity: bob,
    authorize: (peer) => (peer.fingerprint === alice.fingerprint ? undefined : "not on the list"),
  };
  await withServer(options, async (server, reports) => {
    const address = { host: "127.0.0.1", port: server.port };
    const channel = await connectChannel(address, { identity: alice });
    assert.is(channel.peer.fingerprint, bob.fingerprint);
    await channel.send(text);
    assert.equal(await channel.receive(), text);
    const stranger = connectChannel(address, { preSharedKey });
    await rejects(stranger, /the server refuses us: not on the list/);
    assert.is(server.channels.size, 1);
    // taken off the list while it is there
    for (const each of server.channels) each.destroy("taken off the list");
    await rejects(channel.receive(), /without closing|reset the connection/);
    assert.equal(reports, ["refused the client: not on the list", "taken off the list"]);
  });
});

test("ChannelServer: a handler that throws costs its client the channel, and no other client", async () => {
  const serve = async (channel: Channel) => {
    await channel.receive();
    throw new Error("I do not like this one");
  };
  await withServer({ serve }, async (server, reports) => {
    const [first, second] = await Promise.all([dial(server), dial(server)]);
    await first.send(text);
    await rejects(first.receive(), /without closing|reset the connection/);
    assert.equal(reports, ["I do not like this one"]);
    assert.is(server.channels.size, 1);
    await second.close();
  });
});

test("ChannelServer: garbage of all kinds", async () => {
  const hello = await helloFrame();
  const garbage = [
    encodeUtf8("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
    new Uint8Array(4).fill(0xff),
    new Uint8Array(4),
    frame(new Uint8Array()),
    frame(new Uint8Array(8 * 1024)),
    frame(randomBytes(137)),
    hello.subarray(0, 50),
    new Uint8Array([...hello, ...hello]),
    new Uint8Array([...hello, ...frame(randomBytes(61))]),
    new Uint8Array([...hello, ...frame(new Uint8Array(8 * 1024))]),
    new Uint8Array([...hello, 0, 0, 0x20, 1]),
  ];
  await withServer({}, async (server) => {
    await Promise.all(
      garbage.map(async (bytes) => {
        const socket = await plainSocket(server);
        socket.resume().end(bytes);
        await once(socket, "close");
      }),
    );
    await checkAlive(server);
  });
});

test("ChannelServer: silence and slow bytes end with the deadline", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  await withServer({ timeout: 0.2 }, async (server, reports) => {
    const silent = await plainSocket(server);
    const slow = await plainSocket(server);
    const hello = await helloFrame();
    const closed = Promise.all([once(silent.resume(), "close"), once(slow.resume(), "close")]);
    for (let sent = 0; !(silent.closed && slow.closed); sent += 1) {
      slow.write(hello.subarray(sent, sent + 1));
      await new Promise((resolve) => setImmediate(resolve));
      mock.timers.tick(20);
    }
    await closed;
    assert.ok(
      reports.every((each) => each === "timed out: the handshake took longer than 0.2 s"),
      reports.join(),
    );
    await checkAlive(server);
  });
});

test("ChannelServer: reset at every point of the protocol", async () => {
  // after so many bytes of ours, at the latest when the server has said so many of its own
  await withServer({}, async (server) => {
    const hello = await helloFrame();
    for (let length = 0; length <= hello.length; length += 8) {
      const socket = await plainSocket(server);
      await new Promise((resolve) => socket.write(hello.subarray(0, length), resolve));
      socket.resetAndDestroy();
    }
    for (const bytes of [1, 4, 100, 150, 200]) {
      const socket = await plainSocket(server);
      socket.write(hello);
      let received = 0;
      socket.on("data", (chunk) => {
        received += chunk.length;
        if (received >= bytes) socket.resetAndDestroy();
      });
      await once(socket, "close");
    }
    for (const point of ["before the answer", "with a message on its way", "half-closed"]) {
      const socket = await plainSocket(server);
      const transport = new FramedStream(socket);
      const session = await shakeHandsAsClient(transport, { preSharedKey });
      if (point !== "before the answer") await transport.write(...session.sealer.seal(4, text));
      if (point === "half-closed") await transport.write(...session.sealer.seal(5, new Uint8Array()));
      socket.resetAndDestroy();
    }
    await checkAlive(server);
  });
});

test("ChannelServer: at most a quarter of the pending connections are of one address, the newest", async () => {
  await withServer({ maxPending: 12 }, async (server) => {
    const channel = await dial(server);
    const sockets: Socket[] = [];
    const dropped: number[] = [];
    for (let index = 0; index < 5; index += 1) {
      const socket = await plainSocket(server);
      sockets.push(socket.resume());
      socket.once("close", () => dropped.push(index));
    }
    const [first, second] = sockets;
    assert.ok(first && second);
    await Promise.all([first, second].map((socket) => socket.closed || once(socket, "close")));
    assert.equal(dropped, [0, 1]);
    // an authenticated client gets in, and stays
    await checkAlive(server);
    await channel.send(text);
    assert.equal(await channel.receive(), text);
    await channel.close();
    for (const socket of sockets) socket.destroy();
  });
});

test("ChannelServer: full, it says busy, until a client leaves", async () => {
  await withServer({ maxChannels: 2 }, async (server) => {
    const [first, second] = [await dial(server), await dial(server)];
    const refusal = await dial(server).catch((error: unknown) => error);
    assert.ok(isBusy(refusal), String(refusal));
    await first.close();
    await first.closed;
    while (server.channels.size > 1) await new Promise((resolve) => setImmediate(resolve));
    await checkAlive(server);
    await second.close();
  });
});

const LIMITS = {
  maxChannels: /busy, try again/,
  maxChannelsPerKey: /the server refuses us: too many channels under this key: 2/,
  maxChannelsPerAddress: /the server refuses us: too many channels from this address: 2/,
};
for (const [limit, refusal] of Object.entries(LIMITS)) {
  test(`ChannelServer: ${limit} holds for clients that come at once`, async () => {
    await withServer({ [limit]: 2 }, async (server) => {
      const outcomes = await Promise.allSettled(Array.from({ length: 6 }, () => dial(server)));
      const refused = outcomes.flatMap((each) => (each.status === "rejected" ? [String(each.reason)] : []));
      assert.is(refused.length, 4);
      for (const reason of refused) assert.match(reason, refusal);
      for (const each of outcomes) if (each.status === "fulfilled") await each.value.close();
      while (server.channels.size > 0) await new Promise((resolve) => setImmediate(resolve));
      await checkAlive(server);
    });
  });
}

test("ChannelServer: a refused client counts for no limit", async () => {
  let welcome = false;
  const authorize = () => (welcome ? undefined : "not yet");
  await withServer({ authorize, maxChannelsPerKey: 1 }, async (server) => {
    await rejects(dial(server), /not yet/);
    welcome = true;
    await checkAlive(server);
  });
});

test("ChannelServer: half handshakes from other addresses keep no honest client out", async () => {
  await withServer({ identity: bob, maxPending: 16 }, async (server) => {
    const [ours, theirs] = memoryPair();
    shakeHandsAsClient(ours, { identity: alice }).catch(() => {});
    const hello = frame((await theirs.next(8192)) ?? text);
    theirs.destroy(new Error("enough"));
    let flooding = true;
    const sockets = new Set<Socket>();
    const flood = (async () => {
      for (let count = 0; flooding; count += 1) {
        const localAddress = `127.0.0.${2 + (count % 8)}`;
        const socket = connect({ host: "127.0.0.1", port: server.port, localAddress });
        sockets.add(socket);
        socket.once("close", () => sockets.delete(socket));
        socket.on("error", () => {});
        socket.resume().write(hello);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    })();
    while (sockets.size < 16) await new Promise((resolve) => setImmediate(resolve));
    const address = { host: "127.0.0.1", port: server.port, timeout: 60 };
    for (let client = 0; client < 5; client += 1) {
      const channel = await connectChannel(address, { identity: alice });
      await channel.send(text);
      assert.equal(await channel.receive(), text);
      await channel.close();
    }
    flooding = false;
    await flood;
    for (const socket of sockets) socket.destroy();
  });
});

test("ChannelServer: two thousand connects that come to nothing leave nothing behind", async () => {
  await withServer({}, async (server) => {
    for (let round = 0; round < 20; round += 1) {
      await Promise.all(
        Array.from({ length: 100 }, async (_, index) => {
          const socket = await plainSocket(server);
          if (index % 3 === 0) socket.resetAndDestroy();
          else if (index % 3 === 1) socket.resume().end();
          else socket.destroy();
          if (!socket.closed) await once(socket, "close");
        }),
      );
    }
    await checkAlive(server);
  });
});

test("ChannelServer: a client that does not read holds up itself only", async () => {
  const serve = async (channel: Channel) => {
    const block = new Uint8Array(1024 * 1024);
    if ((await channel.receive())?.length === 1)
      for (let index = 0; index < 1000; index += 1) await channel.send(block);
    await channel.send(text);
  };
  await withServer({ serve }, async (server) => {
    const socket = await plainSocket(server);
    const transport = new FramedStream(socket);
    const session = await shakeHandsAsClient(transport, { preSharedKey });
    await transport.write(...session.sealer.seal(4, new Uint8Array(1)));
    const channel = await dial(server);
    await channel.send(text);
    assert.equal(await channel.receive(), text);
    await channel.close();
    socket.destroy();
  });
});

test("ChannelServer.close: ends what is open, and waits for it", async () => {
  // the clock stands still: closing waits for no deadline
  mock.timers.enable({ apis: ["setTimeout"] });
  const ended: string[] = [];
  const serve = async (channel: Channel) => {
    await echo(channel);
    ended.push("served");
  };
  await withServer({ serve }, async (server) => {
    const channel = await dial(server);
    const silent = await plainSocket(server);
    const dropped = once(silent.resume(), "close");
    const closing = server.close();
    assert.is(await channel.receive(), undefined);
    await channel.close();
    await closing;
    await dropped;
    assert.equal(ended, ["served"]);
    await rejects(dial(server), /nothing listens on/);
  });
});

test("ChannelServer.retire: drops strangers, listens no more, and leaves the channels alone", async () => {
  await withServer({}, async (server, reports) => {
    const channel = await dial(server);
    const [silent, answered] = [await plainSocket(server), await plainSocket(server)];
    answered.write(await helloFrame());
    await once(answered, "data");
    const dropped = [silent, answered].map((socket) => once(socket.resume(), "close"));
    let closed = false;
    const closing = server.closed.then(() => {
      closed = true;
    });
    server.retire("dropped: enough");
    await Promise.all(dropped);
    assert.equal(reports, ["dropped: enough", "dropped: enough"]);
    await rejects(dial(server), /nothing listens on/);
    await channel.send(text);
    assert.equal(await channel.receive(), text);
    assert.is(closed, false);
    await channel.close();
    await closing;
  });
});

test("ChannelServer.listen: a port that is taken", async () => {
  await withServer({}, async ({ port }) => {
    const second = ChannelServer.listen({ host: "127.0.0.1", port }, { ...lookUp, serve: echo });
    await rejects(second, /is in use by another program/);
  });
});

test.after.each(() => mock.timers.reset());

test.run();
