/** Exercise 01: keys in files, pins on both sides, and a server that no client can end. */
import { once } from "node:events";
import { chmod, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { connect as connectSocket, type Socket } from "node:net";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { answerHello, receiveHello } from "../../exercises/01-persisted-keys/hello.ts";
import { type Bytes, concat } from "../../lib/bytes/bytes.ts";
import { encodeFields, encodeUint32 } from "../../lib/bytes/fields.ts";
import { randomBytes } from "../../lib/crypto/webcrypto.ts";
import { pin } from "../../lib/files/pins.ts";
import { FRAME_LIMIT, FramedStream } from "../../lib/net/framing.ts";
import { connect, listenOn } from "../../lib/net/tcp.ts";
import { loadIdentity } from "../support/identities.ts";
import { loadKeys, loadSpki } from "../support/keys.ts";
import type { Program } from "../support/launch.ts";
import { converse, exchange, install, startClient, startServer } from "../support/persisted-keys.ts";
import { rejects } from "../support/rejects.ts";
import { withFolder } from "../support/temporary.ts";
import { wiretap } from "../support/wiretap.ts";

const alice = await loadIdentity("a");
const bob = await loadIdentity("b");
const mallory = await loadKeys("rsa-2048-c");
const MY_KEY = /^My key: {5}(SHA256:\S{43})$/m;
const CLOSED = /^the peer (closed the connection early|reset the connection)/;

/**
 * Runs a server whose identity is Bob's, and ends it: it must not have ended before, nor printed
 * any text but `expected`.
 */
async function withServer(
  use: (server: Program, port: number, keys: string) => Promise<void>,
  { flags = [], expected }: { flags?: string[]; expected: string[] },
): Promise<void> {
  await withFolder(async (keys) => {
    await install(keys, "server", "identity-3072-b");
    const server = startServer(keys, { flags });
    try {
      await use(server, await server.port(), keys);
      server.child.kill("SIGTERM");
      const { status, stdout, stderr } = await server.ending;
      assert.is(status, 0, stderr);
      assert.equal(
        stdout.split("\n").sort(),
        ["", ...expected.map((text) => `Received message: ${text}`)].sort(),
      );
      assert.not.match(stderr, /[^\P{Cc}\n]|mistake of ours/u);
    } finally {
      await server.stop();
    }
  });
}

test("keys are made once and kept, each side pins the other, and a changed server is refused until its pin is removed", async () => {
  await withFolder(async (folder) => {
    const [serverKeys, clientKeys] = [join(folder, "server"), join(folder, "client")];
    await install(serverKeys, "server", "identity-3072-a");
    const first = startServer(serverKeys);
    try {
      const port = await first.port();
      const pinFile = join(clientKeys, "known-servers", `127.0.0.1%3A${port}`);
      const one = await startClient(clientKeys, { port }).ending;
      assert.is(one.stdout, "Received message: pong\n", one.stderr);
      assert.is(one.status, 0);
      const [, clientKey = ""] = MY_KEY.exec(one.stderr) ?? [];
      assert.ok(
        one.stderr.includes(`First contact with 127.0.0.1:${port}: its key ${alice.fingerprint} is remem`),
      );
      assert.is(await readFile(pinFile, "utf8"), `${alice.fingerprint}\n`);
      assert.is(
        await readFile(join(serverKeys, "known-clients", "client"), "utf8"),
        `${clientKey}\nlast seen at 127.0.0.1\n`,
      );

      // another key would be made now, if one were made
      const two = await startClient(clientKeys, { port, env: { STOCK_KEY: "rsa-2048-a" } }).ending;
      assert.is(two.stdout, "Received message: pong\n", two.stderr);
      assert.is(MY_KEY.exec(two.stderr)?.[1], clientKey);
      assert.not.match(two.stderr, /First contact/);

      first.child.kill("SIGTERM");
      const ended = await first.ending;
      assert.is(ended.status, 0);
      assert.is(ended.stdout, "Received message: ping\nReceived message: ping\n");
      assert.match(ended.stderr, /^127.0.0.1:\d+ served: client, first contact, /m);
      assert.match(ended.stderr, /^127.0.0.1:\d+ served: client, known, /m);

      await install(serverKeys, "other", "identity-3072-b");
      const second = startServer(serverKeys, { port, flags: ["--name", "other"] });
      try {
        await second.port();
        const refused = await startClient(clientKeys, { port }).ending;
        assert.is(refused.status, 1);
        assert.is(refused.stdout, "");
        assert.ok(
          refused.stderr.endsWith(
            `error: THE KEY OF 127.0.0.1:${port} HAS CHANGED: it was ${alice.fingerprint}, and now is ${bob.fingerprint}. ` +
              "This may be a man-in-the-middle attack! Only if you know that the new key is right, accept it: " +
              `remove ${pinFile} and try again\n`,
          ),
          refused.stderr,
        );
        await rm(pinFile);
        const accepted = await startClient(clientKeys, { port }).ending;
        assert.is(accepted.stdout, "Received message: pong\n", accepted.stderr);
        second.child.kill("SIGINT");
        const { status, stdout } = await second.ending;
        assert.is(status, 0);
        assert.is(stdout, "Received message: ping\n");
      } finally {
        await second.stop();
      }
    } finally {
      await first.stop();
    }
  });
});

test("two servers that are started together without a key end with the same one", async () => {
  await withFolder(async (keys) => {
    const servers = ["identity-3072-a", "identity-3072-b"].map((key) =>
      startServer(keys, { env: { STOCK_KEY: key } }),
    );
    try {
      await Promise.all(servers.map((server) => server.port()));
      const fingerprints = servers.map(({ stderr }) => MY_KEY.exec(stderr)?.[1]);
      assert.is(fingerprints[0], fingerprints[1]);
      assert.equal((await readdir(keys)).sort(), ["server.pem", "server.pub.pem"]);
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
    }
  });
});

test("a client with another key under a known name is refused, loudly, and the server goes on", async () => {
  await withServer(
    async (server, port, keys) => {
      assert.is(await exchange(port, { identity: alice, name: "alice" }), "pong");
      await rejects(exchange(port, { identity: mallory, name: "alice", text: "I am Alice" }), CLOSED);
      assert.is(await exchange(port, { identity: mallory, name: "mallory" }), "pong");
      assert.is(await exchange(port, { identity: alice, name: "alice" }), "pong");
      const file = join(keys, "known-clients", "alice");
      const reason = await server.waitFor(/ refused: (THE .*)$/m);
      assert.ok(
        reason.startsWith(
          `THE KEY OF alice HAS CHANGED: it was ${alice.fingerprint}, and now is ${mallory.fingerprint}. ` +
            `This may be a man-in-the-middle attack! Only if you know that the new key is right, accept it: remove ${file} and`,
        ),
        reason,
      );
      assert.is(await readFile(file, "utf8"), `${alice.fingerprint}\nlast seen at 127.0.0.1\n`);
    },
    { expected: ["ping", "ping", "ping"] },
  );
});

test("many clients at once are all served, each once", async () => {
  const names = Array.from({ length: 16 }, (_, index) => `client-${index}`);
  await withServer(
    async (_server, port) => {
      const replies = await Promise.all(
        names.map((name) => exchange(port, { identity: alice, name, text: name })),
      );
      assert.ok(replies.every((reply) => reply === "pong"));
    },
    { expected: names },
  );
});

interface Nuisance {
  what: string;
  send: Bytes;
  /** Whether it ends its half then, or stays. */
  end?: boolean;
  reason: RegExp;
}

const hello = (name: string, spki: Bytes, random = randomBytes(32), version = "sml/01/v1") =>
  frame(encodeFields([version, random, spki, name]));
const good = hello("alice", alice.spki);
const NUISANCES: Nuisance[] = [
  {
    what: "garbage",
    send: new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"),
    reason: /announced a frame of 1195725856/,
  },
  {
    what: "nothing, and ends",
    send: new Uint8Array(),
    end: true,
    reason: /the peer closed the connection early/,
  },
  { what: "half a hello, and ends", send: good.subarray(0, 99), end: true, reason: /inside a frame \(95 of/ },
  { what: "only a hello, and ends", send: good, end: true, reason: /the peer closed the connection early/ },
  {
    what: "a hello and garbage",
    send: concat([hello("carol", alice.spki), frame(randomBytes(500))]),
    end: true,
    reason: /malformed fields: /,
  },
  {
    what: "a frame of 4 GiB",
    send: concat([good, encodeUint32(0xffff_ffff)]),
    reason: /announced a frame of 4294967295/,
  },
  {
    what: "part 2's hello",
    send: frame(encodeFields(["sml/part2/v1", randomBytes(32), alice.spki])),
    reason: /malformed fields: expected 4/,
  },
  {
    what: "another version",
    send: hello("alice", alice.spki, randomBytes(32), "sml/01/v2\u001b"),
    reason: /the peer speaks "sml\/01\/v2\\u\{1b\}", expected "sml\/01\/v1"/,
  },
  {
    what: "a short random",
    send: hello("alice", alice.spki, randomBytes(31)),
    reason: /expected 32 random bytes, got 31/,
  },
  { what: "a name with a path", send: hello("../alice", alice.spki), reason: /"..\/alice" is not a name/ },
  {
    what: "a name that drives the terminal",
    send: hello("\u001b[2J\n", alice.spki),
    reason: /"\\u\{1b\}\[2J\\n" is not a name/,
  },
  { what: "no name", send: hello("", alice.spki), reason: /"" is not a name/ },
  { what: "the server's own key", send: hello("alice", bob.spki), reason: /it sent our own public key back/ },
  {
    what: "a key of 1024 bits",
    send: hello("alice", loadSpki("bad-rsa-1024")),
    reason: /1024 bits, expected 2048 to 4096/,
  },
  { what: "a key that is not RSA", send: hello("alice", loadSpki("bad-ec-p256")), reason: /it is not RSA/ },
];
const LATE = /timed out: .* longer than 1 s/;
const SILENT: Nuisance[] = [
  { what: "nothing, and stays", send: new Uint8Array(), reason: LATE },
  { what: "half a hello, and stays", send: good.subarray(0, 99), reason: LATE },
  { what: "only a hello, and stays", send: good, reason: LATE },
];

/** Connects, sends what `nuisance` says, and stays if it does. */
async function visit(port: number, nuisance: Nuisance) {
  const socket = await dial(port);
  const address = `127.0.0.1:${socket.localPort}`;
  socket.write(nuisance.send);
  if (nuisance.end) socket.end();
  return { ...nuisance, socket, address };
}

test("clients that fall silent are refused in time", async () => {
  await withServer(
    async (server, port) => {
      const visitors = await Promise.all(SILENT.map((nuisance) => visit(port, nuisance)));
      for (const { what, reason, socket, address } of visitors) {
        const line = await server.waitFor(new RegExp(`^${address} refused: (.*)$`, "m"));
        assert.match(line, reason, what);
        socket.destroy();
      }
    },
    { flags: ["--timeout", "1"], expected: [] },
  );
});

test("clients that send nonsense, or nothing, are refused with the reason, and neither end nor block the server", async () => {
  await withServer(
    async (server, port, keys) => {
      const silent = await Promise.all(SILENT.map((nuisance) => visit(port, nuisance)));
      const visitors = await Promise.all(NUISANCES.map((nuisance) => visit(port, nuisance)));
      assert.is(await exchange(port, { identity: alice, name: "alice" }), "pong");
      for (const { what, reason, address } of visitors) {
        const line = await server.waitFor(new RegExp(`^${address} refused: (.*)$`, "m"));
        assert.match(line, reason, what);
      }
      // more of those who hold a key for a session than the stock has
      const holders = await Promise.all(Array.from({ length: 5 }, () => dial(port)));
      for (const socket of holders) socket.write(good);
      assert.is(await exchange(port, { identity: alice, name: "alice" }), "pong");
      assert.equal(await readdir(join(keys, "known-clients")), ["alice"], "an unproved key was pinned");
      for (const socket of holders) socket.resetAndDestroy();
      for (const { socket } of [...silent, ...visitors]) socket.destroy();
      assert.is(await exchange(port, { identity: alice, name: "alice" }), "pong");
    },
    { flags: ["--timeout", "60"], expected: ["ping", "ping", "ping"] },
  );
});

test("of too many clients that prove nothing, the oldest are dropped, and an honest one is served", async () => {
  await withServer(
    async (server, port) => {
      const sockets = await Promise.all(Array.from({ length: 70 }, () => dial(port)));
      assert.is(await exchange(port, { identity: alice, name: "alice" }), "pong");
      // 70 and the honest one are 7 more than there may be
      await server.waitFor(/((?:[\s\S]*refused: dropped: too many others came after it){7})/);
      assert.is(server.stderr.match(/dropped: /g)?.length, 7);
      for (const socket of sockets) socket.destroy();
    },
    { expected: ["ping"] },
  );
});

test("what a client sent in one session is refused in the next, and so is a request with a bit flipped", async () => {
  await withServer(
    async (server, port) => {
      const tap = await wiretap(port);
      const connection = await connect({ host: "127.0.0.1", port: tap.port, timeout: 30 });
      assert.is(await converse(connection, { identity: alice, name: "alice" }), "pong");
      const recorded = tap.captured("client to server");
      tap.close();

      const socket = await dial(port);
      const address = `127.0.0.1:${socket.localPort}`;
      socket.end(recorded);
      const refusal =
        "the message is refused: it was altered on the way, or is not from this peer and session";
      await server.waitFor(new RegExp(`^(${address} refused: ${refusal})$`, "m"));
      socket.destroy();

      const flip = await wiretap(port, {
        alter: (direction, bytes, offset) => {
          if (direction === "client to server" && offset > 0)
            bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
          return bytes;
        },
      });
      await rejects(exchange(flip.port, { identity: alice, name: "alice" }), CLOSED);
      flip.close();
      await server.waitFor(new RegExp(`(${refusal})\n[\\s\\S]*${refusal}`));
    },
    { expected: ["ping"] },
  );
});

test("a client that has pinned its server sends nothing to a man in the middle with another key", async () => {
  await withFolder(async (keys) => {
    await install(keys, "client", "identity-3072-a");
    const received: Promise<string>[] = [];
    const { server, port } = await listenOn({ host: "127.0.0.1", port: 0 }, (socket) => {
      const connection = new FramedStream(socket);
      const meet = async () => {
        const clientHello = await receiveHello(connection, bob);
        await answerHello(connection, bob, clientHello, await loadKeys("rsa-2048-a"));
        await connection.read(FRAME_LIMIT);
        return "a request";
      };
      received.push(meet().catch((error: Error) => error.message));
    });
    try {
      await pin(join(keys, "known-servers"), `127.0.0.1:${port}`, mallory.fingerprint);
      const { status, stdout, stderr } = await startClient(keys, { port }).ending;
      assert.is(status, 1);
      assert.is(stdout, "");
      assert.match(stderr, /error: THE KEY OF 127.0.0.1:\d+ HAS CHANGED: it was /);
      assert.is(received.length, 1);
      assert.match((await received[0]) ?? "", CLOSED);
    } finally {
      server.close();
    }
  });
});

test("a server hello of another session is refused, and nothing is pinned", async () => {
  await withFolder(async (keys) => {
    await install(keys, "client", "identity-3072-a");
    const { server, port } = await listenOn({ host: "127.0.0.1", port: 0 }, (socket) => {
      const connection = new FramedStream(socket);
      const replay = async () => {
        const { spki, name } = await receiveHello(connection, bob);
        // the client's own hello of yesterday
        const hello = encodeFields(["sml/01/v1", randomBytes(32), spki, name]);
        await answerHello(connection, bob, { hello, spki, name }, await loadKeys("rsa-2048-a"));
      };
      void replay();
    });
    try {
      const { status, stderr } = await startClient(keys, { port }).ending;
      assert.is(status, 1);
      assert.match(
        stderr,
        /\nerror: the message is refused: it was altered on the way, or is not from this peer/,
      );
      assert.equal((await readdir(keys)).sort(), ["client.pem", "client.pub.pem"]);
    } finally {
      server.close();
    }
  });
});

test("the server's --fingerprint refuses every other client, with both fingerprints", async () => {
  await withServer(
    async (server, port) => {
      await rejects(exchange(port, { identity: mallory, name: "alice" }), CLOSED);
      const line = await server.waitFor(/^\S+ refused: (the peer is refused: its key is .*)$/m);
      assert.is(
        line,
        `the peer is refused: its key is ${mallory.fingerprint}, expected ${alice.fingerprint}`,
      );
      assert.is(await exchange(port, { identity: alice, name: "alice" }), "pong");
    },
    { flags: ["--fingerprint", alice.fingerprint], expected: ["ping"] },
  );
});

test("the client's --fingerprint refuses another server, with both fingerprints", async () => {
  await withServer(
    async (_server, port, keys) => {
      await install(keys, "client", "identity-3072-a");
      const flags = ["--fingerprint", mallory.fingerprint];
      const refused = await startClient(keys, { port, flags }).ending;
      assert.is(refused.status, 1);
      assert.ok(
        refused.stderr.endsWith(
          `error: the peer is refused: its key is ${bob.fingerprint}, expected ${mallory.fingerprint}\n`,
        ),
        refused.stderr,
      );
      assert.not((await readdir(keys)).includes("known-servers"));
    },
    { expected: [] },
  );
});

test("a bad key file ends either side with one line, before anything is listened to or connected", async () => {
  await withFolder(async (keys) => {
    await install(keys, "server", "identity-3072-b");
    await chmod(join(keys, "server.pem"), 0o644);
    await writeFile(join(keys, "client.pem"), "", { mode: 0o600 });
    const [server, client] = await Promise.all([startServer(keys).ending, startClient(keys).ending]);
    assert.equal([server.status, client.status], [1, 1]);
    const file = join(keys, "server.pem");
    assert.is(
      server.stderr,
      `error: ${file} cannot be used: others may read or write it; fix that with: chmod 600 ${file}\n`,
    );
    assert.is(client.stderr, `error: ${join(keys, "client.pem")} cannot be used: it is empty\n`);
  });
});

async function dial(port: number): Promise<Socket> {
  const socket = connectSocket({ host: "127.0.0.1", port, allowHalfOpen: true });
  socket.on("error", () => {}); // the server may break off whenever it likes
  await once(socket, "connect");
  return socket;
}

function frame(payload: Bytes): Bytes {
  return concat([encodeUint32(payload.length), payload]);
}

test.run();
