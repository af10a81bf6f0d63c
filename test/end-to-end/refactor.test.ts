/**
 * Exercise 02, with real processes: conversations, many clients at once, and clients that
 * misbehave.
 */
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type KeyFolder, makeKeyFolder } from "../support/key-folder.ts";
import { type Ending, Program, ROOT, TSX } from "../support/launch.ts";

const FOLDER = "exercises/02-refactor";

let keys: KeyFolder;
test.before(async () => {
  keys = await makeKeyFolder({ server: "rsa-2048-a", client: "rsa-2048-b", other: "rsa-2048-c" });
});
test.after(() => keys.remove());

for (const script of ["server.ts", "client.ts"]) {
  test(`${script} contains no cryptography, only the loop over a channel`, () => {
    const source = readFileSync(`${ROOT}${FOLDER}/${script}`, "utf8");
    const imports = [...source.matchAll(/from "([^"]+)"/g)].map(([, path]) => path);
    const allowed =
      /^\.\.\/\.\.\/lib\/(bytes\/printable|channel\/(channel|channel-client|channel-server|conversation)|cli\/(command-line|diagnostics|flags|reports)|files\/(key-files|pins))\.ts$/;
    assert.ok(imports.length > 4);
    for (const path of imports) assert.match(path ?? "", allowed);
    assert.not.match(source, /subtle|crypto\b|encrypt|decrypt|\bsign|verify\(|import\(|require/);
  });
}

function startServer(...flags: string[]): Program {
  return new Program([...TSX, `${FOLDER}/server.ts`, "pong", "--port", "0", "--keys", keys.path, ...flags]);
}

function startClient(port: number, args: string[], input = ""): Program {
  const command = [...TSX, `${FOLDER}/client.ts`, "--port", String(port), "--keys", keys.path, ...args];
  return new Program(command, { input });
}

/** Runs `work` against a server, then ends it as a user would; returns how it ended. */
async function withServer(
  flags: string[],
  work: (port: number, server: Program) => Promise<void>,
): Promise<Ending> {
  const server = startServer(...flags);
  try {
    await work(await server.port(), server);
    server.child.kill("SIGINT");
    return await server.ending;
  } finally {
    await server.stop();
  }
}

test("a message, conversations over standard input, and several clients at once", async () => {
  const server = await withServer([], async (port) => {
    const clients = [
      startClient(port, ["ping"]),
      startClient(port, ["--name", "other"], "one\ntwo 🌉\n\nfour\u001b"),
      startClient(port, [], "a\n".repeat(200)),
    ];
    const [single, lines, many] = await Promise.all(clients.map(({ ending }) => ending));
    assert.equal([single?.status, lines?.status, many?.status], [0, 0, 0], single?.stderr);
    assert.is(single?.stdout, "Received message: pong\n");
    assert.is(lines?.stdout, "Received message: pong\n".repeat(4));
    assert.is(many?.stdout, "Received message: pong\n".repeat(200));
  });
  assert.is(server.status, 0, server.stderr);
  const received = server.stdout.trimEnd().split("\n").sort();
  const expected = ["ping", "one", "two 🌉", "", "four\\u{1b}", ...Array.from({ length: 200 }, () => "a")];
  assert.equal(received, expected.map((text) => `Received message: ${text}`).sort());
  for (const name of ["client", "other"]) {
    assert.match(server.stderr, `127.0.0.1:`);
    assert.ok(server.stderr.includes(` is ${keys.fingerprint(name)}\n`), server.stderr);
  }
  assert.is(server.stderr.match(/ has closed$/gm)?.length, 3);
});

test("a conversation of the longest messages", async () => {
  const text = "é".repeat(512 * 1024);
  await withServer([], async (port) => {
    const { status, stdout, stderr } = await startClient(port, ["-"], text).ending;
    assert.is(status, 0, stderr);
    assert.is(stdout, "Received message: pong\n");
    const tooLong = await startClient(port, [], `ok\n${text}x\n`).ending;
    assert.is(tooLong.status, 1);
    assert.match(
      tooLong.stderr,
      /\nerror: a line of standard input is too long: at most 1 MiB \(1048576 bytes\) are accepted\n$/,
    );
  });
});

const HOSTILE: [name: string, behave: (socket: Socket) => void, reason: RegExp][] = [
  [
    "garbage",
    (socket) => socket.write("GET / HTTP/1.1\r\n\r\n\u001b[31m"),
    /announced a frame of 1195725856 bytes/,
  ],
  [
    "half a header, and closes",
    (socket) => socket.end(new Uint8Array(2)),
    /closed the connection inside a frame/,
  ],
  [
    "half a header, and resets",
    (socket) => socket.write(new Uint8Array(2), () => socket.resetAndDestroy()),
    /reset the connection|inside a frame/,
  ],
];

test("clients that misbehave are reported, and disturb no other", async () => {
  const server = await withServer([], async (port, program) => {
    const sockets = HOSTILE.map(([, behave]) => {
      const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true }, () => behave(socket));
      return socket.on("error", () => {});
    });
    const { status, stdout, stderr } = await startClient(port, ["ping"]).ending;
    assert.is(status, 0, stderr);
    assert.is(stdout, "Received message: pong\n");
    for (const [, , reason] of HOSTILE) await program.waitFor(new RegExp(`(${reason.source})`));
    for (const socket of sockets) socket.destroy();
  });
  assert.is(server.status, 0);
  assert.is(server.stdout, "Received message: ping\n");
  for (const [name, , reason] of HOSTILE) assert.match(server.stderr, reason, name);
  assert.not.match(server.stderr, /[^\P{Cc}\n]|^ +at /mu);
});

test("a client that sends no hello is cut off after --timeout seconds", async () => {
  await withServer(["--timeout", "1"], async (port, server) => {
    const socket = connect({ port, host: "127.0.0.1" }).on("error", () => {});
    await server.waitFor(/(timed out: the handshake took longer than 1 s)/);
    socket.destroy();
  });
});

test("a client that says nothing is cut off after --idle seconds, and the server goes on", async () => {
  await withServer(["--idle", "0.5"], async (port, server) => {
    const idle = new Program([...TSX, `${FOLDER}/client.ts`, "--port", String(port), "--keys", keys.path], {
      keepOpen: true,
    });
    await server.waitFor(/(timed out: nothing from the peer for 0\.5 s)/);
    const { status, stderr } = await idle.ending;
    assert.is(status, 1, stderr);
    assert.is((await startClient(port, ["ping"]).ending).stdout, "Received message: pong\n");
  });
});

test("the client pins the server by host and port, and refuses another key there, loudly", async () => {
  const folder = await makeKeyFolder({ server: "rsa-2048-a", impostor: "rsa-2048-c", client: "rsa-2048-b" });
  const run = async (port: string, name: string) => {
    const server = new Program([
      ...TSX,
      `${FOLDER}/server.ts`,
      "pong",
      "--port",
      port,
      "--keys",
      folder.path,
      "--name",
      name,
    ]);
    try {
      const itsPort = String(await server.port());
      const client = [...TSX, `${FOLDER}/client.ts`, "ping", "--port", itsPort, "--keys", folder.path];
      return { port: itsPort, client: await new Program(client).ending };
    } finally {
      await server.stop();
    }
  };
  try {
    const first = await run("0", "server");
    assert.is(first.client.status, 0, first.client.stderr);
    const second = await run(first.port, "impostor");
    assert.is(second.client.status, 1);
    assert.is(second.client.stdout, "");
    assert.ok(second.client.stderr.includes(folder.fingerprint("server")), second.client.stderr);
    assert.ok(second.client.stderr.includes(folder.fingerprint("impostor")), second.client.stderr);
    assert.is((await run(first.port, "server")).client.status, 0);
  } finally {
    await folder.remove();
  }
});

test("--trace tells each step on standard error, and neither text nor key", async () => {
  const server = await withServer(["--trace"], async (port) => {
    const { stderr } = await startClient(port, ["the client's secret", "--trace"]).ending;
    assert.match(stderr, /^\[ *[\d.]+ ms\] sent my hello, with a fresh Diffie-Hellman key$/m);
    assert.ok(stderr.includes(`ms] the server proved to be ${keys.fingerprint("server")}\n`), stderr);
    assert.match(stderr, /ms\] received 4 bytes$/m);
    assert.not.match(stderr, /secret|pong/);
  });
  assert.ok(
    server.stderr.includes(`ms] the client proved to be ${keys.fingerprint("client")}\n`),
    server.stderr,
  );
  assert.match(server.stderr, /ms\] received 19 bytes$/m);
  assert.not.match(server.stderr.replace(/SHA256:\S{43}/g, ""), /secret|pong|[A-Za-z0-9+/_=-]{30}/);
});

test("--fingerprint demands a peer, on either side", async () => {
  const stranger = `SHA256:${"A".repeat(43)}`;
  await withServer([], async (port) => {
    const { status, stdout, stderr } = await startClient(port, ["ping", "--fingerprint", stranger]).ending;
    assert.is(status, 1);
    assert.is(stdout, "");
    assert.ok(stderr.includes(stranger) && stderr.includes(keys.fingerprint("server")), stderr);
    assert.is(
      (await startClient(port, ["ping", "--fingerprint", keys.fingerprint("server")]).ending).status,
      0,
    );
  });
  await withServer(["--fingerprint", keys.fingerprint("other")], async (port) => {
    const refused = await startClient(port, ["ping"]).ending;
    assert.is(refused.status, 1);
    assert.match(
      refused.stderr,
      /\nerror: the server refuses us: this server accepts another client only\n$/,
    );
    assert.is(
      (await startClient(port, ["ping", "--name", "other"]).ending).stdout,
      "Received message: pong\n",
    );
  });
});

test("a server that ends in the middle of a conversation is an error for its client", async () => {
  const server = startServer();
  const port = await server.port();
  const client = new Program([...TSX, `${FOLDER}/client.ts`, "--port", String(port), "--keys", keys.path], {
    keepOpen: true,
  });
  client.child.stdin?.write("one\n");
  await client.waitForOutput(/Received message: (pong)/);
  await server.stop();
  client.child.stdin?.end("two\n");
  const { status, stderr } = await client.ending;
  assert.is(status, 1);
  assert.match(stderr, /\nerror: [^\n]+\n$/);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`${signal} ends the server cleanly, even with a client in the middle of a conversation`, async () => {
    const server = startServer();
    const client = new Program(
      [...TSX, `${FOLDER}/client.ts`, "--port", String(await server.port()), "--keys", keys.path],
      { keepOpen: true },
    );
    client.child.stdin?.write("one\n");
    await client.waitForOutput(/Received message: (pong)/);
    server.child.kill(signal);
    assert.is((await server.ending).status, 0);
    const { status, stderr } = await client.ending;
    assert.is(status, 1);
    assert.match(stderr, /\nerror: the peer has closed the channel\n$/);
  });
}

test.run();
