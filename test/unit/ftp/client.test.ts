/** The FTP client against a server in this process, which may misbehave. */
import { once } from "node:events";
import type { Socket } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { refusalCode } from "../../../exercises/05-ftp/ftp/client/control-connection.ts";
import { clientData } from "../../../exercises/05-ftp/ftp/client/data.ts";
import { FtpClient } from "../../../exercises/05-ftp/ftp/client/ftp-client.ts";
import { type Bytes, concat, decodeUtf8, encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import { type Ask, type FakeOptions, unprotected, withFake } from "../../support/fake-ftp.ts";
import { rejects } from "../../support/rejects.ts";

async function readAll(stream: AsyncIterable<Bytes>): Promise<string> {
  const chunks: Bytes[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return decodeUtf8(concat(chunks));
}

/** Runs `use` with a client that has logged in to a server that behaves as `options` say. */
async function withClient(
  options: FakeOptions,
  use: (client: FtpClient, log: string[]) => Promise<void>,
  timeout?: number,
): Promise<void> {
  await withFake(options, async (fake) => {
    const client = await fake.client(timeout);
    await use(client, fake.log);
    client.destroy();
  });
}

/** Answers every command with these lines. */
function saying(...lines: string[]): (ask: Ask) => boolean {
  return ({ say }) => {
    say(...lines);
    return true;
  };
}

/** Waits for the first bytes, which stand for a handshake. */
async function greeting(socket: Socket): Promise<void> {
  const [bytes]: Buffer[] = await once(socket, "data");
  socket.pause();
  assert.is(bytes?.toString("utf8", 0, 5), "hello");
  if (bytes && bytes.length > 5) socket.unshift(bytes.subarray(5));
}

function connect(port: number, timeout = 60): Promise<FtpClient> {
  return FtpClient.connect({ host: "127.0.0.1", port }, { mechanism: unprotected, timeout });
}

test("connect and logIn: only AUTH before encryption, and the password after it", async () => {
  await withClient({}, async (client, log) => {
    await client.quit();
    assert.equal(log, [
      "AUTH NOTHING",
      "PBSZ 0",
      "PROT P",
      "USER ann",
      "PASS secret",
      "FEAT",
      "OPTS UTF8 ON",
      "TYPE I",
      "QUIT",
    ]);
  });
});

test("connect: leaves a server that does not encrypt, is not an FTP server, or sends extra plaintext", async () => {
  const cases: [FakeOptions["answer"], RegExp][] = [
    [saying("502 what?"), /^the server does not support NOTHING \(502 what\?\)$/],
    [saying("HTTP/1.1 400"), /^the server does not speak FTP/],
    // as an attacker on the wire would inject it after the last plaintext reply (CVE-2011-0411)
    [saying("234 go on", "200 forged"), /^unexpected plaintext after the reply to AUTH/],
    [({ control }) => control.write("234 go on\r\n2"), /^unexpected plaintext/],
    [({ control }) => control.end() === control, /^the server closed the connection$/],
    [saying("421 too many"), /^the server says: 421 too many$/],
    [() => true, /^timed out: no reply from the server for 0.2 s$/],
  ];
  for (const [answer, expected] of cases)
    await withFake({ ...(answer && { answer }) }, async ({ port, log }) => {
      await rejects(connect(port, 0.2), expected);
      assert.equal(log, ["AUTH NOTHING"]);
    });
});

test("connect: cuts off a flooded control connection", async () => {
  const line = `200 ${"x".repeat(1000)}`;
  const answer: FakeOptions["answer"] = ({ verb, say }) => {
    if (verb !== "PWD") return false;
    for (let index = 0; index < 1000; index += 1) say(line);
    return true;
  };
  await withClient({ answer }, async (client) => {
    await rejects(client.workingFolder(), "the server sent replies to no command");
    await rejects(client.workingFolder(), "the server sent replies to no command");
  });
});

test("logIn: reports a refusal with escaped control characters", async () => {
  const no = saying("530 no \u001b[2J way");
  const answer: FakeOptions["answer"] = (ask) => ask.verb === "PASS" && no(ask);
  await withFake({ answer }, async ({ port }) => {
    const client = await connect(port);
    const login = client.logIn("ann", "secret");
    await rejects(login, "the server says: 530 no \\u{1b}[2J way");
    assert.is(refusalCode(await login.catch((error: unknown) => error)), 530);
    client.destroy();
  });
});

test("commands: a name with a line break is not sent", async () => {
  await withClient({}, async (client, log) => {
    for (const name of ["a\r\nDELE b", "a\nb", "a\rb", "a\0b"])
      await rejects(client.remove(name), "a line break or NUL cannot be sent to an FTP server");
    assert.not.match(log.join(), /DELE/);
  });
});

test("commands: each sends its verbs of RFC 959 and 3659", async () => {
  const files = { a: "hello", b: "" };
  await withClient({ files }, async (client, log) => {
    assert.is(await client.workingFolder(), '/a "b"');
    assert.is(await client.size("a"), 5);
    await rejects(client.size("nope"), "the server says: 550 no such file");
    assert.equal(await client.stat("a"), {
      name: "a",
      kind: "file",
      size: 5,
      modified: new Date("2020-01-02T03:04:05Z"),
    });
    assert.is((await client.stat("folder"))?.kind, "folder");
    assert.is(await client.stat("nope"), undefined);
    assert.equal(
      (await client.list()).entries.map(({ name, size }) => [name, size]),
      [
        ["a", 5],
        ["b", 0],
      ],
    );
    assert.is(await readAll(client.read("a", 2)), "llo");
    await client.makeFolder("x y");
    await rejects(client.rename("a", "c"), /^the server says: 200/);
    await client.remove("a");
    assert.equal(log.slice(-4), ["MKD x y", "RNFR a", "RNTO c", "DELE a"]);
    assert.ok(log.join().includes("REST 2,RETR a"));
  });
});

test("a transfer begins with 125 or 150, and only 226 or 250 confirms it", async () => {
  for (const [first, last, isDone] of [
    [150, 226, true],
    [125, 250, true],
    [150, 150, false],
    [150, 110, false],
    [150, 200, false],
    [150, 225, false],
    [150, 350, false],
    [110, 226, false],
    [226, 226, false],
  ] as const) {
    const answer: FakeOptions["answer"] = async ({ verb, say, data }) => {
      if (verb !== "STOR" && verb !== "RETR") return false;
      say(`${first} here`);
      const socket = await data();
      socket.on("error", () => {}).resume();
      if (verb === "RETR") socket.end("hello");
      else if (isDone || first === 150) await once(socket, "end");
      say(`${last} done`);
      return true;
    };
    for (const direction of ["up", "down"])
      await withClient({ answer }, async (client) => {
        const transfer =
          direction === "up"
            ? client.write("a", (data) => data.send(encodeUtf8("hello")))
            : readAll(client.read("a"));
        if (isDone) await transfer;
        else await rejects(transfer, /^the server says: \d{3} (?:here|done)$/);
        // a preliminary reply is followed by another, which belongs to no later command
        if (first === 110 || last < 200) await client.closed;
      });
  }
});

test("list: uses LIST without MLSD, also for a name that starts with a dash", async () => {
  const line = "-rw-r--r-- 1 a b 7 Dec 31 23:59 x";
  const answer: FakeOptions["answer"] = async ({ verb, say, data }) => {
    if (verb === "MLSD") say("502 no");
    if (verb === "LIST") {
      say("150 here");
      (await data()).end(`total 1\r\n${line}\r\n`);
      say("226 done");
    }
    return verb === "MLSD" || verb === "LIST";
  };
  await withClient({ answer }, async (client, log) => {
    for (const path of ["", "-a"])
      assert.equal(
        (await client.list(path)).entries.map(({ name, size }) => [name, size]),
        [["x", 7]],
      );
    assert.equal(
      log.filter((each) => /^(MLSD|LIST)/.test(each)),
      ["MLSD", "LIST", "LIST ./-a"],
    );
  });
});

test("stat: without MLST, uses CWD there and back, or SIZE and MDTM", async () => {
  const [no, size] = [saying("550 no"), saying("213 4096")];
  const answer: FakeOptions["answer"] = (ask) =>
    (ask.verb === "CWD" && ask.argument === "nope" && no(ask)) ||
    (ask.verb === "SIZE" && ask.argument === "folder" && size(ask));
  await withClient({ files: { a: "hello" }, features: [], answer }, async (client, log) => {
    assert.equal(await client.stat("a"), {
      name: "a",
      kind: "file",
      size: 5,
      modified: new Date("2020-01-02T03:04:05Z"),
    });
    assert.is((await client.stat("folder"))?.kind, "folder");
    assert.equal(log.slice(-3), ["PWD", "CWD folder", 'CWD /a "b"']);
    assert.is(await client.stat("nope"), undefined);
  });
});

test("PWD: a folder that is not UTF-8 is an error that names it, and is sent to no server", async () => {
  const answer: FakeOptions["answer"] = ({ verb, control }) => {
    if (verb !== "PWD") return false;
    control.write(Buffer.from('257 "/caf\xe9"\r\n', "latin1"));
    return true;
  };
  const reason = "the current folder on the server is not UTF-8: /caf\\u{dce9}";
  await withClient({ features: [], answer }, async (client, log) => {
    await rejects(client.workingFolder(), reason);
    await rejects(client.stat("a"), reason);
    assert.is(log.at(-1), "PWD");
    await rejects(client.changeFolder("/caf\udce9"), "cannot be sent as UTF-8: CWD /caf\\u{dce9}");
    assert.is(log.at(-1), "PWD");
  });
});

test("stat: an entry has the name that was asked for, whatever the reply calls it", async () => {
  const answer: FakeOptions["answer"] = (ask) =>
    ask.verb === "MLST" && saying("250-it", " type=file;size=5; /etc/passwd", "250 End")(ask);
  await withClient({ answer }, async (client) => assert.is((await client.stat("a"))?.name, "a"));
});

test("data connections: go to the control connection's host, whatever PASV says, and not to port 0", async () => {
  let port: string | undefined;
  const answer: FakeOptions["answer"] = ({ verb, say }) => {
    if (verb === "EPSV") say("502 no");
    if (verb === "PASV" && port) say(`227 (127,0,0,1,${port})`);
    return verb === "EPSV" || (verb === "PASV" && port !== undefined);
  };
  await withClient({ files: { a: "hello" }, answer }, async (client, log) => {
    // the address of the fake's PASV is 9.9.9.9
    assert.is(await readAll(client.read("a")), "hello");
    assert.is(await readAll(client.read("a")), "hello");
    assert.equal(
      log.filter((each) => /^(EPSV|PASV)/.test(each)),
      ["EPSV", "PASV", "PASV"],
      "EPSV is tried once",
    );
    port = "0,0";
    await rejects(readAll(client.read("a")), "the server's reply names no port for the data connection");
  });
});

for (const order of ["before 150", "after 150"])
  test(`data connections: the handshake works ${order}`, async () => {
    const mechanism: typeof unprotected = {
      ...unprotected,
      protect: async (socket) => ({
        description: "a greeting",
        control: socket,
        nextData: () => async (data) => {
          data.write("hello");
          await greeting(data);
          return clientData(data);
        },
      }),
    };
    const answer: FakeOptions["answer"] = async ({ verb, say, data }) => {
      if (!["RETR", "STOR", "MLSD"].includes(verb)) return false;
      if (order === "after 150") say("150 go on");
      const socket = await data();
      await greeting(socket);
      await new Promise((resolve) => socket.write("hello", resolve));
      if (order === "before 150") say("150 go on");
      socket.end(verb === "MLSD" ? "type=file; x" : "content").resume();
      await once(socket, "end");
      say("226 done");
      return true;
    };
    await withFake({ answer }, async ({ port }) => {
      const client = await FtpClient.connect({ host: "127.0.0.1", port }, { mechanism, timeout: 60 });
      await client.logIn("ann", "secret");
      assert.is(await readAll(client.read("a")), "content");
      assert.equal(
        (await client.list()).entries.map(({ name }) => name),
        ["x"],
      );
      await client.write("b", (data) => data.send(encodeUtf8("content")));
      client.destroy();
    });
  });

test("data connections: a refused command ends the handshake, and the client continues", async () => {
  let isClosed = false;
  const answer: FakeOptions["answer"] = async ({ verb, say, data }) => {
    if (verb !== "RETR") return false;
    const socket = await data();
    say("550 no such file");
    await once(socket.resume(), "end");
    isClosed = true;
    return true;
  };
  const mechanism: typeof unprotected = {
    ...unprotected,
    protect: async (socket) => ({
      description: "never ends",
      control: socket,
      nextData: () => async (data) => {
        await once(data, "close");
        throw new Error("the handshake failed");
      },
    }),
  };
  await withFake({ answer }, async ({ port }) => {
    const client = await FtpClient.connect({ host: "127.0.0.1", port }, { mechanism, timeout: 60 });
    await client.logIn("ann", "secret");
    await rejects(readAll(client.read("a")), "the server says: 550 no such file");
    await client.workingFolder();
    assert.ok(isClosed);
    client.destroy();
  });
});

test("read: fails if the server does not confirm the end of the data", async () => {
  const cases: [string, RegExp][] = [
    ["426 broken off", /^the server says: 426 broken off$/],
    ["451 the disk failed", /^the server says: 451 the disk failed$/],
  ];
  for (const [reply, expected] of cases) {
    const answer: FakeOptions["answer"] = async ({ verb, say, data }) => {
      if (verb !== "RETR") return false;
      say("150 it comes");
      (await data()).end("half of it");
      say(reply);
      return true;
    };
    await withClient({ files: { a: "hello" }, answer }, async (client) => {
      await rejects(readAll(client.read("a")), expected);
      assert.is(await client.size("a"), 5, "and the connection is good for other things");
    });
  }
});

test("read: a negative reply counts at once, even with the data connection open", async () => {
  const answer: FakeOptions["answer"] = async ({ verb, say, data }) => {
    if (verb !== "RETR") return false;
    say("150 it comes");
    await data();
    say("451 the disk failed");
    return true;
  };
  // longer than any test may take
  const timeout = 3600;
  await withClient(
    { files: { a: "hello" }, answer },
    async (client) => {
      await rejects(readAll(client.read("a")), "the server says: 451 the disk failed");
      await client.workingFolder();
    },
    timeout,
  );
});

test("read: times out on a silent and on a stuck data connection", async () => {
  const answer: FakeOptions["answer"] = async ({ verb, say, data }) => {
    if (verb !== "RETR") return false;
    say("150 it comes");
    const socket = await data();
    socket.write("half of it");
    socket.resume().once("end", () => say("426 broken off"));
    return true;
  };
  await withClient(
    { files: { a: "hello" }, answer },
    async (client) => {
      await rejects(readAll(client.read("a")), "the server says: 426 broken off");
    },
    0.3,
  );
});

test("read: a caller that stops reading aborts it, and can continue with other commands", async () => {
  await withClient({ files: { a: new Uint8Array(20_000_000), b: "hello" } }, async (client, log) => {
    for await (const chunk of client.read("a")) {
      assert.ok(chunk.length > 0);
      break;
    }
    assert.is(log.at(-1), "ABOR");
    assert.is(await readAll(client.read("b")), "hello");
  });
});

test("abort: the reader gets an error, and the connection stays usable", async () => {
  await withClient({ files: { a: new Uint8Array(20_000_000), b: "hello" } }, async (client) => {
    const reading = (async () => {
      for await (const _ of client.read("a")) client.abort();
    })();
    await rejects(reading, "aborted");
    assert.not.ok(client.busy);
    assert.is(await readAll(client.read("b")), "hello");
    client.abort();
    assert.is(await client.size("b"), 5, "and abort does nothing when nothing is under way");
  });
});

test("write: waits for the server's confirmation, and reports its reason", async () => {
  const send = async (data: { send: (bytes: Bytes) => Promise<void> }) => {
    for (let index = 0; index < 100; index += 1) await data.send(new Uint8Array(100_000));
  };
  const answer: FakeOptions["answer"] = async ({ verb, argument, say, data }) => {
    if (verb !== "STOR" || argument !== "full") return false;
    say("150 send it");
    const socket: Socket = await data();
    socket.once("data", () => {
      say("552 the disk is full");
      socket.resetAndDestroy();
    });
    return true;
  };
  await withFake({ answer }, async (fake) => {
    const client = await fake.client();
    await client.write("fits", send);
    assert.is(fake.files.get("fits")?.length, 10_000_000);
    await rejects(client.write("full", send), "the server says: 552 the disk is full");
    await rejects(
      client.write("mine", async () => Promise.reject(new Error("cannot read it"))),
      "cannot read it",
    );
    await client.write("fits", async (data) => data.send(encodeUtf8("more")), 3);
    assert.equal(fake.files.get("fits"), concat([new Uint8Array(3), encodeUtf8("more")]));
    client.destroy();
  });
});

test("one thing at a time: a second transfer is a TypeError", async () => {
  await withClient({ files: { a: new Uint8Array(20_000_000) } }, async (client) => {
    for await (const _ of client.read("a")) {
      await rejects(readAll(client.read("a")), "another transfer is running");
      break;
    }
  });
});

test("closed: resolves when the server leaves, and failure says why", async () => {
  await withFake({}, async (fake) => {
    const client = await fake.client();
    const closed = client.closed;
    await fake.stop().catch(() => {});
    await closed;
    assert.instance(client.failure, Error);
    await client.quit();
  }).catch(() => {});
});

test.run();
