import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  receiveText,
  receiveTexts,
  sendText,
  TEXT_LIMIT,
  whileOpen,
} from "../../../lib/channel/conversation.ts";
import { openPair } from "../../support/channels.ts";
import { rejects } from "../../support/rejects.ts";

const PATIENCE = 10;

async function collect(texts: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const text of texts) all.push(text);
  return all;
}

test("sendText and receiveText carry any text, and undefined is the end", async () => {
  const { client, server } = await openPair();
  const texts = ["", "a\0\n", "🌉", "é".repeat(TEXT_LIMIT / 2)];
  const received = collect(receiveTexts(server, PATIENCE));
  for (const text of texts) await sendText(client, text, PATIENCE);
  await client.end();
  assert.equal(await received, texts);
  assert.is(await receiveText(server, PATIENCE), undefined);
  await server.close();
});

test("receiveText refuses a text over the limit, and one that is not UTF-8", async () => {
  const { client, server } = await openPair();
  await client.send(new Uint8Array(TEXT_LIMIT + 1));
  await client.send(new Uint8Array([0xff]));
  await rejects(
    receiveText(server, PATIENCE),
    "the text is too long: 1048577 bytes, at most 1048576 are accepted",
  );
  await rejects(receiveText(server, PATIENCE), "the text is not valid UTF-8");
  await Promise.all([client.close(), server.close()]);
});

test("receiveText gives up a peer that says nothing, and cuts the channel off", async () => {
  const { client, server } = await openPair();
  await rejects(receiveText(server, 0.05), "timed out: nothing from the peer for 0.05 s");
  await server.closed;
  await rejects(client.receive(), /reset the connection/);
});

test("sendText gives up a peer that takes nothing", async () => {
  const { client, server } = await openPair();
  const flood = async () => {
    for (;;) await sendText(client, "x".repeat(100_000), 0.05);
  };
  await rejects(flood(), "timed out: nothing from the peer for 0.05 s");
  server.destroy("over");
});

test("whileOpen yields what comes, and throws when the channel ends first", async () => {
  const { client, server } = await openPair();
  async function* typed(): AsyncGenerator<string> {
    yield "one";
    yield "two";
    await new Promise(() => {}); // and then nothing more is typed
  }
  const texts = whileOpen(client, typed());
  assert.equal([(await texts.next()).value, (await texts.next()).value], ["one", "two"]);
  const third = texts.next();
  server.destroy("over");
  await rejects(third, "the peer reset the connection; its own output may say why");

  const pair = await openPair();
  const refused = rejects(whileOpen(pair.client, nothing()).next(), "the peer has closed the channel");
  const closing = pair.server.close();
  await refused;
  await Promise.all([closing, pair.client.close()]);
  assert.equal(await collect(whileOpen((await openPair()).client, collectable(["a"]))), ["a"]);
});

async function* nothing(): AsyncGenerator<string> {
  await new Promise(() => {});
}

async function* collectable(texts: string[]): AsyncGenerator<string> {
  for (const text of texts) yield text;
}

test.run();
