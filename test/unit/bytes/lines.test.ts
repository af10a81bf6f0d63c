import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import { readLines } from "../../../lib/bytes/lines.ts";
import { rejects } from "../../support/rejects.ts";

async function* chunks(bytes: Bytes, size: number): AsyncGenerator<Bytes> {
  for (let offset = 0; offset < bytes.length; offset += size) yield bytes.subarray(offset, offset + size);
}

async function lines(bytes: Bytes, { size = 1000, limit = 10 } = {}): Promise<string[]> {
  const all: string[] = [];
  for await (const line of readLines(chunks(bytes, size), limit)) all.push(line);
  return all;
}

for (const size of [1, 2, 3, 1000]) {
  test(`readLines splits at LF and CR LF, in chunks of ${size}`, async () => {
    assert.equal(await lines(encodeUtf8("a\r\n\n🌉 b\nlast"), { size }), ["a", "", "🌉 b", "last"]);
    assert.equal(await lines(encodeUtf8("a\n"), { size }), ["a"]);
    assert.equal(await lines(encodeUtf8("a\rb\n"), { size }), ["a\rb"]);
    assert.equal(await lines(new Uint8Array(), { size }), []);
  });

  test(`readLines takes a line of the limit, and refuses a longer one, in chunks of ${size}`, async () => {
    const expected = "a line of standard input is too long: at most 10 bytes (10 bytes) are accepted";
    assert.equal(await lines(encodeUtf8(`${"x".repeat(10)}\r\ny`), { size }), ["x".repeat(10), "y"]);
    await rejects(lines(encodeUtf8(`${"x".repeat(11)}\n`), { size }), expected);
    await rejects(lines(encodeUtf8("x".repeat(11)), { size }), expected);
  });
}

test("readLines reads little more than the limit of a line that does not end", async () => {
  let yielded = 0;
  async function* endless(): AsyncGenerator<Bytes> {
    for (; ; yielded += 1) yield new Uint8Array(4).fill(0x78);
  }
  await rejects(
    (async () => {
      for await (const line of readLines(endless(), 10)) assert.unreachable(line);
    })(),
    /too long/,
  );
  assert.ok(yielded <= 3, `${yielded} chunks of 4 bytes`);
});

test("readLines refuses a line that is not UTF-8", async () => {
  await rejects(lines(new Uint8Array([0x61, 0x0a, 0xff, 0x0a])), "the text is not valid UTF-8");
});

test.run();
