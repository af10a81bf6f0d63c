/**
 * Exercise 04 within one process: who gets in on the ports of the pool, and when they are free
 * again.
 */
import { once } from "node:events";
import { mock } from "node:test";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { openTicketPort } from "../../../exercises/04-port-switching/ticket-port.ts";
import { encodeUtf8, equal } from "../../../lib/bytes/bytes.ts";
import { encodeUint32 } from "../../../lib/bytes/fields.ts";
import type { Channel } from "../../../lib/channel/channel.ts";
import { connectChannel } from "../../../lib/channel/channel-client.ts";
import { handshakeTurns } from "../../../lib/channel/channel-server.ts";
import { shakeHandsAsClient } from "../../../lib/channel/handshake.ts";
import { isBusy } from "../../../lib/channel/refusal.ts";
import { randomBytes } from "../../../lib/crypto/webcrypto.ts";
import { FramedStream } from "../../../lib/net/framing.ts";
import { hold, release } from "../../support/free-ports.ts";
import { loadIdentity } from "../../support/identities.ts";
import { memoryPair } from "../../support/memory-transport.ts";
import { rejects } from "../../support/rejects.ts";
import {
  allFree,
  claim,
  meet,
  resetAfter,
  type SwitchingServer,
  startSwitching,
  stranger,
} from "../../support/switchboard.ts";

const [alice, bob] = [await loadIdentity("a"), await loadIdentity("b")];
const text = encodeUtf8("a message");
const refusedProof =
  "the peer is refused: its proof was altered, is not of this session, or is under another pre-shared key";
const broken = /reset the connection|closed the connection early|is closed/;

/**
 * Starts a server, lets `use` at it, and checks that all its ports come back, and that it can be
 * closed.
 */
async function withServer(
  options: { ports: number } & Parameters<typeof startSwitching>[2],
  use: (server: SwitchingServer) => Promise<void>,
): Promise<void> {
  const { ports, ...rest } = options;
  const server = await startSwitching(bob, ports, rest);
  try {
    await use(server);
    await allFree(server);
  } finally {
    await server.close();
  }
  for (const port of server.ports) await release(await hold(port));
}

async function converse(channel: Channel): Promise<void> {
  await channel.send(text);
  assert.equal(await channel.receive(), text);
}

test("Switchboard: the conversation runs on a port of the pool, which is free again afterwards", async () => {
  await withServer({ ports: 2 }, async (server) => {
    const offer = await meet(server, alice);
    assert.is(offer.port, server.ports[0]);
    assert.is(server.pool.free, 1);
    const channel = await claim(offer);
    assert.equal(channel.peer.id, offer.ticket);
    await converse(channel);
    assert.is(server.main.channels.size, 0, "the channel on the main port is closed");
    await channel.close();
    await allFree(server);
    assert.equal(server.reports, []);
    assert.is((await meet(server, alice).then(claim).then(close)).closed instanceof Promise, true);
  });
});

async function close(channel: Channel): Promise<Channel> {
  await channel.close();
  return channel;
}

test("Switchboard: several clients at once, each on a port of its own", async () => {
  await withServer({ ports: 5 }, async (server) => {
    const offers = await Promise.all(Array.from({ length: 5 }, () => meet(server, alice)));
    assert.equal(
      offers.map(({ port }) => port).sort((a, b) => a - b),
      server.ports,
    );
    const channels = await Promise.all(offers.map(claim));
    await Promise.all(channels.map(converse));
    await Promise.all(channels.map(close));
  });
});

test("Switchboard: strangers who come first neither get in nor take the place of the client", async () => {
  await withServer({ ports: 1 }, async (server) => {
    const offer = await meet(server, alice);
    const { port, ticket } = offer;
    const silent = await stranger(port);
    const dropped = once(silent.resume(), "close");
    const garbage = await stranger(port);
    garbage.resume().end("GET / HTTP/1.1\r\n\r\n");
    await once(garbage, "close");
    const half = await stranger(port);
    half.resume().write(encodeUint32(137));

    const address = { host: "127.0.0.1", port };
    await rejects(connectChannel(address, { identity: alice }), /this server talks under pre-shared keys/);
    const key = randomBytes(32);
    // the server's proof is under a key that they do not have, so they never come to their own
    for (const id of [ticket, randomBytes(16), randomBytes(1), new Uint8Array([...ticket, 0])])
      await rejects(connectChannel(address, { preSharedKey: { id, key } }), refusedProof);

    const channel = await claim(offer);
    await converse(channel);
    await dropped;
    // and now the port is closed
    await rejects(claim(offer), /nothing listens on/);
    await converse(channel);
    await channel.close();
    const { reports } = server;
    const ousted = `on port ${port}: dropped: the owner of the ticket has come`;
    assert.is(reports.filter((line) => line === ousted).length, 2, reports.join("\n"));
    assert.is(reports.length, 8, reports.join("\n"));
  });
});

test("Switchboard: who has stolen the ticket, and makes up a proof, is refused and does not use it up", async () => {
  await withServer({ ports: 1 }, async (server) => {
    const offer = await meet(server, alice);
    // a client that takes any proof of the server's for good: it sends a proof of its own under a
    // wrong key
    const [ours, theirs] = memoryPair();
    shakeHandsAsClient(ours, { preSharedKey: { id: offer.ticket, key: randomBytes(32) } }).catch(() => {});
    const hello = await theirs.next(8192);
    theirs.destroy(new Error("enough"));
    assert.ok(hello);
    const socket = await stranger(offer.port);
    const transport = new FramedStream(socket);
    await transport.write(hello);
    await transport.next(8192);
    await transport.next(8192);
    await transport.write(new Uint8Array([1]), randomBytes(60));
    assert.is(await transport.next(8192), undefined);
    socket.destroy();
    assert.equal(server.reports, [`on port ${offer.port}: ${refusedProof}`]);
    await claim(offer).then(talk);
  });
});

async function talk(channel: Channel): Promise<void> {
  await converse(channel);
  await channel.close();
}

test("Switchboard: a ticket leads to its own port only", async () => {
  await withServer({ ports: 2 }, async (server) => {
    const [first, second] = [await meet(server, alice), await meet(server, alice)];
    await rejects(claim({ ...first, port: second.port }), refusedProof);
    await rejects(claim({ ...second, key: first.key }), refusedProof);
    // the key does not do without its ticket
    await rejects(claim({ ...first, ticket: randomBytes(16) }), refusedProof);
    await Promise.all([first, second].map((offer) => claim(offer).then(talk)));
    // nor to the next client on the port
    const third = await meet(server, alice);
    const old = [first, second].find(({ port }) => port === third.port);
    assert.ok(old);
    await rejects(claim(old), refusedProof);
    await claim(third).then(talk);
  });
});

test("Switchboard: of many who come with the same ticket at once, one gets in", async () => {
  await withServer({ ports: 1 }, async (server) => {
    const offer = await meet(server, alice);
    const results = await Promise.allSettled(Array.from({ length: 6 }, () => claim(offer)));
    const channels = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    assert.is(channels.length, 1);
    await Promise.all(channels.map(talk));
  });
});

test("openTicketPort: no client gets in before the key is there, nor once the ticket is used", async () => {
  const reports: string[] = [];
  const { port, ticket, over, close } = await openTicketPort(
    { host: "127.0.0.1", port: 0 },
    {
      claim: 60,
      timeout: 60,
      turns: handshakeTurns(),
      serve: async () => assert.unreachable(),
      report: (error) => reports.push(error instanceof Error ? error.message : String(error)),
      onUnclaimed: () => assert.unreachable(),
    },
  );
  const offer = { port, ticket: ticket.id, key: randomBytes(32) };
  await rejects(claim(offer), refusedProof);
  await rejects(claim({ ...offer, key: new Uint8Array(32) }), refusedProof);
  ticket.admit(offer.key);
  // by a client that is just being let in
  ticket.use();
  await rejects(claim(offer), "the server refuses us: this ticket has been used");
  assert.is(reports.pop(), "refused the client: this ticket has been used");
  await Promise.all([close(), over]);
});

function unclaimed(port: number): string {
  return `${alice.fingerprint}: it has not come to port ${port} within 1 s`;
}

test("Switchboard: a port that is not claimed in time is free again, and the ticket is worth nothing", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  await withServer({ ports: 1, claim: 1 }, async (server) => {
    const offer = await meet(server, alice);
    const waiting = await stranger(offer.port);
    mock.timers.tick(1000);
    await once(waiting.resume(), "close");
    await allFree(server);
    assert.equal(server.reports, [
      unclaimed(offer.port),
      `on port ${offer.port}: dropped: the ticket has expired`,
    ]);
    await rejects(claim(offer), /nothing listens on/);
    // the port's next owner is not disturbed by the old deadline or the old ticket
    const next = await meet(server, alice);
    assert.is(next.port, offer.port);
    const channel = await claim(next);
    await rejects(claim(offer), /nothing listens on/);
    mock.timers.tick(1100);
    await talk(channel);
    assert.is(server.reports.filter((line) => line === unclaimed(offer.port)).length, 1);
  });
});

test("Switchboard: with no port free the client hears busy, under the keys, until a client leaves", async () => {
  await withServer({ ports: 1 }, async (server) => {
    const first = await meet(server, alice);
    const refusal = await meet(server, alice).catch((error: unknown) => error);
    assert.is(String(refusal), "Error: the server refuses us: busy, try again in 5 seconds");
    assert.ok(isBusy(refusal));
    const channel = await claim(first);
    assert.ok(isBusy(await meet(server, alice).catch((error: unknown) => error)));
    await talk(channel);
    await allFree(server);
    await meet(server, alice).then(claim).then(talk);
  });
});

test("Switchboard: a port that another program holds is passed over, and used once it is free", async () => {
  await withServer({ ports: 3 }, async (server) => {
    const [first = 0, second, third] = server.ports;
    const other = await hold(first);
    const offers = [await meet(server, alice), await meet(server, alice)];
    assert.equal(
      offers.map(({ port }) => port),
      [second, third],
    );
    assert.ok(isBusy(await meet(server, alice).catch((error: unknown) => error)));
    assert.equal(server.held, [first]);
    await release(other);
    offers.push(await meet(server, alice));
    assert.is(offers.at(-1)?.port, first);
    await Promise.all(offers.map((offer) => claim(offer).then(talk)));
  });
});

test("Switchboard: a client that resets at any point of the main port loses us no port", async () => {
  await withServer({ ports: 4, claim: 1 }, async (server) => {
    for (const bytes of [1, 140, 700]) {
      const socket = await stranger(server.main.port);
      const transport = new FramedStream(socket);
      shakeHandsAsClient(transport, { identity: alice }).catch(() => {});
      let received = 0;
      socket.on("data", (chunk: Uint8Array) => {
        received += chunk.length;
        if (received >= bytes) socket.resetAndDestroy();
      });
      await once(socket, "close");
    }
    const proved = await stranger(server.main.port);
    const transport = new FramedStream(proved);
    await shakeHandsAsClient(transport, { identity: alice });
    proved.resetAndDestroy();
    // its proof is on its way, and it does not wait for the answer
    const hasty = await stranger(server.main.port);
    const pipe = new FramedStream(hasty);
    resetAfter(hasty, pipe, 2);
    await rejects(shakeHandsAsClient(pipe, { identity: alice }), broken);
  });
});

test("Switchboard: a client that resets at any point of its own port loses us no port", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  await withServer({ ports: 4, claim: 2 }, async (server) => {
    for (const after of [1, 2]) {
      const { port, ticket, key } = await meet(server, alice);
      const socket = await stranger(port);
      const transport = new FramedStream(socket);
      resetAfter(socket, transport, after);
      await rejects(shakeHandsAsClient(transport, { preSharedKey: { id: ticket, key } }), broken);
    }
    for (const point of ["let in", "with a message on its way"]) {
      const { port, ticket, key } = await meet(server, alice);
      const socket = await stranger(port);
      const transport = new FramedStream(socket);
      const { sealer } = await shakeHandsAsClient(transport, { preSharedKey: { id: ticket, key } });
      if (point !== "let in") await transport.write(...sealer.seal(4, text));
      socket.resetAndDestroy();
    }
    mock.timers.tick(2000);
  });
});

test("Switchboard: a conversation that we give up frees its port", async () => {
  const serve = async (channel: Channel) => {
    await channel.receive();
    throw new Error("I do not like this one");
  };
  await withServer({ ports: 1, serve }, async (server) => {
    const channel = await claim(await meet(server, alice));
    await channel.send(text);
    await rejects(channel.receive(), /without closing|reset the connection/);
    await allFree(server);
    assert.equal(server.reports, [`on port ${server.ports[0]}: I do not like this one`]);
  });
});

test("Switchboard: a flood of strangers does not keep the client out of its port", async () => {
  await withServer({ ports: 1 }, async (server) => {
    const offer = await meet(server, alice);
    const sockets = await Promise.all(Array.from({ length: 150 }, () => stranger(offer.port)));
    for (const socket of sockets) socket.resume();
    await claim(offer).then(talk);
    for (const socket of sockets) if (!socket.closed) await once(socket, "close");
  });
});

test("Switchboard.close: ends conversations and what is reserved, and no client gets a port any more", async () => {
  await withServer({ ports: 3 }, async (server) => {
    const channel = await claim(await meet(server, alice));
    const reserved = await meet(server, alice);
    const silent = await stranger(reserved.port);
    const dropped = once(silent.resume(), "close");
    const closing = server.close();
    assert.is(await channel.receive(), undefined);
    await channel.close();
    await Promise.all([closing, dropped]);
    assert.is(server.switchboard.size, 0);
    assert.is(server.pool.free, 3);
    assert.equal(server.reports, []);
    await rejects(claim(reserved), /nothing listens on/);
    const late = { spki: alice.spki, fingerprint: alice.fingerprint, id: new Uint8Array() };
    await server.switchboard.reserve(late);
    assert.is(server.switchboard.size, 0);
  });
});

test("Switchboard.offer: only for whom a port was reserved", async () => {
  await withServer({ ports: 1 }, async (server) => {
    const channel = await claim(await meet(server, alice));
    await rejects(server.switchboard.offer(channel), "no port was reserved for this client");
    await channel.close();
  });
});

test("Switchboard: tickets and keys are new each time", async () => {
  await withServer({ ports: 2 }, async (server) => {
    const [first, second] = [await meet(server, alice), await meet(server, alice)];
    assert.is(first.ticket.length, 16);
    assert.not.ok(equal(first.ticket, second.ticket));
    assert.not.ok(equal(first.key, second.key));
    await Promise.all([first, second].map((offer) => claim(offer).then(talk)));
  });
});

test.after.each(() => mock.timers.reset());

test.run();
