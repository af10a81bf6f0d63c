/**
 * The channel: messages, its end, and what becomes of it when an attacker on the wire interferes.
 */
import { Duplex } from "node:stream";
import { mock } from "node:test";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, concat, decodeUtf8, encodeUtf8, toHex } from "../../../lib/bytes/bytes.ts";
import { Channel, CLOSE_TIMEOUT, MESSAGE_LIMIT } from "../../../lib/channel/channel.ts";
import { shakeHandsAsClient } from "../../../lib/channel/handshake.ts";
import { CLOSE, NOT_AUTHENTIC, RECORD_OVERHEAD } from "../../../lib/channel/records.ts";
import { FramedStream } from "../../../lib/net/framing.ts";
import {
  lookUp,
  openOverTcp,
  openPair,
  openTampered,
  preSharedKey,
  shakeHands,
  socketPair,
} from "../../support/channels.ts";
import { loadIdentity } from "../../support/identities.ts";
import { memoryPair } from "../../support/memory-transport.ts";
import { rejects } from "../../support/rejects.ts";
import { flipBit, onMessage, passOn } from "../../support/wire.ts";

const text = encodeUtf8("a message");
const TRUNCATED = "the peer broke off without closing the channel: what it sent may be incomplete";

async function collect(channel: Channel): Promise<string[]> {
  const texts: string[] = [];
  for await (const message of channel) texts.push(decodeUtf8(message));
  return texts;
}

async function sendAll(channel: Channel, texts: string[]): Promise<void> {
  await Promise.all(texts.map((each) => channel.send(encodeUtf8(each))));
  await channel.end();
}

test("channel: messages both ways, in order, empty ones too, until each side has closed", async () => {
  const { client, server } = await openPair();
  const texts = ["one", "", "three", "four ".repeat(1000)];
  const [, , there, back] = await Promise.all([
    sendAll(client, texts),
    sendAll(server, texts.toReversed()),
    collect(server),
    collect(client),
  ]);
  assert.equal(there, texts);
  assert.equal(back, texts.toReversed());
  await Promise.all([client.closed, server.closed]);
  assert.is(await client.receive(), undefined, "and nothing after the end");
});

test("channel: with identities, each knows the other", async () => {
  const [alice, bob] = [await loadIdentity("a"), await loadIdentity("b")];
  const [left, right] = memoryPair();
  const [client, server] = await Promise.all([
    Channel.connect(left, { identity: alice }),
    Channel.accept(right, { identity: bob }),
  ]);
  assert.is(client.peer.fingerprint, bob.fingerprint);
  assert.is(server.peer.fingerprint, alice.fingerprint);
  await client.send(text);
  assert.equal(await server.receive(), text);
});

test("channel: the longest message, and one byte more", async () => {
  const { client, server } = await openPair();
  const longest = new Uint8Array(MESSAGE_LIMIT).fill(3);
  await client.send(longest);
  assert.equal(await server.receive(), longest);
  await rejects(
    client.send(new Uint8Array(MESSAGE_LIMIT + 1)),
    new RegExp(`expected at most ${MESSAGE_LIMIT} bytes`),
  );
  await client.send(text);
  assert.equal(await server.receive(), text, "which does no harm");
});

test("channel: one direction closed, the other goes on", async () => {
  const { client, server } = await openPair();
  await client.end();
  assert.is(await server.receive(), undefined);
  await rejects(client.send(text), /nothing more can be sent/);
  for (let index = 0; index < 3; index += 1) {
    await server.send(text);
    assert.equal(await client.receive(), text);
  }
  await server.end();
  assert.is(await client.receive(), undefined);
  await Promise.all([client.closed, server.closed]);
});

test("channel: what looks like a message on the wire is noise, and each message looks different", async () => {
  const seen: Bytes[] = [];
  const { client, server } = await openTampered((passing) => {
    seen.push(passing.message);
    return [passing.message];
  });
  const content = encodeUtf8("the same words again and again, ".repeat(64));
  await client.send(content);
  await client.send(content);
  await server.receive();
  await server.receive();
  assert.is(new Set(seen.map(toHex)).size, 2);
  for (const message of seen) {
    assert.not.ok(toHex(message).includes(toHex(encodeUtf8("again"))));
    assert.ok(new Set(message).size > 200);
  }
});

test("channel: a bit flipped in any byte of a record, of a close", async () => {
  for (const [index, length] of [
    [1, text.length + 17],
    [2, 17],
  ] as const) {
    for (let byte = 0; byte < length; byte += 1) {
      const { client, server } = await openTampered(
        onMessage("client", index, (message) => [flipBit(message, 8 * byte + (byte % 8))]),
      );
      const sending = Promise.allSettled([client.send(text), client.send(text), client.end()]);
      assert.equal(await server.receive(), text, "what came before stands");
      if (index === 2) await server.receive();
      // for every receiver, concurrent or later: nothing behind the altered record comes through
      const asked = [server.receive(), server.receive()];
      for (const each of asked) await rejects(each, NOT_AUTHENTIC);
      await rejects(server.receive(), NOT_AUTHENTIC);
      await rejects(server.send(text), NOT_AUTHENTIC);
      await server.closed;
      await sending;
    }
  }
});

test("channel: a record dropped, doubled, swapped, cut, made longer, replaced by the other side's", async () => {
  let first: Bytes = text;
  let servers: Bytes = text;
  const attacks: Record<string, Parameters<typeof openTampered>[0]> = {
    dropped: onMessage("client", 0, () => []),
    doubled: onMessage("client", 0, (message) => [message, message]),
    swapped: ({ message, from, index }) => {
      if (from === "server" || index > 1) return [message];
      if (index === 1) return [message, first];
      first = message;
      return [];
    },
    cut: onMessage("client", 1, (message) => [message.subarray(0, -1)]),
    longer: onMessage("client", 1, (message) => [concat([message, new Uint8Array(1)])]),
    empty: onMessage("client", 1, () => [new Uint8Array()]),
    reflected: ({ message, from, index }) => {
      if (from === "server") {
        servers = message;
        return [message];
      }
      return [index === 1 ? servers : message];
    },
  };
  for (const [name, tamper] of Object.entries(attacks)) {
    const { client, server } = await openTampered(tamper);
    await server.send(text);
    await client.receive();
    const sending = Promise.allSettled([client.send(text), client.send(encodeUtf8("another")), client.end()]);
    await rejects(collect(server), NOT_AUTHENTIC).catch((error) => {
      throw new Error(`${name}: ${error.message}`);
    });
    await sending;
  }
});

test("channel: a record of another session, of the same peers under the same key", async () => {
  let stolen: Bytes = text;
  const other = await openTampered(
    onMessage("client", 0, (message) => {
      stolen = message;
      return [message];
    }),
  );
  await other.client.send(text);
  await other.server.receive();
  const { client, server } = await openTampered(onMessage("client", 0, () => [stolen]));
  await client.send(text);
  await rejects(server.receive(), NOT_AUTHENTIC);
});

test("channel: an end without a close is distinguished from a close", async () => {
  const { client, server } = await openTampered(({ message, from, index }) =>
    from === "client" && index === 1 ? undefined : [message],
  );
  await client.send(text);
  await client.end();
  assert.equal(await server.receive(), text);
  await rejects(server.receive(), TRUNCATED);
});

test("channel: nothing may follow a close", async () => {
  const { client, server } = await openTampered(onMessage("client", 0, (message) => [message, text]));
  await client.end();
  assert.is(await server.receive(), undefined);
  await server.closed;
  await rejects(server.send(text), NOT_AUTHENTIC);
});

test("channel: a close with something in it", async () => {
  const [left, right] = memoryPair();
  const [session, server] = await Promise.all([
    shakeHandsAsClient(left, { preSharedKey }),
    Channel.accept(right, lookUp),
  ]);
  await left.write(...session.sealer.seal(CLOSE, text));
  await rejects(server.receive(), NOT_AUTHENTIC);
});

test("channel: a close moved before the last message", async () => {
  let held: Bytes = text;
  const { client, server } = await openTampered(({ message, from, index }) => {
    if (from === "server" || index > 1) return [message];
    if (index === 1) return [message, held];
    held = message;
    return [];
  });
  await Promise.allSettled([client.send(text), client.end()]);
  await rejects(server.receive(), NOT_AUTHENTIC);
});

test("channel: keys change on the way, under load in both directions", async () => {
  const { client, server } = await openPair({ rekeyAfter: 3 });
  const texts = Array.from({ length: 50 }, (_, index) => `message ${index}`);
  const [, , there, back] = await Promise.all([
    sendAll(client, texts),
    sendAll(server, texts),
    collect(server),
    collect(client),
  ]);
  assert.equal(there, texts);
  assert.equal(back, texts);
});

test("channel: a counter that runs out ends it", async () => {
  // the answer to the handshake is the server's first record, so it has one left
  const { client, server } = await openPair({ firstNumber: 2 ** 53 - 2 });
  await server.send(text);
  assert.equal(await client.receive(), text);
  await rejects(server.send(text), /run out of record numbers/);
  await rejects(client.receive(), /./);
});

test("channel: over TCP in chunks of one byte, and all glued together", async () => {
  for (const size of [1, 7, 1 << 20]) {
    const { ends, whole } = rechunked(size);
    const { client, server } = await shakeHands([new FramedStream(ends[0]), new FramedStream(ends[1])]);
    const texts = ["one", "", "three", "four ".repeat(100)];
    const [, , there, back] = await Promise.all([
      sendAll(client, texts),
      sendAll(server, texts),
      collect(server),
      collect(client),
    ]);
    assert.equal(there, texts);
    assert.equal(back, texts);
    assert.ok(whole() > 0);
  }
});

/**
 * Two ends of a byte stream in memory; what is written arrives in chunks of `size`, glued where
 * there is more.
 */
function rechunked(size: number): { ends: [Duplex, Duplex]; whole: () => number } {
  let chunks = 0;
  const make = (other: () => Duplex) => {
    let pending: Bytes = new Uint8Array();
    const deliver = () => {
      while (pending.length > 0) {
        other().push(pending.subarray(0, size));
        pending = pending.subarray(size);
        chunks += 1;
      }
    };
    return new Duplex({
      allowHalfOpen: true,
      read() {},
      write(chunk: Bytes, _encoding, callback) {
        if (pending.length === 0) setImmediate(deliver);
        pending = concat([pending, chunk]);
        callback();
      },
      final(callback) {
        setImmediate(() => {
          deliver();
          other().push(null);
          callback();
        });
      },
    });
  };
  const left: Duplex = make(() => right);
  const right: Duplex = make(() => left);
  return { ends: [left, right], whole: () => chunks };
}

test("channel: destroy cuts it off at once, on this side and on the other", async () => {
  const { client, server, sockets } = await openOverTcp();
  await client.send(text);
  await client.send(text);
  await server.receive();
  const waiting = client.receive();
  // so that the second message has arrived, and is not given out any more
  while (sockets[1].bytesRead < sockets[0].bytesWritten)
    await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  server.destroy("its key was taken off the list");
  await rejects(server.receive(), /its key was taken off the list/);
  await rejects(server.send(text), /its key was taken off the list/);
  await rejects(waiting, TRUNCATED).catch(() => rejects(waiting, /reset the connection/));
  await Promise.all([client.closed, server.closed]);
});

test("channel: a connection that is reset fails pending calls only", async () => {
  const { client, server, sockets } = await openOverTcp();
  const waiting = [server.receive(), server.receive()];
  sockets[0].resetAndDestroy();
  for (const each of waiting) await rejects(each, /reset the connection/);
  await rejects(server.send(text), /reset the connection/);
  await rejects(client.receive(), /closed/);
  await server.end().catch(() => {});
  await Promise.all([client.close(), server.close()]);
});

test("channel.close: throws away what still comes, and waits for the peer", async () => {
  const { client, server } = await openOverTcp();
  await client.send(text);
  await client.send(text);
  const [, there] = await Promise.all([client.close(), collect(server).finally(() => server.close())]);
  assert.is(there.length, 2);
  await Promise.all([client.closed, server.closed]);

  const pushy = await openOverTcp();
  await pushy.server.send(text);
  await pushy.server.send(text);
  await Promise.all([pushy.client.close(), pushy.server.close()]);
});

test("channel.close: a peer that never closes is cut off in time", async () => {
  const { client, server } = await openOverTcp();
  mock.timers.enable({ apis: ["setTimeout"] });
  const closing = client.close();
  assert.equal(await collect(server), []);
  mock.timers.tick(CLOSE_TIMEOUT * 1000);
  await closing;
});

test("channel: reads ahead of its user only so far", async () => {
  const { client, server } = await openPair();
  const block = new Uint8Array(256 * 1024);
  let taken = 0;
  const sending = (async () => {
    for (; taken < 100; taken += 1) await client.send(block);
  })();
  // that nothing happens has no event to wait for
  await Promise.race([sending, new Promise((resolve) => setTimeout(resolve, 200))]);
  assert.ok(taken < 30, `${taken} of 100 blocks were taken without a reader`);
  for (let index = 0; index < 100; index += 1) assert.is((await server.receive())?.length, block.length);
  await sending;

  // and of empty messages, which weigh nothing, only so many
  let sent = 0;
  const trickling = (async () => {
    for (; sent < 1000; sent += 1) await client.send(new Uint8Array());
  })();
  await Promise.race([trickling, new Promise((resolve) => setTimeout(resolve, 200))]);
  assert.ok(sent < 200, `${sent} of 1000 empty messages were taken without a reader`);
  await Promise.all([client.close(), server.close(), trickling.catch(() => {})]);
});

for (const role of ["accept", "connect"] as const) {
  test(`Channel.${role}: the limit of the application is that of the transport, and one message waits`, async () => {
    const messageLimit = 10;
    const [left, right] = memoryPair();
    const limits: number[] = [];
    const transport = role === "accept" ? right : left;
    const next = transport.next.bind(transport);
    transport.next = (limit) => {
      limits.push(limit);
      return next(limit);
    };
    const [client, server] = await Promise.all([
      Channel.connect(left, { preSharedKey, ...(role === "connect" && { messageLimit }) }),
      Channel.accept(right, { ...lookUp, ...(role === "accept" && { messageLimit }) }),
    ]);
    const [sender, receiver] = role === "accept" ? [client, server] : [server, client];
    const handshake = limits.length;
    for (let message = 0; message < 3; message += 1) await sender.send(new Uint8Array(messageLimit));
    // the first message waits, so the second is not read
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(limits.slice(handshake - 1), [messageLimit + RECORD_OVERHEAD]);
    for (let message = 0; message < 3; message += 1)
      assert.is((await receiver.receive())?.length, messageLimit);
    await sender.send(new Uint8Array(messageLimit + 1)).catch(() => {});
    await rejects(receiver.receive(), /at most 27 are accepted/);
  });
}

test("channel.exportKey: the same on both sides, another for each label, context, length and session", async () => {
  const { client, server } = await openPair();
  const exported = (channel: Channel, label: string, context: Bytes, length: number) =>
    toHex(channel.exportKey(label, context, length));
  assert.is(exported(client, "ticket", text, 32), exported(server, "ticket", text, 32));
  const other = await openPair();
  const all = [
    exported(client, "ticket", text, 32),
    exported(client, "ticket", new Uint8Array(), 32),
    exported(client, "tickets", text, 32),
    exported(client, "ticket", text, 16),
    exported(other.client, "ticket", text, 32),
  ];
  assert.is(new Set(all.map((hex) => hex.slice(0, 32))).size, all.length);
});

test("Channel.connect and accept: a peer that is silent is given up in time", async () => {
  for (const role of ["connect", "accept"] as const) {
    const [ours] = memoryPair();
    const running =
      role === "connect"
        ? Channel.connect(ours, { preSharedKey, timeout: 0.02 })
        : Channel.accept(ours, { ...lookUp, timeout: 0.02 });
    await rejects(running, /timed out: the handshake took longer than 0\.02 s/);
    assert.ok(ours.ended);
  }
});

test("Channel.connect: a server that ends, or is none", async () => {
  for (const bytes of [
    new Uint8Array(),
    encodeUtf8("HTTP/1.1 400 Bad Request\r\n\r\n"),
    new Uint8Array(5000),
  ]) {
    const { ends } = rechunked(100);
    ends[1].end(bytes);
    ends[1].resume();
    const running = Channel.connect(new FramedStream(ends[0]), { preSharedKey });
    await rejects(running, /closed the connection early|announced a frame|does not speak/);
  }
});

test("over a socket the memory of what is read is given back; elsewhere it may still be in use", async () => {
  const contents = new Uint8Array(512 * 1024).fill(7);
  const carry = async (ends: readonly [Duplex, Duplex]): Promise<Bytes[]> => {
    const read: Bytes[] = [];
    const [client, server] = [new FramedStream(ends[0]), new FramedStream(ends[1])];
    const pair = await shakeHands([client, server]);
    ends[1].on("data", (chunk: Bytes) => read.push(chunk));
    const sent = Array.from({ length: 8 }, () => pair.client.send(contents));
    for (const _ of sent) assert.equal(await pair.server.receive(), contents);
    await Promise.all(sent);
    await Promise.all([pair.client.close(), pair.server.close()]);
    return read;
  };
  const large = (all: Bytes[]) => all.filter(({ length }) => length >= 16 * 1024).length;

  const overTcp = await carry(await socketPair());
  // the last one may hold the beginning of what came no more
  assert.ok(large(overTcp) <= 1, `${large(overTcp)} pieces are still there`);
  assert.ok(overTcp.length > 8);

  assert.ok(large(await carry(rechunked(64 * 1024).ends)) > 8);
});

test("channel.send: a message that is overwritten right after the call arrives as it was", async () => {
  for (const { client, server } of [await openOverTcp(), await openPair({ rekeyAfter: 2 })]) {
    for (const length of [1, 5000, 300_000, MESSAGE_LIMIT]) {
      const message = new Uint8Array(length).fill(7);
      const sending = client.send(message);
      message.fill(1);
      assert.equal(await server.receive(), new Uint8Array(length).fill(7));
      await sending;
    }
    await Promise.all([client.close(), server.close()]);
  }
});

/** Counts the writes of `stream` from now on. */
function spyOnWrites(stream: Duplex): () => number {
  let count = 0;
  const { _write, _writev } = stream;
  stream._write = (...args) => {
    count += 1;
    _write.apply(stream, args);
  };
  stream._writev = (...args) => {
    count += 1;
    _writev?.apply(stream, args);
  };
  return () => count;
}

test("channel.send: a burst of small messages is one write", async () => {
  const { client, server, sockets } = await openOverTcp();
  const writes = spyOnWrites(sockets[0]);
  await Promise.all(Array.from({ length: 50 }, () => client.send(text)));
  assert.is(writes(), 1);
  for (let index = 0; index < 50; index += 1) assert.equal(await server.receive(), text);
  await Promise.all([client.close(), server.close()]);
});

test("channel.destroy: no record that still waits comes through", async () => {
  const { client, server } = await openOverTcp();
  // more than the channel reads ahead
  await Promise.all(Array.from({ length: 500 }, () => client.send(text)));
  await server.receive();
  server.destroy("its key was taken off the list");
  for (let index = 0; index < 10; index += 1) {
    await rejects(server.receive(), /its key was taken off the list/);
    await new Promise((resolve) => setImmediate(resolve));
  }
  client.destroy("enough");
});

test("channel.send: waits over TCP while the receiver takes nothing", async () => {
  const { client, server } = await openOverTcp();
  const block = new Uint8Array(1024 * 1024);
  let taken = 0;
  const sending = (async () => {
    for (; taken < 100; taken += 1) await client.send(block);
  })();
  // that nothing happens has no event to wait for
  await Promise.race([sending, new Promise((resolve) => setTimeout(resolve, 500))]);
  assert.ok(taken < 30, `${taken} of 100 blocks were taken without a receiver`);
  client.destroy("enough");
  await rejects(sending, "enough");
  server.destroy("enough");
});

test("channel: a wire that only passes on is not noticed", async () => {
  const { client, server } = await openTampered(passOn);
  await Promise.all([sendAll(client, ["x"]), collect(server)]);
  await server.close();
});

test.after.each(() => mock.timers.reset());

test.run();
