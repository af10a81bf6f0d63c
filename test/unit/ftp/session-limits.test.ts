/** Floods, silence, and the shutdown of exercise 05's server. */
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as wait } from "node:timers/promises";
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { passTime, releaseClock, stopClock } from "../../support/clock.ts";
import { PASSWORDS, pattern, withFtp } from "../../support/ftp-server.ts";

const MIB = 1024 * 1024;

test("a client that is idle, or does not log in, gets 421", async () => {
  stopClock();
  await withFtp(
    async ({ connect: open, login }) => {
      const [silent, user] = [await open(), await login()];
      passTime(0.4);
      assert.is(await silent.reply(), "421 Login timeout.");
      assert.is(await silent.reply(), "");
      passTime(0.2);
      assert.is(await user.reply(), "421 Timeout.");
    },
    { idle: 0.6, login: 0.4 },
  );
});

test("a transfer is not idle time", async () => {
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

test("an address at its limit loses its own session that is the cheapest to lose", async () => {
  await withFtp(
    async ({ connect: open, login }) => {
      const user = await login();
      const [encrypted, plain, silent] = [await open(), await open(), await open()];
      await encrypted.encrypt();
      for (const client of [encrypted, plain]) await client.command("NOOP");
      for (const loser of [silent, plain, encrypted]) {
        const next = await open();
        assert.is(next.greeting, "220 Service ready.");
        assert.match(
          await loser.reply(),
          /^(421 Too many connections; sessions without a login are closed\.)?$/,
        );
        assert.is(await loser.reply(), "");
        // as costly to lose as can be without a login; the reply shows that the server knows it
        await next.encrypt();
        await next.command("NOOP");
      }
      assert.match(await user.command("NOOP"), /^200 /);
    },
    { sessionsPerAddress: 4 },
  );
});

test("an address with users only, or a full server, turns newcomers away until one leaves", async () => {
  for (const limit of [{ sessionsPerAddress: 2 }, { sessions: 2 }])
    await withFtp(async ({ connect: open, login, events, logged }) => {
      const [first, second] = [await login(), await login()];
      const third = await open();
      assert.match(third.greeting, /^421 Too many users are connected, or from your address; /);
      assert.is(await third.reply(), "");
      assert.ok(events.some(({ event }) => event === "turned away"));
      assert.match(await second.command("NOOP"), /^200 /);
      await first.command("QUIT");
      await logged("disconnected");
      assert.match((await open()).greeting, /^220/);
      // USER ends the login
      await second.command("USER alice");
      for (let count = 0; count < 2; count += 1) {
        const next = await open();
        await next.encrypt();
        await next.command("NOOP");
      }
      assert.is((await second.reply()).slice(0, 3) || "421", "421");
      assert.is(await second.reply(), "");
    }, limit);
});

test("sessions of one user are limited, and those of others are not", async () => {
  await withFtp(
    async ({ connect: open, login }) => {
      const [first] = [await login(), await login()];
      const third = await open();
      await third.encrypt();
      await third.command("USER alice");
      assert.is(await third.command(`PASS ${PASSWORDS["alice"]}`), "421 Too many sessions of this user.");
      assert.is(await third.reply(), "");
      await login("bob");
      await first?.command("USER mallory");
      await login();
    },
    { sessionsPerUser: 2 },
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

test("a flood with unread replies, and endless lines, do not fill the server's memory", async () => {
  await withFtp(
    async ({ connect: open }) => {
      const client = await open();
      client.socket.pause();
      const line = "HELP\r\n".repeat(10_000);
      let isFull = false;
      let sent = 0;
      // until nothing moves
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
      assert.match(await other.command(""), /^500 Command line too long/);
      const grown = process.memoryUsage().rss - before;
      // the sender is in this process, too
      assert.ok(grown < 48 * MIB, `${grown} bytes`);
    },
    { stall: 5 },
  );
});

test("random input before and after login disturbs no other session, and causes no internal error", async () => {
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

test("a client that reads no replies is cut off", async () => {
  await withFtp(
    async ({ connect: open, logged }) => {
      const client = await open();
      client.socket.pause();
      client.socket.write("HELP\r\n".repeat(100_000));
      await logged("disconnected");
    },
    { stall: 0.3 },
  );
});

test("close: all sessions get 421, a transfer 426, no client can connect, and nothing is left", async () => {
  await withFtp(async ({ server, login, connect: open, home, events }) => {
    await writeFile(join(home, "big"), pattern(64 * MIB));
    const [idle, busy, stranger] = [await login(), await login(), await open()];
    const socket = await busy.connectData(await busy.passive());
    assert.match(await busy.command("RETR big"), /^150 /);
    const data = busy.protect(socket);
    await once(data, "data");
    // or everything might arrive before the server closes
    data.pause();
    const waiting = await login();
    await waiting.passive();
    const closed = server.close();
    for (const client of [idle, stranger, waiting])
      assert.is(await client.reply(), "421 Server shutting down.");
    assert.match(await busy.reply(), /^426 /);
    assert.is(await busy.reply(), "421 Server shutting down.");
    for (const client of [idle, busy, stranger, waiting]) client.close();
    await closed;
    assert.is(events.filter(({ event }) => event === "disconnected").length, 4);
    assert.is((await open()).greeting, "");
  });
});

test("close does not wait for a client that does not read", async () => {
  stopClock();
  await withFtp(async ({ server, login }) => {
    const client = await login();
    client.stream.pause();
    client.socket.pause();
    const closing = server.close();
    passTime(5);
    await closing;
  });
});

test("dismiss ends the sessions of removed users", async () => {
  await withFtp(async ({ server, users, login }) => {
    const [alice, bob] = [await login(), await login("bob")];
    users.delete("alice");
    server.dismiss();
    assert.is(await alice.reply(), "421 Your account has changed; please log in again.");
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
