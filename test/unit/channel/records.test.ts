/** Records: sealing and opening one direction. */
import process from "node:process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, concat, encodeUtf8, toHex } from "../../../lib/bytes/bytes.ts";
import { release } from "../../../lib/bytes/release.ts";
import {
  CLOSE,
  DIRECTION_LENGTH,
  MESSAGE,
  NOT_AUTHENTIC,
  Opener,
  type RecordOptions,
  Sealer,
  splitDirection,
} from "../../../lib/channel/records.ts";
import { randomBytes } from "../../../lib/crypto/webcrypto.ts";
import { rejects } from "../../support/rejects.ts";
import { flipBit } from "../../support/wire.ts";

const MIB = 1024 * 1024;
const direction = splitDirection(randomBytes(DIRECTION_LENGTH));
const text = encodeUtf8("a message");

async function seal(sealer: Sealer, content: Bytes, type = MESSAGE): Promise<Bytes> {
  return concat(sealer.seal(type, content));
}

/** As a promise, so that `rejects` checks its error. */
async function open(opener: Opener, record: Bytes, ...types: number[]): Promise<{ content: Bytes }> {
  return opener.open(record, ...types);
}

function pair(options?: RecordOptions): { sealer: Sealer; opener: Opener } {
  return { sealer: new Sealer(direction, options), opener: new Opener(direction, options) };
}

test("records: round trip, empty to 1 MiB", async () => {
  const { sealer, opener } = pair();
  for (const length of [0, 1, 15, 16, 17, 65_536, 1024 * 1024]) {
    const content = new Uint8Array(length).fill(7);
    const record = await seal(sealer, content);
    assert.is(record.length, length + 17);
    const opened = opener.open(record, MESSAGE, CLOSE);
    assert.is(opened.type, MESSAGE);
    assert.equal(opened.content, content);
  }
});

test("records: the same content never looks the same, and its bytes do not show", async () => {
  const { sealer } = pair();
  const content = new Uint8Array(4096).fill(0x41);
  const records = [await seal(sealer, content), await seal(sealer, content)];
  assert.is.not(toHex(records[0] ?? text), toHex(records[1] ?? text));
  for (const record of records) assert.ok(new Set(record.subarray(1)).size > 200, "looks encrypted");
});

test("records: many of different lengths are opened at once, and altered ones among them are found out", async () => {
  const { sealer, opener } = pair();
  const contents = Array.from({ length: 40 }, (_, index) =>
    randomBytes(((index * 7919) % 60_000) + (index % 3)),
  );
  const records = await Promise.all(contents.map((content) => seal(sealer, content)));
  const altered = new Set([3, 17, 39]);
  const outcomes = await Promise.allSettled(
    records.map((record, index) => {
      const opening = open(opener, altered.has(index) ? flipBit(record, 40) : record, MESSAGE);
      record.fill(0);
      return opening;
    }),
  );
  for (const [index, outcome] of outcomes.entries()) {
    assert.is(outcome.status, altered.has(index) ? "rejected" : "fulfilled", `record ${index}`);
    if (outcome.status === "fulfilled") assert.equal(outcome.value.content, contents[index]);
  }
});

test("Opener: nothing that needs the garbage collector is left of a record but its content", async () => {
  const { sealer, opener } = pair();
  const records: Bytes[] = [];
  for (let index = 0; index < 12; index += 1) records.push(await seal(sealer, new Uint8Array(MIB)));
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  const before = process.memoryUsage().arrayBuffers;
  for (const record of records) release(opener.open(record, MESSAGE).content);
  const more = process.memoryUsage().arrayBuffers - before;
  assert.ok(more < 3 * MIB, `${more} bytes`);
});

test("Sealer: what is sealed at once opens in the order of the calls", async () => {
  const { sealer, opener } = pair({ rekeyAfter: 3 });
  const records = await Promise.all(
    Array.from({ length: 20 }, (_, index) => seal(sealer, new Uint8Array([index]))),
  );
  const opened = records.map((record) => opener.open(record, MESSAGE));
  assert.equal(
    opened.map(({ content }) => content[0]),
    records.map((_, index) => index),
  );
});

test("records: content and record may be overwritten as soon as the call has returned, new keys or not", async () => {
  for (const rekeyAfter of [1, 100]) {
    const { sealer, opener } = pair({ rekeyAfter, firstNumber: 1 });
    for (const length of [1, 1000, 300_000]) {
      const content = new Uint8Array(length).fill(7);
      const sealing = sealer.seal(MESSAGE, content);
      content.fill(1);
      const record = concat(sealing);
      const opening = opener.open(record, MESSAGE);
      record.fill(1);
      assert.equal(opening.content, new Uint8Array(length).fill(7));
    }
  }
});

test("Opener.open: any bit flipped", async () => {
  const record = await seal(new Sealer(direction), text);
  for (let bit = 0; bit < 8 * record.length; bit += 1)
    await rejects(open(new Opener(direction), flipBit(record, bit), MESSAGE, CLOSE), NOT_AUTHENTIC);
});

test("Opener.open: cut anywhere, or longer", async () => {
  const record = await seal(new Sealer(direction), text);
  for (let length = 0; length < record.length; length += 1)
    await rejects(open(new Opener(direction), record.subarray(0, length), MESSAGE), NOT_AUTHENTIC);
  await rejects(open(new Opener(direction), concat([record, new Uint8Array(1)]), MESSAGE), NOT_AUTHENTIC);
});

test("Opener.open: another type than it was sealed as", async () => {
  const record = await seal(new Sealer(direction), new Uint8Array(), CLOSE);
  await rejects(open(new Opener(direction), record, MESSAGE), NOT_AUTHENTIC);
  record[0] = MESSAGE;
  await rejects(open(new Opener(direction), record, MESSAGE, CLOSE), NOT_AUTHENTIC);
});

test("Opener.open: replayed, left out, swapped", async () => {
  const sealer = new Sealer(direction);
  const [first, second] = [await seal(sealer, text), await seal(sealer, text)];
  const replayed = new Opener(direction);
  replayed.open(first, MESSAGE);
  await rejects(open(replayed, first, MESSAGE), NOT_AUTHENTIC);
  await rejects(open(new Opener(direction), second, MESSAGE), NOT_AUTHENTIC);
});

test("Opener.open: under another key, IV", async () => {
  const bytes = randomBytes(DIRECTION_LENGTH);
  const record = await seal(new Sealer(splitDirection(bytes)), text);
  for (const offset of [0, 31, 32, 43]) {
    const other = new Opener(splitDirection(flipBit(bytes, 8 * offset)));
    await rejects(open(other, record, MESSAGE), NOT_AUTHENTIC);
  }
});

test("records: keys change after the given number of records, on both sides at once", async () => {
  const sealer = new Sealer(direction, { rekeyAfter: 2 });
  const records = [];
  for (let index = 0; index < 7; index += 1) records.push(await seal(sealer, text));
  const opener = new Opener(direction, { rekeyAfter: 2 });
  for (const record of records) assert.equal(opener.open(record, MESSAGE).content, text);

  // an opener that does not change keys opens the first two only
  const stale = new Opener(direction, { rekeyAfter: 100 });
  stale.open(records[0] ?? text, MESSAGE);
  stale.open(records[1] ?? text, MESSAGE);
  await rejects(open(stale, records[2] ?? text, MESSAGE), NOT_AUTHENTIC);
});

test("records: a record of one epoch does not open in another", async () => {
  const sealer = new Sealer(direction, { rekeyAfter: 1 });
  const opener = new Opener(direction, { rekeyAfter: 1 });
  const first = await seal(sealer, text);
  opener.open(first, MESSAGE);
  await rejects(open(opener, first, MESSAGE), NOT_AUTHENTIC);
});

test("records: the number goes into the nonce beyond 32 bits", async () => {
  const far = { firstNumber: 2 ** 32 + 5, rekeyAfter: 2 ** 40 };
  const record = await seal(new Sealer(direction, far), text);
  assert.equal(new Opener(direction, far).open(record, MESSAGE).content, text);
  await rejects(open(new Opener(direction, { ...far, firstNumber: 5 }), record, MESSAGE), NOT_AUTHENTIC);
});

test("records: numbers run out, and then nothing is sealed or opened", async () => {
  const last = { firstNumber: 2 ** 53 - 1 };
  const { sealer, opener } = pair(last);
  const record = await seal(sealer, text);
  await rejects(seal(sealer, text), /run out of record numbers/);
  assert.equal(opener.open(record, MESSAGE).content, text);
  await rejects(open(opener, record, MESSAGE), /./);
});

test.run();
