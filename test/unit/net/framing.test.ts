import process from "node:process";
import { Duplex, duplexPair } from "node:stream";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, concat, encodeUtf8, toHex } from "../../../lib/bytes/bytes.ts";
import { encodeUint32 } from "../../../lib/bytes/fields.ts";
import { FRAME_LIMIT, FramedStream, HELLO_LIMIT } from "../../../lib/net/framing.ts";
import { rejects } from "../../support/rejects.ts";
import { playback, settle, split } from "../../support/streams.ts";

const LIMIT = 1000;
const CLOSED_EARLY = "the peer closed the connection early; its own output may say why";
const BROKEN_OFF = "the peer reset the connection; its own output may say why";

const payloads = fc.array(
  fc.uint8Array({ maxLength: 60 }).map((array) => new Uint8Array(array)),
  { maxLength: 5 },
);

function frame(payload: Bytes): Bytes {
  return concat([encodeUint32(payload.length), payload]);
}

/** Returns all frames of a stream that arrives as `chunks`, in hexadecimal. */
async function framesOf(chunks: Iterable<Bytes>, limit = LIMIT): Promise<string[]> {
  const frames: string[] = [];
  for await (const payload of new FramedStream(playback(chunks).stream).frames(limit))
    frames.push(toHex(payload));
  return frames;
}

test("the limits are 8 KiB for hellos and 2 MiB for the rest", () => {
  assert.is(HELLO_LIMIT, 8192);
  assert.is(FRAME_LIMIT, 2_097_152);
});

test("write sends the length as big-endian uint32, then the payload", async () => {
  const { stream, written } = playback([]);
  const connection = new FramedStream(stream);
  await connection.write(new Uint8Array([0xaa, 0xbb]));
  await connection.write(new Uint8Array(0));
  await connection.write(new Uint8Array(0x0102));
  assert.is(toHex(written()), `00000002aabb0000000000000102${"00".repeat(0x0102)}`);
});

test("write and frames are each other's inverse", async () => {
  await fc.assert(
    fc.asyncProperty(payloads, async (list) => {
      const [left, right] = duplexPair();
      const writer = new FramedStream(left);
      const sent = (async () => {
        for (const payload of list) await writer.write(payload);
        left.end();
      })();
      const frames: string[] = [];
      for await (const payload of new FramedStream(right).frames(LIMIT)) frames.push(toHex(payload));
      await sent;
      assert.equal(frames, list.map(toHex));
    }),
  );
});

test("frames yields the same for every way to cut the stream in three", async () => {
  const list = [encodeUtf8("ab"), new Uint8Array(0), encodeUtf8("c")];
  const bytes = concat(list.map(frame));
  for (let first = 0; first <= bytes.length; first += 1) {
    for (let second = first; second <= bytes.length; second += 1) {
      assert.equal(await framesOf(split(bytes, [first, second])), list.map(toHex), `${first}, ${second}`);
    }
  }
});

test("frames yields the same for any split of any stream", async () => {
  await fc.assert(
    fc.asyncProperty(payloads, fc.array(fc.nat({ max: 320 }), { maxLength: 20 }), async (list, cuts) => {
      const bytes = concat(list.map(frame));
      const chunks = split(
        bytes,
        cuts.filter((cut) => cut < bytes.length),
      );
      assert.equal(await framesOf(chunks), list.map(toHex));
    }),
    { numRuns: 300 },
  );
});

test("frames yields the same byte by byte", async () => {
  const list = [encodeUtf8("hello"), new Uint8Array(300).fill(7), new Uint8Array(0), encodeUtf8("end")];
  const bytes = concat(list.map(frame));
  assert.equal(await framesOf(split(bytes, Array.from(bytes.keys()))), list.map(toHex));
});

test("frames yields a hundred frames that arrive glued together", async () => {
  const list = Array.from({ length: 100 }, (_, index) => new Uint8Array(index).fill(index));
  assert.equal(await framesOf([concat(list.map(frame))]), list.map(toHex));
});

test("next yields each frame in memory of its own", async () => {
  const payloads = [1000, 900, 800, 700, 10, 900, 1000].map((length, index) =>
    new Uint8Array(length).fill(index),
  );
  // each frame lies in several chunks
  const stream = concat(payloads.map(frame));
  const pieces = Array.from({ length: Math.ceil(stream.length / 3) }, (_, index) =>
    stream.subarray(3 * index, 3 * index + 3),
  );
  const found: (Bytes | undefined)[] = [];
  const reader = new FramedStream(playback(pieces).stream);
  for (const _ of payloads) found.push(await reader.next(LIMIT));
  assert.equal(found, payloads, "none has been overwritten");
});

test("frames of an empty stream is empty", async () => {
  assert.equal(await framesOf([]), []);
});

test("frames throws when the stream ends inside a frame, after the whole ones", async () => {
  const bytes = concat([frame(encodeUtf8("whole")), frame(encodeUtf8("cut short"))]);
  for (let length = 10; length < bytes.length; length += 1) {
    const frames: string[] = [];
    const read = (async () => {
      const connection = new FramedStream(playback([bytes.slice(0, length)]).stream);
      for await (const payload of connection.frames(LIMIT)) frames.push(toHex(payload));
    })();
    await rejects(read, /^the peer closed the connection inside a frame/);
    assert.equal(frames, [toHex(encodeUtf8("whole"))]);
  }
});

test("read yields a frame of many chunks and leaves what follows for the next read", async () => {
  const first = new Uint8Array(900).map((_, index) => index);
  const bytes = concat([frame(first), frame(encodeUtf8("next"))]);
  const connection = new FramedStream(playback(split(bytes, [1, 3, 4, 500, 905])).stream);
  assert.is(toHex(await connection.read(LIMIT)), toHex(first));
  assert.is(toHex(await connection.read(LIMIT)), toHex(encodeUtf8("next")));
});

test("read takes a frame of exactly the limit, and refuses one byte more", async () => {
  const chunks = [frame(new Uint8Array(LIMIT)), frame(new Uint8Array(LIMIT + 1))];
  const connection = new FramedStream(playback(chunks).stream);
  assert.is((await connection.read(LIMIT)).length, LIMIT);
  await rejects(
    connection.read(LIMIT),
    "the peer announced a frame of 1001 bytes, at most 1000 are accepted",
  );
});

test("frames refuses a frame over the limit, after those within it", async () => {
  const sizes: number[] = [];
  const read = (async () => {
    const chunks = [frame(new Uint8Array(LIMIT)), frame(new Uint8Array(LIMIT + 1))];
    for await (const payload of new FramedStream(playback(chunks).stream).frames(LIMIT))
      sizes.push(payload.length);
  })();
  await rejects(read, "the peer announced a frame of 1001 bytes, at most 1000 are accepted");
  assert.equal(sizes, [LIMIT]);
});

for (const length of [LIMIT + 1, 0x7fffffff, 0x80000000, 0xffffffff]) {
  test(`read refuses a frame of ${length} bytes on its header alone, and reads no more`, async () => {
    const endless = (function* () {
      yield encodeUint32(length);
      for (;;) yield new Uint8Array(64 * 1024);
    })();
    const { stream, pulled } = playback(endless);
    await rejects(
      new FramedStream(stream).read(LIMIT),
      `the peer announced a frame of ${length} bytes, at most 1000 are accepted`,
    );
    await settle();
    assert.ok(pulled() <= 3, `${pulled()} chunks were read`);
  });
}

test("read says that the peer closed early when the stream ends before a frame", async () => {
  await rejects(new FramedStream(playback([]).stream).read(LIMIT), CLOSED_EARLY);
});

test("read refuses a stream that ends inside the header", async () => {
  for (const length of [1, 2, 3]) {
    await rejects(
      new FramedStream(playback([new Uint8Array(length)]).stream).read(LIMIT),
      `the peer closed the connection inside a frame (${length} of 4 bytes of its header)`,
    );
  }
});

test("read refuses a stream that ends inside the payload", async () => {
  const bytes = frame(new Uint8Array(10));
  for (let length = 4; length < bytes.length; length += 1) {
    await rejects(
      new FramedStream(playback([bytes.slice(0, length)]).stream).read(LIMIT),
      `the peer closed the connection inside a frame (${length - 4} of 10 bytes of its payload)`,
    );
  }
});

test("read goes on saying that the stream has ended", async () => {
  const connection = new FramedStream(playback([]).stream);
  await rejects(connection.read(LIMIT), CLOSED_EARLY);
  await rejects(connection.read(LIMIT), CLOSED_EARLY);
});

test("readLast yields the frame only once the peer has ended its half", async () => {
  const [left, right] = duplexPair();
  left.write(frame(encodeUtf8("last")));
  let arrived = false;
  const last = new FramedStream(right).readLast(LIMIT).then((payload) => {
    arrived = true;
    return payload;
  });
  await settle();
  assert.not(arrived);
  left.end();
  assert.is(toHex(await last), toHex(encodeUtf8("last")));
});

test("readLast refuses even one byte after the frame, however the stream is split", async () => {
  for (const extra of [new Uint8Array(1), frame(new Uint8Array(0)), frame(encodeUtf8("more"))]) {
    const bytes = concat([frame(encodeUtf8("last")), extra]);
    for (let cut = 0; cut < bytes.length; cut += 1) {
      const connection = new FramedStream(playback(split(bytes, [cut])).stream);
      await rejects(connection.readLast(LIMIT), "the peer sent more than its last frame");
    }
  }
});

test("readLast refuses a frame cut short or over the limit", async () => {
  await rejects(
    new FramedStream(playback([new Uint8Array(2)]).stream).readLast(LIMIT),
    /inside a frame \(2 of 4/,
  );
  await rejects(
    new FramedStream(playback([frame(new Uint8Array(9))]).stream).readLast(8),
    /of 9 bytes, at most 8/,
  );
});

test("readLast fails when the connection breaks instead of ending", async () => {
  const [left, right] = duplexPair();
  left.write(frame(encodeUtf8("last")));
  const last = new FramedStream(right).readLast(LIMIT);
  await settle();
  right.destroy();
  await rejects(last, "the connection is closed");
});

test("writeLast ends our half, and the other half can still be read", async () => {
  const [left, right] = duplexPair();
  const [near, far] = [new FramedStream(left), new FramedStream(right)];
  await Promise.all([
    near.writeLast(encodeUtf8("request")),
    far.readLast(LIMIT).then((payload) => assert.is(toHex(payload), toHex(encodeUtf8("request")))),
  ]);
  await Promise.all([
    far.writeLast(encodeUtf8("reply")),
    near.readLast(LIMIT).then((payload) => assert.is(toHex(payload), toHex(encodeUtf8("reply")))),
  ]);
});

test("a FramedStream reads nothing until it is asked", async () => {
  const { stream, pulled } = playback([frame(encodeUtf8("one")), frame(encodeUtf8("two"))]);
  const connection = new FramedStream(stream);
  await settle();
  assert.ok(pulled() <= 1, `${pulled()} chunks were read`);
  assert.is(toHex(await connection.read(LIMIT)), toHex(encodeUtf8("one")));
});

test("read takes no more from the stream than the frame asked for and a chunk of read-ahead", async () => {
  const endless = (function* () {
    for (;;) yield frame(new Uint8Array(100));
  })();
  const { stream, pulled } = playback(endless);
  const connection = new FramedStream(stream);
  for (let count = 1; count <= 50; count += 1) {
    await connection.read(LIMIT);
    await settle();
    assert.ok(pulled() <= count + 2, `${pulled()} chunks were read for ${count} frames`);
  }
});

test("frames takes no more from the stream than its consumer does", async () => {
  const endless = (function* () {
    for (;;) yield frame(new Uint8Array(100));
  })();
  const { stream, pulled } = playback(endless);
  let count = 0;
  for await (const _payload of new FramedStream(stream).frames(LIMIT)) {
    count += 1;
    await settle();
    assert.ok(pulled() <= count + 2, `${pulled()} chunks were read for ${count} frames`);
    if (count === 20) break;
  }
});

test("write waits while the reader does not read, and goes on when it does", async () => {
  const [left, right] = duplexPair({ highWaterMark: 1024 });
  const [writer, reader] = [new FramedStream(left), new FramedStream(right)];
  let sent = 0;
  const writing = (async () => {
    for (let count = 0; count < 20; count += 1) {
      await writer.write(new Uint8Array(10_000));
      sent += 1;
    }
  })();
  await settle();
  assert.is(sent, 0);
  assert.ok(left.writableLength <= 10_004, `${left.writableLength} bytes wait`);
  for (let count = 1; count <= 20; count += 1) {
    assert.is((await reader.read(10_000)).length, 10_000);
    await settle();
    assert.ok(sent <= count + 1, `${sent} frames were taken, and ${count} read`);
  }
  await writing;
  assert.is(sent, 20);
});

test("concurrent writes keep their frames whole and in order", async () => {
  const [left, right] = duplexPair({ highWaterMark: 16 });
  const writer = new FramedStream(left);
  const list = Array.from({ length: 30 }, (_, index) => new Uint8Array(index * 5).fill(index));
  const writing = Promise.all(list.map((payload) => writer.write(payload))).then(() => left.end());
  const frames: string[] = [];
  for await (const payload of new FramedStream(right).frames(LIMIT)) frames.push(toHex(payload));
  await writing;
  assert.equal(frames, list.map(toHex));
});

test("read fails with the error of a stream that is destroyed while it waits", async () => {
  const stream = silent();
  const reading = new FramedStream(stream).read(LIMIT);
  stream.destroy(new Error("timed out"));
  await rejects(reading, "timed out");
});

test("read fails when the stream closes without an end", async () => {
  const stream = silent();
  const reading = new FramedStream(stream).read(LIMIT);
  stream.destroy();
  await rejects(reading, "the connection is closed");
});

test("read inside a frame fails with the stream's error, not as if the peer had ended it", async () => {
  const stream = silent();
  const reading = new FramedStream(stream).read(LIMIT);
  stream.push(new Uint8Array([0, 0, 0, 9, 1]));
  await settle();
  stream.destroy(new Error("timed out"));
  await rejects(reading, "timed out");
});

test("an error before the first read is kept for the next read and the next write", async () => {
  const stream = silent();
  const connection = new FramedStream(stream);
  stream.destroy(new Error("timed out"));
  await settle();
  await rejects(connection.read(LIMIT), "timed out");
  await rejects(connection.readLast(LIMIT), "timed out");
  await rejects(connection.write(new Uint8Array(1)), "timed out");
  await rejects(connection.writeLast(new Uint8Array(1)), "timed out");
});

test("a frame that is here already can be read after the stream broke", async () => {
  const stream = silent();
  const connection = new FramedStream(stream);
  const first = connection.read(LIMIT);
  stream.push(concat([frame(encodeUtf8("one")), frame(encodeUtf8("two"))]));
  await first;
  stream.destroy(new Error("timed out"));
  await settle();
  assert.is(toHex(await connection.read(LIMIT)), toHex(encodeUtf8("two")));
  await rejects(connection.read(LIMIT), "timed out");
});

for (const code of ["ECONNRESET", "EPIPE"]) {
  test(`read and write say in plain words that the peer reset the connection (${code})`, async () => {
    const stream = silent();
    const connection = new FramedStream(stream);
    const reading = connection.read(LIMIT);
    const writing = connection.write(new Uint8Array(9));
    stream.destroy(Object.assign(new Error(`read ${code}`), { code }));
    await Promise.all([rejects(reading, BROKEN_OFF), rejects(writing, BROKEN_OFF)]);
    await rejects(connection.write(new Uint8Array(1)), BROKEN_OFF);
  });
}

test("write says in plain words that the peer broke off when the write itself finds out", async () => {
  const error = Object.assign(new Error("write EPIPE"), { code: "EPIPE" });
  const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done(error) });
  await rejects(new FramedStream(stream).write(new Uint8Array(9)), BROKEN_OFF);
});

test("write fails when the stream is destroyed while it waits", async () => {
  const stream = silent();
  const writing = new FramedStream(stream).write(new Uint8Array(9));
  await settle();
  stream.destroy(new Error("timed out"));
  await rejects(writing, "timed out");
});

/** A stream that takes all that is written, and ends as `final` says. */
function endingBy(final: (callback: (error?: Error) => void) => void): Duplex {
  return new Duplex({ read() {}, write: (_chunk, _encoding, done) => done(), final });
}

test("writeLast waits until the end of our half is out", async () => {
  let release: () => void = () => {};
  const stream = endingBy((callback) => {
    release = callback;
  });
  let isOut = false;
  const sent = new FramedStream(stream).writeLast(new Uint8Array(1)).then(() => {
    isOut = true;
  });
  await settle();
  assert.not(isOut);
  release();
  await sent;
});

test("writeLast fails when our half cannot be ended, or the stream breaks before", async () => {
  const error = Object.assign(new Error("shutdown"), { code: "EPIPE" });
  await rejects(
    new FramedStream(endingBy((callback) => callback(error))).writeLast(new Uint8Array(1)),
    BROKEN_OFF,
  );
  const stream = endingBy(() => {});
  const sent = new FramedStream(stream).writeLast(new Uint8Array(1));
  setImmediate(() => stream.destroy(new Error("timed out")));
  await rejects(sent, "timed out");
});

test("write fails after writeLast", async () => {
  const [left, right] = duplexPair();
  const connection = new FramedStream(left);
  await Promise.all([connection.writeLast(new Uint8Array(1)), new FramedStream(right).readLast(LIMIT)]);
  await rejects(connection.write(new Uint8Array(1)), /write after end/);
});

test("a frame that trickles in byte by byte takes no memory for each chunk", async () => {
  const COUNT = 100_000;
  const collectGarbage = garbageCollector();
  const stream = silent();
  const reading = new FramedStream(stream).read(COUNT + 1);
  stream.push(encodeUint32(COUNT + 1));
  await settle();
  collectGarbage();
  const before = process.memoryUsage();
  for (let count = 0; count < COUNT; count += 1) stream.push(new Uint8Array([count]));
  await settle();
  collectGarbage();
  const after = process.memoryUsage();
  const growth = after.heapUsed + after.external - before.heapUsed - before.external;
  assert.ok(growth < 2_000_000, `${growth} bytes more for ${COUNT} chunks`);
  stream.push(new Uint8Array([0xff]));
  const payload = await reading;
  assert.is(payload.length, COUNT + 1);
  assert.ok(payload.every((byte, index) => byte === (index < COUNT ? index & 0xff : 0xff)));
});

/**
 * Returns a stream on which nothing comes unless the test pushes it, and nothing written is ever
 * taken.
 */
function silent(): Duplex {
  return new Duplex({ read() {}, write() {} });
}

function garbageCollector(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc");
}

test.run();
