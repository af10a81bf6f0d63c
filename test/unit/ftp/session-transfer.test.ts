/** The data connections of exercise 05's server, and transfers that fail. */
import { constants } from "node:crypto";
import { once } from "node:events";
import { readFile, stat, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { DataConnection } from "../../../exercises/05-ftp/ftp/server/data-connection.ts";
import { PORT_WAIT } from "../../../exercises/05-ftp/ftp/server/passive-ports.ts";
import { Storage } from "../../../exercises/05-ftp/ftp/storage/storage.ts";
import { concat, decodeUtf8, equal } from "../../../lib/bytes/bytes.ts";
import { passTime, releaseClock, stopClock } from "../../support/clock.ts";
import { listenForData, pattern, type RawClient, readAll, withFtp } from "../../support/ftp-server.ts";
import { holdCall } from "../../support/hold-call.ts";
import { settle } from "../../support/streams.ts";

const MIB = 1024 * 1024;

test("data without PROT P is refused when protection is required, whatever connection was prepared", async () => {
  await withFtp(async ({ connect: open, home }) => {
    await writeFile(join(home, "a"), "secret");
    const client = await open();
    await client.encrypt();
    for (const line of ["PBSZ 0", "USER alice"]) await client.command(line);
    await client.command("PASS correct horse");
    for (const line of ["RETR a", "STOR b", "APPE a", "STOU", "LIST", "NLST", "MLSD"]) {
      const port = await client.passive();
      const socket = await client.connectData(port);
      assert.match(await client.command(line), /^521 /, line);
      socket.destroy();
    }
    // the port was prepared in plaintext
    const port = await client.passive();
    await client.command("PROT P");
    assert.match(await client.command("RETR a"), /^425 /);
    assert.ok(port > 0);
  });
});

test("150 does not wait for the handshake: a client may start one after it, or before the command", async () => {
  await withFtp(async ({ login, home }) => {
    await writeFile(join(home, "a"), "contents");
    const client = await login();
    const late = await client.connectData(await client.passive());
    assert.is(await client.command("RETR a"), "150 Opening data connection (8 bytes).");
    assert.is(decodeUtf8(await readAll(client.protect(late))), "contents");
    assert.match(await client.reply(), /^226 /);

    for (const line of ["RETR a", "STOR b"]) {
      const early = client.protect(await client.connectData(await client.passive()));
      await once(early, "secureConnect");
      assert.match(await client.command(line), /^150 /);
      if (line === "STOR b") early.end("uploaded");
      assert.is(decodeUtf8(await readAll(early)), line === "RETR a" ? "contents" : "");
      early.end();
      assert.match(await client.reply(), /^226 /);
    }
    assert.is(await readFile(join(home, "b"), "utf8"), "uploaded");

    // nor for the connection itself
    const port = await client.passive();
    assert.match(await client.command("RETR a"), /^150 /);
    assert.is(decodeUtf8(await readAll(client.protect(await client.connectData(port)))), "contents");
    assert.match(await client.reply(), /^226 /);
  });
});

test("files of no byte, one byte and many bytes are unchanged by upload and download", async () => {
  await withFtp(async ({ login, home, events }) => {
    const client = await login();
    for (const length of [0, 1, 65_536, 3 * MIB + 17]) {
      const bytes = pattern(length);
      assert.match(await client.upload("STOR f", bytes), /^226 /, `${length} bytes`);
      assert.equal(new Uint8Array(await readFile(join(home, "f"))), bytes);
      const { bytes: back, answer } = await client.download("RETR f");
      assert.match(answer, /^226 /);
      assert.equal(back, bytes);
      const sizes = events.filter(({ event }) => /loaded/.test(event)).slice(-2);
      assert.equal(
        sizes.map((each) => [each.event, each.path, each.bytes]),
        [
          ["uploaded", "/f", length],
          ["downloaded", "/f", length],
        ],
      );
    }
  });
});

test("REST applies to the next transfer only, up and down", async () => {
  await withFtp(async ({ login, home }) => {
    const client = await login();
    await writeFile(join(home, "f"), "0123456789");
    assert.match(await client.command("REST 7"), /^350 /);
    assert.is((await client.download("RETR f")).text, "789");
    assert.is((await client.download("RETR f")).text, "0123456789");
    await client.command("REST 4");
    assert.match(await client.upload("STOR f", "abc"), /^226 /);
    assert.is(await readFile(join(home, "f"), "utf8"), "0123abc");
    assert.match(await client.upload("STOR f", "abc"), /^226 /);
    assert.is(await readFile(join(home, "f"), "utf8"), "abc");
    // a listing uses it, too
    await client.command("REST 1");
    await client.download("LIST");
    assert.is((await client.download("RETR f")).text, "abc");
    for (const line of ["RETR f", "STOR f"]) {
      await client.command("REST 4");
      const socket = await client.connectData(await client.passive());
      assert.match(await client.command(line), /^554 /, line);
      socket.destroy();
    }
    await client.command("REST 1");
    assert.match((await client.download("APPE f")).answer, /^503 /);
    await client.command("TYPE A");
    assert.match(await client.command("REST 1"), /^504 /);
    await client.command("TYPE I");
    await client.command("REST 1");
    await client.command("TYPE A");
    assert.match((await client.download("RETR f")).answer, /^504 /);
    assert.is((await client.download("RETR f")).text, "abc");
  });
});

test("APPE appends, STOU finds a name, TYPE A converts line breaks", async () => {
  await withFtp(async ({ login, home }) => {
    const client = await login();
    assert.match(await client.upload("APPE f", "one"), /^226 /);
    assert.match(await client.upload("APPE f", "two"), /^226 /);
    assert.is(await readFile(join(home, "f"), "utf8"), "onetwo");
    const socket = await client.connectData(await client.passive());
    const [, name = ""] = /^150 FILE: (\/f\..+)$/.exec(await client.command("STOU f")) ?? [];
    client.protect(socket).end("three");
    assert.match(await client.reply(), /^226 /);
    assert.is(await readFile(join(home, name), "utf8"), "three");

    await client.command("TYPE A");
    assert.match(await client.upload("STOR text", "a\r\nb\r\n"), /^226 /);
    assert.is(await readFile(join(home, "text"), "utf8"), "a\nb\n");
    assert.is((await client.download("RETR text")).text, "a\r\nb\r\n");
    assert.match(await client.command("SIZE text"), /^550 /);
    await client.command("TYPE I");
    assert.is(await client.command("SIZE text"), "213 4");
    assert.is((await client.download("RETR text")).text, "a\nb\n");
  });
});

test("an upload whose TLS ends without close_notify is 426; a new file keeps what came, an old one is unchanged", async () => {
  await withFtp(async ({ login, home, events }) => {
    const client = await login();
    await writeFile(join(home, "old"), "precious");
    for (const [name, sent] of [
      ["new", "x".repeat(100_000)],
      ["old", "x".repeat(100_000)],
      ["empty", ""],
    ] as const) {
      const socket = await client.connectData(await client.passive());
      assert.match(await client.command(`STOR ${name}`), /^150 /);
      const stream = client.protect(socket);
      await once(stream, "secureConnect");
      if (sent !== "") await new Promise((resolve) => stream.write(sent, resolve));
      // until the last message of the handshake is sent
      for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      // only the end of TCP, which anyone can send
      socket.end();
      assert.match(await client.reply(), /^426 /, name);
      // at once, and not because of a timeout
      assert.match(events.at(-1)?.outcome ?? "", /^the peer broke off without closing TLS/);
    }
    assert.is(await readFile(join(home, "old"), "utf8"), "precious");
    assert.is((await stat(join(home, "new"))).size, 100_000);
    // in the middle of the handshake
    const socket = await client.connectData(await client.passive());
    assert.match(await client.command("STOR old"), /^150 /);
    await new Promise((resolve) => socket.write(new Uint8Array([0x16, 3, 1, 1, 0, 1]), resolve));
    socket.end();
    assert.match(await client.reply(), /^426 /);
    // with it, the upload succeeds
    assert.match(await client.upload("STOR old", "x"), /^226 /);
  });
});

test("an upload whose TLS is closed is complete, even if its client then resets the connection", async () => {
  await withFtp(async ({ login, home }) => {
    const client = await login();
    // fits into the system's first window: a reset discards what is in flight
    const contents = pattern(50_000);
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const)
      for (let turn = 0; turn < 10; turn += 1) {
        const socket = await client.connectData(await client.passive());
        assert.match(await client.command(`STOR ${maxVersion}.${turn}`), /^150 /);
        const stream = client.protect(socket, { maxVersion });
        await once(stream, "secureConnect");
        // closing with an unread ticket would cause another reset
        stream.resume();
        stream.end(contents);
        await once(stream, "finish");
        socket.resetAndDestroy();
        assert.match(await client.reply(), /^226 /);
        assert.equal(new Uint8Array(await readFile(join(home, `${maxVersion}.${turn}`))), contents);
      }
  });
});

test("without TLS any end is accepted", async () => {
  await withFtp(
    async ({ connect: open, home }) => {
      const client = await open();
      await client.login();
      assert.match(await client.upload("STOR f", pattern(MIB)), /^226 /);
      assert.equal((await client.download("RETR f")).bytes, pattern(MIB));
      assert.is((await stat(join(home, "f"))).size, MIB);
    },
    { allowPlaintext: true },
  );
});

test("only the peer of the control connection may connect to a port, once; then it is closed", async () => {
  await withFtp(async ({ login, home }) => {
    await writeFile(join(home, "a"), "contents");
    const client = await login();
    const port = await client.passive();
    const stranger = connect({ port, host: "127.0.0.1", localAddress: "127.0.0.2" });
    await once(stranger, "error");
    const socket = await client.connectData(port);
    // the server closes it once it has seen the first
    await client.command("NOOP");
    const second = connect({ port, host: "127.0.0.1" });
    const [error] = await once(second, "error");
    assert.is(error.code, "ECONNREFUSED");
    assert.match(await client.command("RETR a"), /^150 /);
    assert.is(decodeUtf8(await readAll(client.protect(socket))), "contents");
    assert.match(await client.reply(), /^226 /);
  });
});

test("a missing data connection is 425 after the deadline, and its port is reused", async () => {
  stopClock();
  await withFtp(
    async ({ login, home }) => {
      await writeFile(join(home, "a"), "contents");
      const client = await login();
      const port = await client.passive();
      assert.match(await client.command("RETR a"), /^150 /);
      passTime(0.4);
      assert.match(await client.reply(), /^425 .*no connection in time/);
      const second = connect({ port, host: "127.0.0.1" });
      const [error] = await once(second, "error");
      assert.is(error.code, "ECONNREFUSED");
      assert.is(await client.passive(), port);
      // without a command, too
      passTime(0.4);
      assert.match(await client.command("RETR a"), /^150 /);
      assert.match(await client.reply(), /^425 /);
      // connects, but never starts the handshake
      await client.connectData(await client.passive());
      assert.match(await client.command("RETR a"), /^150 /);
      assert.match(await client.reply(), /^426 /);
      assert.match(await client.command("RETR a"), /^425 /);
    },
    { ports: 1, timeout: 0.4, handshake: 3 },
  );
});

test("an empty pool is 425 after a moment, and each new PASV returns the previous port", async () => {
  stopClock();
  await withFtp(
    async ({ login }) => {
      const [one, two] = [await login(), await login()];
      const ports = [await one.passive(), await one.passive(), await one.passive()];
      assert.equal(new Set(ports).size, 1);
      let answer = "";
      const waiting = two.command("EPSV").then((text) => {
        answer = text;
      });
      // the command may arrive at any time
      while (answer === "") {
        passTime(PORT_WAIT);
        await settle();
      }
      await waiting;
      assert.match(answer, /^425 /);
      const later = two.command("EPSV");
      one.close();
      assert.match(await later, /^229 /);
    },
    { ports: 1, timeout: 1e6, idle: 1e6 },
  );
});

test("PORT and EPRT go to the peer itself, and to ports from 1024", async () => {
  await withFtp(async ({ login, home }) => {
    await writeFile(join(home, "a"), "contents");
    const client = await login();
    for (const line of [
      ...["PORT 127,0,0,2,10,10", "PORT 8,8,8,8,10,10", "PORT 127,0,0,1,0,22", "EPRT |1|127.0.0.2|5000|"],
      ...["EPRT |1|127.0.0.1|22|", "EPRT |2|::1|5000|", "PORT x"],
    ])
      assert.match(await client.command(line), /^501 /, line);
    assert.match(await client.command("RETR a"), /^425 /);
    for (const verb of ["PORT", "EPRT"]) {
      const { port, connection, close } = await listenForData();
      const argument = verb === "PORT" ? `127,0,0,1,${port >> 8},${port & 255}` : `|1|127.0.0.1|${port}|`;
      assert.match(await client.command(`${verb} ${argument}`), /^200 /);
      assert.match(await client.command("RETR a"), /^150 /);
      // the FTP client is the client of TLS, no matter which side connects (RFC 4217 §7)
      assert.is(decodeUtf8(await readAll(client.protect(await connection))), "contents");
      assert.match(await client.reply(), /^226 /);
      close();
      assert.match(await client.command(`${verb} ${argument}`), /^200 /);
      assert.match(await client.command("RETR a"), /^150 /);
      assert.match(await client.reply(), /^425 /);
    }
  });
});

test("PASV replies with the address that the client connected to; after EPSV ALL there is only EPSV", async () => {
  await withFtp(async ({ login }) => {
    const client = await login();
    assert.match(await client.command("PASV"), /^227 .*\(127,0,0,1,\d+,\d+\)$/);
    assert.match(await client.command("EPSV 2"), /^522 .*\(1\)$/);
    assert.match(await client.command("EPSV 1"), /^229 .*\(\|\|\|\d+\|\)$/);
    assert.match(await client.command("EPSV ALL"), /^200 /);
    for (const line of ["PASV", "PORT 127,0,0,1,10,10", "EPRT |1|127.0.0.1|5000|"])
      assert.match(await client.command(line), /^501 /, line);
    assert.match(await client.command("EPSV"), /^229 /);
  });
});

/** Starts an upload of `name` and leaves it open. */
async function beginUpload(client: RawClient, name: string) {
  const socket = await client.connectData(await client.passive());
  assert.match(await client.command(`STOR ${name}`), /^150 /);
  const stream = client.protect(socket);
  await once(stream, "secureConnect");
  return stream;
}

test("ABOR during a transfer is 426, then 226, also before the data connection is made; the session continues", async () => {
  await withFtp(async ({ login, home }) => {
    await writeFile(join(home, "old"), "precious");
    const client = await login();
    const stream = await beginUpload(client, "old");
    stream.write("some");
    client.send("ABOR\r\n");
    assert.match(await client.reply(), /^426 /);
    assert.match(await client.reply(), /^226 /);
    assert.is(await readFile(join(home, "old"), "utf8"), "precious");

    await client.passive();
    assert.match(await client.command("RETR old"), /^150 /);
    client.send("ABOR\r\n");
    assert.match(await client.reply(), /^426 /);
    assert.match(await client.reply(), /^226 /);

    // without a transfer; a port that waits is closed
    const port = await client.passive();
    assert.match(await client.command("ABOR"), /^226 /);
    const [error] = await once(connect({ port, host: "127.0.0.1" }), "error");
    assert.is(error.code, "ECONNREFUSED");
    assert.match(await client.command("ABOR"), /^226 /);
    assert.is((await client.download("RETR old")).text, "precious");
  });
});

test("ABOR as old clients send it: with Telnet signals, and with its line break as urgent data", async () => {
  await withFtp(async ({ login }) => {
    const client = await login();
    for (const bytes of [
      [0xff, 0xf4, 0xff, 0xf2, ...Buffer.from("ABOR\r\n")],
      [0xff, 0xf4, 0xf2, ...Buffer.from("ABOR\r\n")],
      [...Buffer.from("ABOR\r")],
    ]) {
      await beginUpload(client, "f");
      client.send(new Uint8Array(bytes));
      assert.match(await client.reply(), /^426 /);
      assert.match(await client.reply(), /^226 /);
      await client.command("DELE f");
    }
  });
});

test("NOOP and STAT are answered during a transfer, ABOR before queued commands, and all others in order after it", async () => {
  await withFtp(async ({ login }) => {
    const client = await login();
    const stream = await beginUpload(client, "f");
    stream.write("12345");
    assert.match(await client.command("NOOP"), /^200 /);
    let state = "";
    while (!state.includes("/f: 5 bytes so far, up")) state = await client.command("STAT");
    assert.match(state, /Logged in as alice, in \/\r\n/);
    client.send("PWD\r\nNOOP\r\nSYST\r\n");
    stream.end();
    assert.match(await client.reply(), /^226 /);
    assert.match(await client.reply(), /^257 /);
    assert.match(await client.reply(), /^200 /);
    assert.match(await client.reply(), /^215 /);

    await beginUpload(client, "g");
    client.send("PWD\r\nABOR\r\nSYST\r\n");
    for (const code of [426, 226, 257, 215]) assert.match(await client.reply(), new RegExp(`^${code} `));
  });
});

test("a session that ends before its transfer has begun transfers nothing", async () => {
  for (const disconnect of [false, true])
    await withFtp(async ({ login, users, server, home, events, connect: open }) => {
      await writeFile(join(home, "f"), "precious");
      const [client, other] = [await login(), await open()];
      const stream = client.protect(await client.connectData(await client.passive()));
      await once(stream, "secureConnect");
      stream.end("replaced");
      const greeting = holdCall(DataConnection.prototype, "greet");
      try {
        client.send("STOR f\r\n");
        await greeting.called;
        users.delete("alice");
        if (disconnect) client.socket.destroy();
        else server.dismiss();
        // by the second reply the server has noticed that the client is gone
        for (let turn = 0; turn < 2; turn += 1) await other.command("NOOP");
      } finally {
        greeting.release();
      }
      const ended = () => events.find(({ event }) => event === "uploaded" || event === "transfer failed");
      while (!ended()) await other.command("NOOP");
      assert.is(ended()?.event, "transfer failed");
      assert.is(await readFile(join(home, "f"), "utf8"), "precious");
    });
});

test("a command after the transfer waits for a STAT that was sent during it", async () => {
  await withFtp(async ({ login, connect: open }) => {
    const [client, other] = [await login(), await open()];
    const stream = await beginUpload(client, "f");
    const listing = holdCall(Storage.prototype, "stat");
    try {
      client.send("STAT /\r\n");
      await listing.called;
      stream.end("contents");
      assert.match(await client.reply(), /^226 /);
      client.send("USER bob\r\n");
      // by the second reply the server has read what arrived before
      for (let turn = 0; turn < 2; turn += 1) await other.command("NOOP");
      assert.is(client.unread, "");
    } finally {
      listing.release();
    }
    assert.match(await client.reply(), /^213-.* f\r\n213 End$/s);
    assert.match(await client.reply(), /^331 /);
  });
});

test("QUIT during a transfer waits for its end", async () => {
  await withFtp(async ({ login, home }) => {
    const client = await login();
    const stream = await beginUpload(client, "f");
    client.send("QUIT\r\n");
    stream.end("contents");
    assert.match(await client.reply(), /^226 /);
    assert.match(await client.reply(), /^221 /);
    assert.is(await client.reply(), "");
    assert.is(await readFile(join(home, "f"), "utf8"), "contents");
  });
});

test("a lost control connection ends the upload; an old file stays unchanged", async () => {
  await withFtp(async ({ login, home, events }) => {
    await writeFile(join(home, "old"), "precious");
    for (const end of ["end", "destroy"] as const) {
      const client = await login();
      const stream = await beginUpload(client, "old");
      await new Promise((resolve) => stream.write(pattern(100_000), resolve));
      client.stream[end]();
      stream.resume();
      await once(stream, "end");
    }
    await eventually(() => events.filter(({ event }) => event === "disconnected").length === 2);
    assert.is(await readFile(join(home, "old"), "utf8"), "precious");
    assert.is(events.filter(({ event }) => event === "transfer failed").length, 2);
  });
});

test("a client that breaks off its download gets 426, and the session continues", async () => {
  await withFtp(async ({ login, home }) => {
    await writeFile(join(home, "big"), pattern(16 * MIB));
    const client = await login();
    const socket = await client.connectData(await client.passive());
    assert.match(await client.command("RETR big"), /^150 /);
    const stream = client.protect(socket);
    await once(stream, "data");
    stream.destroy();
    socket.resetAndDestroy();
    assert.match(await client.reply(), /^426 /);
    assert.match(await client.command("NOOP"), /^200 /);
  });
});

for (const direction of ["down", "up"] as const) {
  test(`a stalled transfer is aborted: ${direction}`, async () => {
    await withFtp(
      async ({ login, home, events }) => {
        await writeFile(join(home, "big"), pattern(32 * MIB));
        const client = await login();
        const socket = await client.connectData(await client.passive());
        assert.match(await client.command(direction === "down" ? "RETR big" : "STOR new"), /^150 /);
        const stream = client.protect(socket);
        await once(stream, "secureConnect");
        stream.pause();
        if (direction === "up") stream.write("some");
        assert.match(await client.reply(), /^426 /);
        assert.match(events.at(-1)?.outcome ?? "", /^no data moved for 0.5 s/);
      },
      { stall: 0.5 },
    );
  });
}

test("a slow reader is not stalled, and the server buffers little for it", async () => {
  const stall = 2;
  const size = 24 * MIB;
  await withFtp(
    async ({ login, home, events }) => {
      await writeFile(join(home, "big"), pattern(size));
      const client = await login();
      const socket = await client.connectData(await client.passive());
      assert.match(await client.command("RETR big"), /^150 /);
      const stream = client.protect(socket);
      const pieces: Uint8Array<ArrayBuffer>[] = [];
      let read = 0;
      let rest = 0;
      stream.on("data", (piece) => {
        pieces.push(piece);
        read += piece.length;
        rest += piece.length;
        // a twentieth of the limit
        if (rest < MIB / 2) return;
        rest = 0;
        stream.pause();
        setTimeout(() => stream.resume(), stall * 50);
      });
      while (read < 4 * MIB) await once(stream, "data");
      const [, sent] = /(\d+) bytes so far, down/.exec(await client.command("STAT")) ?? [];
      // the system buffers more
      assert.ok(Number(sent) < size / 2, `${sent} bytes of ${size} are on the way`);
      await once(stream, "end");
      assert.ok(equal(concat(pieces), pattern(size)));
      assert.match(await client.reply(), /^226 /);
      const { seconds = 0 } = events.find(({ event }) => event === "downloaded") ?? {};
      assert.ok(seconds > stall, `it took the server ${seconds} s: no longer than it may stand still`);
    },
    { stall },
  );
});

for (const [kind, options] of [
  ["a ticket of TLS 1.3", {}],
  ["a ticket of TLS 1.2", { maxVersion: "TLSv1.2" }],
  // as curl does
  ["an ID", { maxVersion: "TLSv1.2", secureOptions: constants.SSL_OP_NO_TICKET }],
] as const)
  test(`--require-session-reuse: a data connection must resume its own session, with ${kind}`, async () => {
    await withFtp(
      async ({ connect: open, login, home }) => {
        await writeFile(join(home, "a"), "contents");
        const client = await open();
        await client.encrypt(options);
        await client.login();
        const retrieve = async () => {
          const socket = await client.connectData(await client.passive());
          assert.match(await client.command("RETR a"), /^150 /);
          return socket;
        };
        for (let round = 0; round < 2; round += 1) {
          const stream = client.protect(await retrieve(), options);
          assert.is(decodeUtf8(await readAll(stream)), "contents");
          stream.end();
          assert.match(await client.reply(), /^226 /);
        }
        client.protect(await retrieve(), { ...options, resume: false });
        assert.match(await client.reply(), /^426 /);
        // nor that of another user
        const other = await login("bob");
        await other.command("NOOP");
        other.protect(await retrieve());
        assert.match(await client.reply(), /^426 /);
        // a full handshake does not replace the session
        const again = client.protect(await retrieve(), options);
        assert.is(decodeUtf8(await readAll(again)), "contents");
      },
      { requireSessionReuse: true },
    );
  });

test("a full quota is 552, and the old file stays", async () => {
  await withFtp(
    async ({ login, home }) => {
      const client = await login();
      assert.match(await client.upload("STOR f", pattern(40_000)), /^226 /);
      const socket = await client.connectData(await client.passive());
      assert.match(await client.command("STOR f"), /^150 /);
      const stream = client.protect(socket);
      stream.write(pattern(4 * MIB));
      assert.match(await client.reply(), /^552 /);
      assert.equal(new Uint8Array(await readFile(join(home, "f"))), pattern(40_000));
    },
    { quota: 100_000 },
  );
});

async function eventually(isSo: () => boolean): Promise<void> {
  while (!isSo()) await wait(5);
}

test.after.each(releaseClock);

test.run();
