import { once } from "node:events";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { WebSocket } from "ws";
import { PageServer } from "../../../exercises/07-chat/window/page-server.ts";

const PLACES = 8;

interface Scene {
  token: string;
  /** Connects as a page of this server; resolves once the connection is open. */
  connect: () => Promise<WebSocket>;
  taken: unknown[];
}

async function withPages(use: (scene: Scene) => Promise<void>): Promise<void> {
  const taken: unknown[] = [];
  const server = await PageServer.open({ greet: () => "hello", take: (message) => taken.push(message) });
  const { origin, host, hash } = new URL(server.url);
  const pages: WebSocket[] = [];
  try {
    await use({
      token: JSON.stringify({ token: hash.slice(1) }),
      taken,
      connect: async () => {
        const page = new WebSocket(`ws://${host}/talk`, { origin });
        pages.push(page);
        page.on("error", () => {});
        await once(page, "open");
        return page;
      },
    });
  } finally {
    for (const page of pages) page.terminate();
    await server.close();
  }
}

/** Returns the next message of the server. */
async function receive(page: WebSocket): Promise<unknown> {
  const [data] = await once(page, "message");
  return JSON.parse(String(data));
}

test("connections without the token do not keep a page out: the oldest gives way", async () => {
  await withPages(async ({ token, connect }) => {
    const strangers: WebSocket[] = [];
    for (let index = 0; index < PLACES; index += 1) strangers.push(await connect());
    const [first, second] = strangers;
    assert.ok(first && second);
    const closed = once(first, "close");
    const page = await connect();
    await closed;
    page.send(token);
    assert.is(await receive(page), "hello");
    // the others are still there, and may show the token
    second.send(token);
    assert.is(await receive(second), "hello");
  });
});

test("a page with the token keeps its place, however many come without it", async () => {
  await withPages(async ({ token, connect, taken }) => {
    const page = await connect();
    page.send(token);
    await receive(page);
    for (let index = 0; index < 3 * PLACES; index += 1) await connect();
    page.send(JSON.stringify("still here"));
    page.ping();
    await once(page, "pong");
    assert.equal(taken, ["still here"]);
  });
});

test("another token ends the connection, and nothing that it said counts", async () => {
  await withPages(async ({ connect, taken }) => {
    const page = await connect();
    page.send(JSON.stringify({ token: "guess" }));
    const [code] = await once(page, "close");
    assert.is(code, 4401);
    assert.equal(taken, []);
  });
});

test.run();
