/** Exercise 07 with real processes: two people talk, whatever third parties and the network do. */

import { test } from "uvu";
import * as assert from "uvu/assert";
import { Pair } from "zeromq";
import { encodeUtf8 } from "../../lib/bytes/bytes.ts";
import { type CuttableRelay, cuttableRelay } from "../support/cuttable-relay.ts";
import { findText } from "../support/find-text.ts";
import { findFreePorts, hold, release } from "../support/free-ports.ts";
import { type KeyFolder, makeKeyFolder } from "../support/key-folder.ts";
import { Program, TSX } from "../support/launch.ts";

const FOLDER = "exercises/07-chat";

let keys: KeyFolder;
let programs: Program[] = [];
test.before.each(async () => {
  keys = await makeKeyFolder({ server: "rsa-2048-a", client: "rsa-2048-b", other: "rsa-2048-c" });
});
test.after.each(async () => {
  await Promise.all(programs.map((program) => program.stop()));
  programs = [];
  await keys.remove();
});

/** Starts a side whose standard input stays open. */
function start(script: string, person: string, ...flags: string[]): Program {
  const command = [...TSX, `${FOLDER}/${script}.ts`, person, "--no-window", "--keys", keys.path, ...flags];
  const program = new Program(command, { keepOpen: true });
  programs.push(program);
  return program;
}

function startServer(...flags: string[]): Program {
  return start("server", "Alice", "--port", "0", ...flags);
}

function startClient(port: number, ...flags: string[]): Program {
  return start("client", "Bob", "--port", String(port), ...flags);
}

function say(program: Program, text: string): void {
  program.child.stdin?.write(`${text}\n`);
}

/** Waits until `program` has printed `text` as a whole line of the peer. */
async function hears(program: Program, line: string): Promise<void> {
  while (!program.stdout.split("\n").includes(line)) await program.waitForOutput(notYet(program));
}

/** Matches standard output once it is longer than now. */
function notYet({ stdout }: Program): RegExp {
  return new RegExp(`^[^]{${stdout.length}}([^])`);
}

/** Starts both sides, and waits until they have met. */
async function meet(...flags: string[]): Promise<{ server: Program; client: Program; port: number }> {
  const server = startServer(...flags);
  const port = await server.port();
  const client = startClient(port);
  await Promise.all([server.waitFor(/^(Bob is here)/m), client.waitFor(/^(Alice is here)/m)]);
  return { server, client, port };
}

test("both sides say several texts, and each is delivered", async () => {
  const { server, client } = await meet("--once");
  for (let round = 1; round <= 3; round += 1) {
    say(client, `ping ${round}`);
    await hears(server, `Bob: ping ${round}`);
    say(server, `pong ${round} 🌉\u001b`);
    await hears(client, `Alice: pong ${round} 🌉\\u{1b}`);
  }
  const long = "é".repeat(100_000);
  say(server, long);
  await hears(client, `Alice: ${long}`);
  await client.waitFor(/^(delivered: 3)$/m);
  await server.waitFor(/^(delivered: 4)$/m);
  client.child.stdin?.end();
  const [served, ended] = [await server.ending, await client.ending];
  assert.equal([served.status, ended.status], [0, 0], served.stderr + ended.stderr);
  assert.match(served.stderr, /\nBob has left\n$/);
  assert.not.match(ended.stderr, /left|failed/);
  assert.is(served.stdout, "Bob: ping 1\nBob: ping 2\nBob: ping 3\n");
});

test("the side that leaves first may be the server; what it said arrives", async () => {
  const { server, client } = await meet();
  say(server, "last words");
  await server.waitFor(/^(delivered: 1)$/m);
  server.child.kill("SIGINT");
  const [served, ended] = [await server.ending, await client.ending];
  assert.equal([served.status, ended.status], [0, 0], served.stderr + ended.stderr);
  assert.is(ended.stdout, "Alice: last words\n");
  assert.match(ended.stderr, /\nAlice has left\n$/);
});

test("lines that are there before the peer wait for it; the server serves one client after another", async () => {
  const server = startServer();
  say(server, "I was here first.");
  const port = await server.port();
  for (const [index, name] of ["client", "other"].entries()) {
    const person = `Guest ${index}`;
    const args = [person, "--no-window", "--keys", keys.path, "--name", name, "--port", String(port)];
    const client = new Program([...TSX, `${FOLDER}/client.ts`, ...args], { input: `I am ${index}.\nBye.` });
    programs.push(client);
    const { status, stderr } = await client.ending;
    assert.is(status, 0, stderr);
    assert.match(stderr, /^delivered: 2$/m);
    await server.waitFor(new RegExp(`^(${person} has left)$`, "m"));
    say(server, "Is anyone here?");
    await server.waitFor(/^(not sent: no one is here)$/m);
  }
  assert.is(server.stdout, "Guest 0: I am 0.\nGuest 0: Bye.\nGuest 1: I am 1.\nGuest 1: Bye.\n");
});

test("a server that is started after its client still meets it", async () => {
  const port = await findFreePorts(1);
  const client = startClient(port, "--timeout", "60");
  await client.waitFor(/^(My key)/m);
  say(client, "early");
  const server = start("server", "Alice", "--port", String(port));
  await hears(server, "Bob: early");
  await client.waitFor(/^(delivered: 1)$/m);
});

test("a third gets no answer and says why, and disturbs no one; then the place is free for it", async () => {
  const { server, client, port } = await meet();
  // what the first leaves behind has to outlast the second
  for (const name of ["other", "another"]) {
    const third = await startClient(port, "--name", name, "--timeout", "8").ending;
    assert.is(third.status, 1);
    assert.match(
      third.stderr,
      /\nerror: no answer from 127\.0\.0\.1:\d+ within 8 s: the place is perhaps taken by another client; try again later\n$/,
      third.stderr + server.stderr,
    );
  }
  const patient = start("client", "Carol", "--port", String(port), "--name", "other", "--timeout", "60");
  await patient.waitFor(/^(My key)/m);
  say(client, "still here");
  await hears(server, "Bob: still here");
  client.child.stdin?.end();
  await server.waitFor(/^(Carol is here)/m);
});

test("where nothing listens, a client says so", async () => {
  const port = await findFreePorts(1);
  const { status, stderr } = await startClient(port, "--timeout", "1").ending;
  assert.is(status, 1);
  assert.match(
    stderr,
    /\nerror: no answer from \S+ within 1 s: nothing listens there, or no ZeroMQ socket; /,
  );
});

test("a silent squatter is disconnected, and a client that waits gets in", async () => {
  const server = startServer("--timeout", "4");
  const port = await server.port();
  const squatter = new Pair({ linger: 0, reconnectInterval: 60_000 });
  try {
    squatter.connect(`tcp://127.0.0.1:${port}`);
    await squatter.send("I am here, and say nothing that you know.");
    startClient(port, "--timeout", "60");
    await server.waitFor(/^(disconnected a client that did not authenticate within 4 s)$/m);
    await server.waitFor(/^(Bob is here)/m);
  } finally {
    squatter.close();
  }
});

test("garbage and messages that are too long end no server", async () => {
  const server = startServer("--timeout", "4");
  const port = await server.port();
  for (const frames of [["x".repeat(300_000)], ["two", "frames"], [`${"i".repeat(16)}\0\0\0\0\0a hello?`]]) {
    const stranger = new Pair({ linger: 0, reconnectInterval: 60_000, immediate: true });
    stranger.connect(`tcp://127.0.0.1:${port}`);
    await stranger.send(frames);
    stranger.close();
  }
  startClient(port, "--timeout", "60");
  await server.waitFor(/^(Bob is here)/m);
  assert.not.match(server.stderr, /[^\P{Cc}\n]|^ +at /mu);
});

test("what is printed about strangers counts towards a limit", async () => {
  const server = new Program([
    ...[...TSX, "--import", "./test/support/marked-reports.ts", `${FOLDER}/server.ts`, "Alice"],
    ...["--no-window", "--port", "0", "--keys", keys.path],
  ]);
  programs.push(server);
  const stranger = new Pair({ linger: 0 });
  stranger.connect(`tcp://127.0.0.1:${await server.port()}`);
  await stranger.send(`${"i".repeat(16)}\0\0\0\0\0a hello?`);
  assert.match(await server.waitFor(/^(.*refused the client)/m), /^\[dropped clients\] /);
  stranger.close();
});

/** Has both sides meet over a relay, lets `use` at it, and closes it. */
async function overRelay(
  use: (ends: { server: Program; client: Program; relay: CuttableRelay }) => Promise<void>,
  ...flags: string[]
): Promise<void> {
  const server = startServer(...flags);
  const relay = await cuttableRelay(await server.port());
  try {
    const client = startClient(relay.port);
    await client.waitFor(/^(Alice is here)/m);
    await use({ server, client, relay });
  } finally {
    relay.close();
  }
}

test("after a cut the talk goes on, and no text is lost or repeated", async () => {
  await overRelay(async ({ server, client, relay }) => {
    const expected = { server: "", client: "" };
    for (let round = 0; round < 4; round += 1) {
      for (let text = 0; text < 20; text += 1) {
        say(client, `c${round}.${text}`);
        say(server, `s${round}.${text}`);
        expected.server += `Bob: c${round}.${text}\n`;
        expected.client += `Alice: s${round}.${text}\n`;
      }
      // in the middle of it: some have been delivered, some have not
      if (round % 2 === 0) await hears(server, `Bob: c${round}.3`);
      relay.cut();
      await client.waitFor(new RegExp(`(?:is cut[^]*){${round + 1}}()`));
      relay.mend();
      // not before: all texts may have arrived before the cut, and the next one would go unnoticed
      await client.waitFor(new RegExp(`(?:is back[^]*){${round + 1}}()`));
      await hears(server, `Bob: c${round}.19`);
      await hears(client, `Alice: s${round}.19`);
    }
    assert.is(server.stdout, expected.server);
    assert.is(client.stdout, expected.client);
    await client.waitFor(/^(delivered: 80)$/m);
    assert.not.match(client.stderr + server.stderr, /failed|has left|did not come back/);
    assert.match(client.stderr, /^Alice is back: /m);
  });
});

test("a peer that does not come back in time is lost, and what it has not received has failed", async () => {
  await overRelay(
    async ({ server, client, relay }) => {
      client.child.kill("SIGSTOP");
      relay.cut();
      say(server, "Do you hear me?");
      await server.waitFor(/^(failed: 1\nBob did not come back)$/m);
      client.child.kill("SIGCONT");
      assert.is((await server.ending).status, 1);
    },
    ...["--resume", "1", "--once"],
  );
});

test("the wire carries neither texts nor names", async () => {
  await overRelay(async ({ server, client, relay }) => {
    for (const [from, to, line] of [
      [client, server, "Bob: meet me at the bridge"],
      [server, client, "Alice: I will bring the map"],
    ] as const) {
      say(from, line.replace(/.*: /, ""));
      await hears(to, line);
    }
    const captured = relay.captured();
    assert.ok(captured.length > 1000);
    for (const text of ["meet me at the bridge", "I will bring the map", "Alice"])
      assert.equal(findText(captured, text), []);
    // the search would find them
    assert.is.not(findText(encodeUtf8("I will bring the map"), "bring the map").length, 0);
  });
});

test("another key under a known name is turned away, loudly; so is a server with another key", async () => {
  const { server, client, port } = await meet();
  client.child.stdin?.end();
  await server.waitFor(/^(Bob has left)$/m);
  const impostor = await startClient(port, "--name", "other").ending;
  assert.is(impostor.status, 1);
  assert.match(impostor.stderr, /\nerror: the peer closed the channel without a greeting; /);
  await server.waitFor(/^(THE KEY OF Bob HAS CHANGED)/m);
  await server.stop();
  const second = start("server", "Alice", "--port", String(port), "--name", "other");
  await second.port();
  const { status, stderr } = await startClient(port).ending;
  assert.is(status, 1);
  assert.match(stderr, /\nerror: THE KEY OF 127\.0\.0\.1:\d+ HAS CHANGED/);
});

test("--fingerprint demands a peer, on either side", async () => {
  const server = startServer("--fingerprint", keys.fingerprint("other"));
  const port = await server.port();
  const refused = await startClient(port).ending;
  assert.match(refused.stderr, /\nerror: the server refuses us: this server accepts another client only\n$/);
  const mistaken = await startClient(port, "--fingerprint", keys.fingerprint("client"), "--name", "other")
    .ending;
  assert.match(
    mistaken.stderr,
    /\nerror: the server is refused: its key is SHA256:\S+, expected SHA256:\S+\n$/,
  );
  startClient(port, "--fingerprint", keys.fingerprint("server"), "--name", "other");
  await server.waitFor(/^Bob is here: SHA256:\S+, (the expected key)$/m);
});

test("a text over the limit is not sent, and the talk goes on", async () => {
  const { server, client } = await meet();
  say(client, "x".repeat(5_000_000));
  await client.waitFor(/^(not sent: a text has at most 256 KiB \(262144 bytes\), this has 5000000)$/m);
  say(client, "x".repeat(262_144));
  say(client, "done");
  await hears(server, "Bob: done");
});

test("a port that is taken, and names that are none, are one line", async () => {
  const port = await findFreePorts(1);
  const holder = await hold(port);
  try {
    const { status, stderr } = await start("server", "Alice", "--port", String(port)).ending;
    assert.is(status, 1);
    assert.match(stderr, /\nerror: 127\.0\.0\.1:\d+ is in use by another program; [^\n]*\n$/);
  } finally {
    await release(holder);
  }
  for (const name of ["a:b", " ", "x".repeat(65), "\u001b[31m"]) {
    const { status, stderr } = await start("client", name).ending;
    assert.is(status, 2);
    assert.match(stderr, /^error: the name "[^\n]+: expected at most 64 bytes of visible characters/);
  }
  const { status, stderr } = await new Program([...TSX, `${FOLDER}/client.ts`]).ending;
  assert.equal([status, stderr], [2, 'error: expected your name, such as "Alice"; see --help\n']);
});

test.run();
