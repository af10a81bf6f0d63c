/** The channel as a stream: it must behave as a socket does. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { type Duplex, PassThrough, Readable, Writable } from "node:stream";
import { finished, pipeline } from "node:stream/promises";
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, concat, encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import { duplexOf } from "../../../lib/channel/channel-stream.ts";
import { openOverTcp, openPair, socketPair } from "../../support/channels.ts";
import { rejects } from "../../support/rejects.ts";

const RUNS = 40;

/** Two ends of a duplex stream: over a channel over TCP, and a plain connection to compare with. */
const kinds = {
  channel: async (): Promise<[Duplex, Duplex]> => {
    const { client, server } = await openOverTcp();
    return [duplexOf(client), duplexOf(server)];
  },
  socket: (): Promise<[Duplex, Duplex]> => socketPair(),
};

async function readAll(stream: Duplex): Promise<Bytes> {
  const chunks: Bytes[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return concat(chunks);
}

async function writeAll(stream: Duplex, chunks: readonly Bytes[]): Promise<void> {
  for (const chunk of chunks) if (!stream.write(chunk)) await once(stream, "drain");
  stream.end();
}

/** What both ends saw of a conversation in which each writes its chunks and ends. */
async function converse(
  [left, right]: [Duplex, Duplex],
  plan: { left: Bytes[]; right: Bytes[]; order: "together" | "left first" },
): Promise<{ left: Bytes; right: Bytes; events: string[] }> {
  const events: string[] = [];
  for (const [name, stream] of Object.entries({ left, right }))
    for (const event of ["finish", "end", "close"]) stream.once(event, () => events.push(`${name} ${event}`));
  const done = [left, right].map((stream) => once(stream, "close"));
  const reading = [readHalf(left), readHalf(right)] as const;
  await writeAll(left, plan.left);
  if (plan.order === "left first") await reading[1];
  await writeAll(right, plan.right);
  const [atLeft, atRight] = await Promise.all(reading);
  await Promise.all(done);
  return { left: atLeft, right: atRight, events: events.sort() };
}

/** Reads to the end without destroying the other half, as an async iterator would. */
function readHalf(stream: Duplex): Promise<Bytes> {
  const chunks: Bytes[] = [];
  return new Promise((resolve, reject) => {
    stream.on("data", (chunk: Bytes) => chunks.push(chunk));
    stream.once("end", () => resolve(concat(chunks)));
    stream.once("error", reject);
  });
}

const chunk = fc.uint8Array({ maxLength: 3000 }).map((bytes) => new Uint8Array(bytes));
const chunks = fc.array(chunk, { maxLength: 12 });

test("stream: any conversation goes as over a plain socket", async () => {
  await fc.assert(
    fc.asyncProperty(
      chunks,
      chunks,
      fc.constantFrom("together", "left first"),
      async (left, right, order) => {
        const plan = { left, right, order } as const;
        const overChannel = await converse(await kinds.channel(), plan);
        const overSocket = await converse(await kinds.socket(), plan);
        assert.equal(overChannel, overSocket);
        assert.equal(overChannel.right, concat(left));
        assert.equal(overChannel.left, concat(right));
      },
    ),
    { numRuns: RUNS },
  );
});

test("stream: any text in any pieces, with any encoding of writes, corked or not", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.string({ unit: "grapheme" })), fc.boolean(), async (texts, corked) => {
      const { client, server } = await openPair();
      const [writer, reader] = [duplexOf(client), duplexOf(server)];
      reader.end();
      if (corked) writer.cork();
      for (const text of texts) writer.write(text, "utf8");
      writer.resume().end();
      assert.equal(await readAll(reader), encodeUtf8(texts.join("")));
    }),
    { numRuns: RUNS },
  );
});

test("stream: pipeline carries megabytes through, and back", async () => {
  const [left, right] = await kinds.channel();
  const hash = { sent: createHash("sha256"), received: createHash("sha256") };
  const block = new Uint8Array(200_000);
  const source = Readable.from(
    (function* () {
      for (let index = 0; index < 40; index += 1) {
        const piece = block.fill(index).slice();
        hash.sent.update(piece);
        yield piece;
      }
    })(),
  );
  const sink = new Writable({
    write(piece, _encoding, callback) {
      hash.received.update(piece);
      callback();
    },
  });
  await Promise.all([
    pipeline(source, left),
    pipeline(right, new PassThrough(), right),
    pipeline(left, sink),
  ]);
  assert.is(hash.received.digest("hex"), hash.sent.digest("hex"));
});

test("stream: empty messages neither end it nor hold it up", async () => {
  const { client, server } = await openPair();
  const reading = readHalf(duplexOf(server));
  for (const text of ["a", "", "", "b", ""]) await client.send(encodeUtf8(text));
  await client.end();
  assert.equal(await reading, encodeUtf8("ab"));
});

test("stream: backpressure reaches the writer", async () => {
  for (const make of Object.values(kinds)) {
    const [left, right] = await make();
    const block = new Uint8Array(64 * 1024);
    let taken = 0;
    const write = () => {
      left.write(block, () => {
        taken += block.length;
      });
    };
    for (let index = 0; index < 1000; index += 1) write();
    assert.ok(left.writableNeedDrain);
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.ok(
      taken < 32 * 1024 * 1024,
      `${taken} of ${1000 * block.length} bytes were taken without a reader`,
    );
    left.destroy();
    right.destroy();
  }
});

test("stream: half-closed, it goes on the other way", async () => {
  for (const make of Object.values(kinds)) {
    const [left, right] = await make();
    left.end("question");
    const asked: Bytes[] = [];
    right.on("data", (piece: Bytes) => asked.push(piece));
    await once(right, "end");
    assert.equal(concat(asked), encodeUtf8("question"));
    right.end("answer");
    assert.equal(await readAll(left), encodeUtf8("answer"));
    await Promise.all([finished(left), finished(right)]);
  }
});

test("stream: destroyed on one side, it fails on the other, and is no end", async () => {
  const { client, server } = await openOverTcp();
  const [left, right] = [duplexOf(client), duplexOf(server)];
  left.write("half of what there was to s");
  const [piece] = await once(right, "data");
  assert.is(String(piece), "half of what there was to s");
  right.resume();
  const failing = once(right, "error");
  left.destroy();
  const [error] = await failing;
  assert.match(error.message, /without closing the channel|reset the connection/);
  await Promise.all([client.closed, server.closed]);
  assert.ok(right.destroyed);
});

test("stream: destroyed with an error, it says so here, and cuts the channel off", async () => {
  const { client } = await openOverTcp();
  const stream = duplexOf(client);
  const failing = once(stream, "error");
  stream.destroy(new Error("had enough"));
  assert.is((await failing)[0].message, "had enough");
  await rejects(client.receive(), /had enough/);
});

test("stream: pipeline into a channel that is cut off is rejected", async () => {
  const { client, server, sockets } = await openOverTcp();
  const endless = new Readable({
    read() {
      this.push(new Uint8Array(10_000));
    },
  });
  const piping = pipeline(endless, duplexOf(client));
  await server.receive();
  sockets[1].resetAndDestroy();
  await rejects(piping, /reset the connection/);
  assert.ok(endless.destroyed);
});

test("stream: leaves no listener on the socket behind", async () => {
  const { client, server, sockets } = await openOverTcp();
  const before = sockets[0].eventNames().map((name) => sockets[0].listenerCount(name));
  for (let index = 0; index < 50; index += 1) {
    await client.send(encodeUtf8("x"));
    await server.receive();
  }
  const after = sockets[0].eventNames().map((name) => sockets[0].listenerCount(name));
  assert.equal(after, before);
  await Promise.all([client.close(), server.close()]);
});

test.run();
