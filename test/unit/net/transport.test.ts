/** Transports: the pair in memory does what frames over TCP do. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import { FramedStream } from "../../../lib/net/framing.ts";
import type { Transport } from "../../../lib/net/transport.ts";
import { socketPair } from "../../support/channels.ts";
import { memoryPair } from "../../support/memory-transport.ts";
import { rejects } from "../../support/rejects.ts";

const text = encodeUtf8("a message");
const kinds: Record<string, () => Promise<[Transport, Transport]>> = {
  memory: async () => memoryPair(),
  tcp: async () => {
    const [left, right] = await socketPair();
    return [new FramedStream(left), new FramedStream(right)];
  },
};

for (const [kind, make] of Object.entries(kinds)) {
  test(`${kind}: whole messages, both ways, parts joined, until each half has ended`, async () => {
    const [left, right] = await make();
    await left.write(text);
    await left.write(text.subarray(0, 1), text.subarray(1));
    await left.write(new Uint8Array());
    left.end();
    assert.equal(await right.next(100), text);
    assert.equal(await right.next(100), text);
    assert.equal(await right.next(100), new Uint8Array());
    assert.is(await right.next(100), undefined);
    await right.write(text);
    right.end();
    assert.equal(await left.next(100), text);
    assert.is(await left.next(100), undefined);
    left.close();
    right.close();
  });

  test(`${kind}: a message over the limit`, async () => {
    const [left, right] = await make();
    await left.write(text);
    await rejects(right.next(text.length - 1), /of 9 bytes, at most 8 are accepted/);
    left.destroy(new Error("done"));
    right.destroy(new Error("done"));
  });

  test(`${kind}: destroyed, both sides hear of it, and nothing more is written`, async () => {
    const [left, right] = await make();
    const waiting = [left.next(100), right.next(100)];
    left.destroy(new Error("enough"));
    assert.ok(left.ended);
    await rejects(waiting[0] ?? Promise.resolve(), /enough/);
    await rejects(left.write(text), /enough/);
    // the other end of a socket that is closed with nothing left unread sees an end
    if (kind === "memory") await rejects(waiting[1] ?? Promise.resolve(), /reset the connection/);
    else assert.is(await waiting[1], undefined);
    right.destroy(new Error("enough"));
  });

  test(`${kind}: closed, what was written still arrives`, async () => {
    const [left, right] = await make();
    await left.write(text);
    left.close();
    assert.equal(await right.next(100), text);
    assert.is(await right.next(100), undefined);
    right.close();
  });

  test(`${kind}: a writer waits for a reader`, async () => {
    const [left, right] = await make();
    const block = new Uint8Array(1024 * 1024);
    let written = 0;
    const writing = (async () => {
      for (; written < 100; written += 1) await left.write(block);
    })();
    await Promise.race([writing, new Promise((resolve) => setTimeout(resolve, 200))]);
    assert.ok(written < 50, `${written} of 100 were taken without a reader`);
    for (let index = 0; index < 100; index += 1)
      assert.is((await right.next(block.length))?.length, block.length);
    await writing;
    left.close();
    right.close();
  });
}

test.run();
