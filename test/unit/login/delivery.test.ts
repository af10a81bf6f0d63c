/** Outbox and inbox, over channels in memory that break at any moment. */
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Inbox } from "../../../exercises/06-login/inbox.ts";
import { Journal } from "../../../exercises/06-login/journal.ts";
import { Outbox } from "../../../exercises/06-login/outbox.ts";
import {
  encodeMessage,
  IN_FLIGHT,
  type Message,
  receive,
  send,
  TEXT_LIMIT,
} from "../../../exercises/06-login/protocol.ts";
import { Rate } from "../../../exercises/06-login/rate.ts";
import type { Channel } from "../../../lib/channel/channel.ts";
import { openPair } from "../../support/channels.ts";
import { rejects } from "../../support/rejects.ts";
import { MEMORY, withFolder } from "../../support/temporary.ts";

const TIMEOUT = 10;
const SESSION = new Uint8Array(16).fill(9);

interface Scene {
  stored: string[];
  /** Serves one end of a channel; returns the outcome. */
  serve: (channel: Channel, isCurrent?: () => boolean) => Promise<string>;
  inbox: (channel: Channel) => Inbox;
}

async function withJournal(use: (scene: Scene) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const stored: string[] = [];
    const { journal } = await Journal.open(join(folder, "journal"), {
      stored: (entries) => stored.push(...entries.map(({ text }) => text)),
    });
    const rate = new Rate(1e9);
    const inbox = (channel: Channel, isCurrent = () => true) => {
      // a pre-shared key has no fingerprint, which the journal wants
      channel.peer.fingerprint = `SHA256:${"A".repeat(43)}`;
      return new Inbox(channel, { user: "alice", isCurrent, journal, rate, idle: TIMEOUT, timeout: TIMEOUT });
    };
    const serve = async (channel: Channel, isCurrent?: () => boolean) => {
      const outcome = await inbox(channel, isCurrent)
        .run()
        .then(
          () => "done",
          ({ message }) => message,
        );
      await channel.close();
      return outcome;
    };
    await use({ stored, serve, inbox });
    await journal.close();
  }, MEMORY);
}

async function* list(texts: readonly string[]): AsyncGenerator<string> {
  yield* texts;
}

const TEXTS = Array.from({ length: 300 }, (_, index) => `text ${index + 1}`);
const NUMBERS = TEXTS.map((_, index) => index + 1);

test("all texts are stored and confirmed once, in order", async () => {
  await withJournal(async ({ serve, stored }) => {
    const confirmed: number[] = [];
    let served = Promise.resolve("");
    const connect = async () => {
      const { client, server } = await openPair();
      served = serve(server);
      return client;
    };
    const outbox = new Outbox(list(TEXTS), {
      connect,
      timeout: TIMEOUT,
      confirmed: (number) => confirmed.push(number),
      report: assert.unreachable,
    });
    await outbox.deliver();
    assert.equal([await served, stored, confirmed], ["done", TEXTS, NUMBERS]);
  });
});

test("a connection that breaks again and again: each text is stored once, in order, and confirmed once", async () => {
  await withJournal(async ({ serve, stored }) => {
    const confirmed: number[] = [];
    const reports: string[] = [];
    let current: Channel | undefined;
    const served: Promise<string>[] = [];
    const connect = async () => {
      const { client, server } = await openPair();
      current = server;
      served.push(serve(server));
      return client;
    };
    const outbox = new Outbox(list(TEXTS), {
      connect,
      timeout: TIMEOUT,
      confirmed: (number) => {
        confirmed.push(number);
        if (number % 70 === 1) current?.destroy("the wire is cut");
      },
      report: (text) => reports.push(text),
    });
    await outbox.deliver();
    assert.equal([stored, confirmed], [TEXTS, NUMBERS]);
    assert.ok(reports.length >= 3, `${reports.length} reports`);
    await Promise.all(served);
  });
});

test("the outbox gives up when the server does not come back, with the numbers", async () => {
  const { client, server } = await openPair();
  let connections = 0;
  const outbox = new Outbox(list(["a", "b", "c"]), {
    connect: async () => {
      connections += 1;
      if (connections === 1) return client;
      throw new Error("nothing listens there");
    },
    timeout: 0.5,
    confirmed: () => {},
    report: () => {},
  });
  const delivering = outbox.deliver();
  const message = await receive(server, TIMEOUT);
  assert.is(message?.type, "text");
  if (message?.type === "text") await send(server, { ...message, type: "confirmed" }, TIMEOUT);
  await receive(server, TIMEOUT);
  server.destroy("killed");
  await rejects(delivering, "nothing listens there; messages confirmed: 1, not confirmed: 2");
  assert.ok(connections > 2);
});

test("a first connection that fails is not tried again; nor is one after a refusal", async () => {
  const options = { timeout: TIMEOUT, confirmed: () => {}, report: assert.unreachable };
  const failing = new Outbox(list(["a"]), {
    ...options,
    connect: () => Promise.reject(new Error("nothing listens there")),
  });
  await rejects(failing.deliver(), "nothing listens there");
  const { client, server } = await openPair();
  const refused = new Outbox(list(["a"]), { ...options, connect: async () => client });
  const delivering = refused.deliver();
  await send(server, { type: "refused", reason: "this account\u001b has changed" }, TIMEOUT);
  await rejects(
    delivering,
    "the server refuses us: this account\\u{1b} has changed; messages confirmed: 0, not confirmed: 1",
  );
});

test("a confirmation of what was not sent, or of another session, is not believed", async () => {
  for (const [number, session] of [
    [3, undefined],
    [1, SESSION],
  ] as const) {
    const confirmed: number[] = [];
    const { client, server } = await openPair();
    const outbox = new Outbox(list(["a", "b"]), {
      connect: async () => client,
      timeout: TIMEOUT,
      confirmed: (one) => confirmed.push(one),
      report: assert.unreachable,
    });
    const delivering = outbox.deliver();
    const own = await receive(server, TIMEOUT);
    await receive(server, TIMEOUT);
    if (own?.type !== "text") throw new Error("no text");
    await send(server, { type: "confirmed", session: session ?? own.session, number }, TIMEOUT);
    const error = await delivering.catch((reason) => reason);
    assert.match(error.message, /^the server confirms message \d, which was not sent/);
    assert.equal(confirmed, []);
  }
});

test("an outbox that cannot read its input confirms what it had, then fails", async () => {
  await withJournal(async ({ serve, stored }) => {
    async function* broken(): AsyncGenerator<string> {
      yield "a";
      throw new Error("a line is too long");
    }
    const { client, server } = await openPair();
    const served = serve(server);
    const outbox = new Outbox(broken(), {
      connect: async () => client,
      timeout: TIMEOUT,
      confirmed: () => {},
      report: assert.unreachable,
    });
    await rejects(outbox.deliver(), "a line is too long; messages confirmed: 1, not confirmed: 0");
    await served;
    assert.equal(stored, ["a"]);
  });
});

function text(number: number, one = `text ${number}`): Message {
  return { type: "text", session: SESSION, number, text: one };
}

const REFUSED: [name: string, messages: Message[], reason: string][] = [
  ["a number too far", [text(1), text(3)], "message 3 is refused: expected 2"],
  [
    "another text under a number",
    [text(1), text(1, "x")],
    "message 1 is refused: it was another text before",
  ],
  [
    "another session",
    [text(1), { type: "text", session: new Uint8Array(16), number: 1, text: "x" }],
    "one session only is allowed on a channel",
  ],
  ["a second login", [text(1), { type: "login", text: "x" }], "the peer sent a message out of turn: login"],
  [
    "a confirmation",
    [{ type: "confirmed", session: SESSION, number: 1 }],
    "the peer sent a message out of turn: confirmed",
  ],
];
for (const [name, messages, reason] of REFUSED)
  test(`${name} ends the channel, and the client reads why`, async () => {
    await withJournal(async ({ serve, stored }) => {
      const { client, server } = await openPair();
      const served = serve(server);
      for (const message of messages) await send(client, message, TIMEOUT);
      let last: Message | undefined;
      for (let next = await receive(client, TIMEOUT); next; next = await receive(client, TIMEOUT))
        last = next;
      assert.equal(last, { type: "refused", reason });
      await client.close();
      assert.is(await served, reason);
      assert.equal(stored, messages.length > 1 ? ["text 1"] : []);
    });
  });

test("a message that is sent again is confirmed again, on the same channel and on another", async () => {
  await withJournal(async ({ serve, stored }) => {
    for (let round = 0; round < 2; round += 1) {
      const { client, server } = await openPair();
      const served = serve(server);
      for (const number of [1, 2, 1, 2]) {
        await send(client, text(number), TIMEOUT);
        assert.equal(await receive(client, TIMEOUT), { type: "confirmed", session: SESSION, number });
      }
      // as when a connection is lost
      client.destroy("lost");
      await served;
    }
    assert.equal(stored, ["text 1", "text 2"]);
  });
});

test("an account that has changed has no further message taken, and reads why", async () => {
  await withJournal(async ({ serve, stored }) => {
    let isCurrent = true;
    const { client, server } = await openPair();
    const served = serve(server, () => isCurrent);
    await send(client, text(1), TIMEOUT);
    await receive(client, TIMEOUT);
    isCurrent = false;
    await send(client, text(2), TIMEOUT);
    assert.equal(await receive(client, TIMEOUT), { type: "refused", reason: "this account has changed" });
    await client.close();
    assert.is(await served, "this account has changed");
    assert.equal(stored, ["text 1"]);
  });
});

test("stop ends an idle client at once", async () => {
  await withJournal(async ({ inbox }) => {
    const { client, server } = await openPair();
    const box = inbox(server);
    const running = box.run();
    box.stop(new Error("this account has changed"));
    assert.equal(await receive(client, TIMEOUT), { type: "refused", reason: "this account has changed" });
    await client.close();
    await rejects(running, "this account has changed");
  });
});

test("a client that sends ahead has a limited number of messages, and of bytes, on their way", async () => {
  for (const [length, most] of [
    [1, IN_FLIGHT],
    [TEXT_LIMIT / 4, 4],
  ] as const) {
    const pending: (() => void)[] = [];
    const append = () => new Promise<void>((resolve) => pending.push(resolve));
    const { client, server } = await openPair();
    const running = new Inbox(server, {
      user: "alice",
      isCurrent: () => true,
      journal: { append, end: () => {} },
      rate: new Rate(1e9),
      idle: TIMEOUT,
      timeout: TIMEOUT,
    }).run();
    const sent = Array.from({ length: 2 * IN_FLIGHT }, (_, index) =>
      client.send(encodeMessage(text(index + 1, "x".repeat(length)))),
    );
    sent.push(client.end());
    while (pending.length < most) await new Promise((resolve) => setImmediate(resolve));
    for (let turn = 0; turn < 100; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    assert.is(pending.length, most);
    let stored = 0;
    for (; stored < sent.length - 1; stored += 1) {
      while (pending.length === 0) await new Promise((resolve) => setImmediate(resolve));
      pending.shift()?.();
    }
    await client.close();
    await running;
  }
});

test.run();
