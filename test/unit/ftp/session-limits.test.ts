/** Floods, silence, and the end of exercise 05's server. */
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as wait } from "node:timers/promises";
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { passTime, releaseClock, stopClock } from "../../support/clock.ts";
import { pattern, withFtp } from "../../support/ftp-server.ts";

const MIB = 1024 * 1024;

test("a client that says nothing, or does not log in, is sent away with 421", async () => {
  stopClock();
  await withFtp(
    async ({ connect: open, login }) => {
      const [silent, user] = [await open(), await login()];
      passTime(0.4);
      assert.is(await silent.reply(), "421 You have not logged in in time.");
      assert.is(await silent.reply(), "");
      passTime(0.2);
      assert.is(await user.reply(), "421 Nothing has come from you for 0.6 s.");
    },
    { idle: 0.6, login: 0.4 },
  );
});

test("a transfer is no silence", async () => {
  stopClock();
  await withFtp(
    async ({ login }) => {
      const client = await login();
      const socket = await client.connectData(await client.passive());
      assert.match(await client.command("STOR f"), /^150 /);
      const stream = client.protect(socket);
      for (let index = 0; index < 5; index += 1) {
        await new Promise((resolve) => stream.write("x", resolve));
        passTime(0.1);
      }
      stream.end();
      assert.match(await client.reply(), /^226 /);
    },
    { idle: 0.3 },
  );
});

test("sessions of one address are limited; others may come when one has gone", async () => {
  await withFtp(
    async ({ connect: open }) => {
      const [first] = [await open(), await open()];
      const third = await open();
      assert.is(third.greeting, "421 There are too many sessions of your address.");
      assert.is(await third.reply(), "");
      await first?.command("QUIT");
      for (;;) if ((await (await open()).command("NOOP")).startsWith("200")) break;
    },
    { sessionsPerAddress: 2 },
  );
});

test("when the server is full, the oldest that has not logged in makes room, and users stay", async () => {
  await withFtp(
    async ({ connect: open, login, events }) => {
      const user = await login();
      const [oldest, newer] = [await open(), await open()];
      const newest = await open();
      assert.match(`${await oldest.reply()}`, /^(421 Too many others have come after you\.)?$/);
      for (const client of [user, newer, newest]) assert.match(await client.command("NOOP"), /^200 /);
      for (const client of [newer, newest]) {
        await client.encrypt();
        await client.login();
      }
      const late = await open();
      assert.is(await late.reply(), "");
      assert.ok(
        events.some(({ event, outcome }) => event === "turned away" && outcome?.includes("come again later")),
      );
    },
    { sessions: 3 },
  );
});

test("a flood of commands waits in the client's system, and is answered in order", async () => {
  await withFtp(async ({ login }) => {
    const client = await login();
    const count = 20_000;
    client.send("NOOP\r\n".repeat(count));
    client.send("PWD\r\n");
    for (let index = 0; index < count; index += 1) assert.match(await client.reply(), /^200 /);
    assert.match(await client.reply(), /^257 /);
  });
});

test("a flood whose replies nobody reads, and lines without end, do not grow the server's memory", async () => {
  await withFtp(
    async ({ connect: open }) => {
      const client = await open();
      client.socket.pause();
      const line = "HELP\r\n".repeat(10_000);
      let isFull = false;
      let sent = 0;
      // until nothing moves any more
      while (!isFull && sent < 64 * MIB) {
        if (!client.socket.write(line))
          isFull = !(await Promise.race([once(client.socket, "drain"), wait(300, false)]));
        sent += line.length;
      }
      assert.ok(isFull, "the server took 64 MiB of commands");
      const other = await open();
      const before = process.memoryUsage().rss;
      for (let index = 0; index < 64; index += 1)
        if (!other.socket.write("x".repeat(MIB))) await once(other.socket, "drain");
      assert.match(await other.command(""), /^500 That line is too long/);
      const grown = process.memoryUsage().rss - before;
      // the sender is in this process too
      assert.ok(grown < 48 * MIB, `${grown} bytes`);
    },
    { stall: 5 },
  );
});

test("whatever comes before and after a login, no session is disturbed by another, and none is our mistake", async () => {
  await withFtp(
    async ({ connect: open }) => {
      const witness = await open();
      await witness.login();
      const words = [
        "AUTH",
        "USER",
        "PASS",
        "EPSV",
        "PORT",
        "RETR",
        "STOR",
        "ABOR",
        "QUIT",
        "OPTS",
        "MLST",
        "\xff\xf4\xff\xf2",
      ];
      const noise = fc.oneof(
        fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
        fc
          .tuple(fc.constantFrom(...words), fc.string({ maxLength: 40 }))
          .map((pair) => Buffer.from(`${pair.join(" ")}\r\n`)),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(noise, { maxLength: 12 }), fc.boolean(), async (pieces, isUser) => {
          const client = await open();
          if (isUser) await client.login();
          client.send(Buffer.concat([...pieces, Buffer.from("\r\nQUIT\r\n")]));
          client.stream.end();
          while (await client.reply());
          assert.match(await witness.command("NOOP"), /^200 /);
        }),
        { numRuns: 60 },
      );
    },
    { allowPlaintext: true, timeout: 0.2, handshake: 0.2 },
  );
});

test("a client that takes no replies is cut off", async () => {
  await withFtp(
    async ({ connect: open, events }) => {
      const client = await open();
      client.socket.pause();
      client.socket.write("HELP\r\n".repeat(100_000));
      while (!events.some(({ event }) => event === "disconnected")) await wait(10);
    },
    { stall: 0.3 },
  );
});

test("close: everybody is told 421, a transfer is given up with 426, nobody comes in, and nothing is left", async () => {
  await withFtp(async ({ server, login, connect: open, home, events }) => {
    await writeFile(join(home, "big"), pattern(64 * MIB));
    const [idle, busy, stranger] = [await login(), await login(), await open()];
    const socket = await busy.connectData(await busy.passive());
    assert.match(await busy.command("RETR big"), /^150 /);
    const data = busy.protect(socket);
    await once(data, "data");
    // or all of it might have come before the server closes
    data.pause();
    const waiting = await login();
    await waiting.passive();
    const closed = server.close();
    for (const client of [idle, stranger, waiting])
      assert.is(await client.reply(), "421 The server is shutting down.");
    assert.match(await busy.reply(), /^426 /);
    assert.is(await busy.reply(), "421 The server is shutting down.");
    for (const client of [idle, busy, stranger, waiting]) client.close();
    await closed;
    assert.is(events.filter(({ event }) => event === "disconnected").length, 4);
    assert.is((await open()).greeting, "");
  });
});

test("close does not wait for a client that does not listen", async () => {
  await withFtp(async ({ server, login }) => {
    const client = await login();
    client.stream.pause();
    client.socket.pause();
    stopClock();
    const closing = server.close();
    passTime(5);
    await closing;
  });
});

test("dismiss ends the sessions of those who are no users any more", async () => {
  await withFtp(async ({ server, login }) => {
    const [alice, bob] = [await login(), await login("bob")];
    server.dismiss(({ name }) => name === "bob");
    assert.is(await alice.reply(), "421 You are no user any more, or another one; log in again.");
    assert.match(await bob.command("NOOP"), /^200 /);
  });
});

test("fifty clients at once, each with its own bytes", async () => {
  await withFtp(
    async ({ login }) => {
      await Promise.all(
        Array.from({ length: 50 }, async (_, index) => {
          const client = await login();
          const bytes = pattern(100_000 + index).map((byte) => byte ^ index);
          assert.match(await client.upload(`STOR ${index}`, bytes), /^226 /);
          const back = await client.download(`RETR ${index}`);
          assert.equal(back.bytes, bytes);
          assert.match(back.answer, /^226 /);
        }),
      );
    },
    { ports: 60 },
  );
});

test.after.each(releaseClock);

test.run();
