/**
 * Exercise 04, with real processes: conversations on ports of their own, strangers there, and a
 * pool that runs dry.
 */
import { once } from "node:events";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { deriveTicketKey, receiveOffer } from "../../exercises/04-port-switching/ticket.ts";
import { concat, encodeUtf8, toHex } from "../../lib/bytes/bytes.ts";
import { decodeFields } from "../../lib/bytes/fields.ts";
import { connectChannel } from "../../lib/channel/channel-client.ts";
import { isBusy } from "../../lib/channel/refusal.ts";
import { randomBytes } from "../../lib/crypto/webcrypto.ts";
import { findText } from "../support/find-text.ts";
import { findFreePorts, hold, release } from "../support/free-ports.ts";
import { type KeyFolder, makeKeyFolder } from "../support/key-folder.ts";
import { loadKeys } from "../support/keys.ts";
import { type Ending, Program, TSX } from "../support/launch.ts";
import { rejects } from "../support/rejects.ts";
import { claim, stranger } from "../support/switchboard.ts";
import { wiretap } from "../support/wiretap.ts";

const FOLDER = "exercises/04-port-switching";
const HOST = "127.0.0.1";
const ANSWER = "Received message: pong\n";

let keys: KeyFolder;
test.before(async () => {
  keys = await makeKeyFolder({ server: "rsa-2048-a", client: "rsa-2048-b", other: "rsa-2048-c" });
});
test.after(() => keys.remove());

interface Scene {
  server: Program;
  port: number;
  /** The ports of the pool. */
  pool: number[];
}

/**
 * Runs `work` against a server with `count` ports, then ends it as a user would; returns how it
 * ended.
 */
async function withServer(
  count: number,
  flags: string[],
  work: (scene: Scene) => Promise<void>,
): Promise<Ending> {
  const first = await findFreePorts(count);
  const pool = Array.from({ length: count }, (_, index) => first + index);
  const range = `${first}-${first + count - 1}`;
  const server = startServer("--port", "0", "--keys", keys.path, "--pool", range, ...flags);
  try {
    await work({ server, port: await server.port(), pool });
    server.child.kill("SIGTERM");
    const ending = await server.ending;
    assert.is(ending.status, 0, ending.stderr);
    assert.not.match(ending.stderr, /[^\P{Cc}\n]|^ +at /mu, "a control character or a stack was printed");
    return ending;
  } finally {
    await server.stop();
  }
}

function startServer(...flags: string[]): Program {
  return new Program([...TSX, `${FOLDER}/server.ts`, "pong", ...flags]);
}

function startClient(port: number, args: string[], options?: { input: string; keepOpen: boolean }): Program {
  const command = [...TSX, `${FOLDER}/client.ts`, "--port", String(port), "--keys", keys.path, ...args];
  return new Program(command, options);
}

/** Goes to the main port as `other`, within this process; returns what leads on. */
async function meet(port: number) {
  const identity = await loadKeys("rsa-2048-c");
  const channel = await connectChannel({ host: HOST, port }, { identity });
  const offer = await receiveOffer(channel, 5);
  const key = deriveTicketKey(channel, offer.ticket);
  await channel.close();
  return { ...offer, key };
}

/** Waits until `attempt` finds that the server is not busy. */
async function patiently<T>(attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!isBusy(error)) throw error;
    }
  }
}

test("clients at once on ports of their own, a port that is held, a pool that is empty, and one who waits", async () => {
  const clients: Program[] = [];
  try {
    const ending = await withServer(4, [], async ({ server, port, pool: [first = 0, ...rest] }) => {
      const other = await hold(first);
      for (const text of ["one", "two 🌉", "three\u001b[31m"]) {
        const args = text === "one" ? ["--name", "other"] : [];
        clients.push(startClient(port, args, { input: `${text}\n`, keepOpen: true }));
      }
      await Promise.all(clients.map((client) => client.waitForOutput(/(pong)/)));
      const given = [...server.stderr.matchAll(/gets port (\d+)$/gm)].map(([, each]) => Number(each));
      assert.equal(
        given.sort((a, b) => a - b),
        rest,
      );
      assert.ok(server.stderr.includes(`\nport ${first} is passed over for now: another program holds it\n`));

      const turnedAway = await startClient(port, ["hello"]).ending;
      assert.is(turnedAway.status, 1);
      assert.is(turnedAway.stdout, "");
      assert.match(turnedAway.stderr, /\nerror: the server refuses us: busy, try again in 5 seconds\n$/);

      const patient = startClient(port, ["--wait", "at last"]);
      clients.push(patient);
      await patient.waitFor(/^(The server is busy: trying again every 5 s, until Ctrl-C)$/m);
      const [leaving, staying] = clients;
      leaving?.child.stdin?.end("and more\n");
      const left = await leaving?.ending;
      assert.is(left?.status, 0, left?.stderr);
      assert.is(left?.stdout, ANSWER.repeat(2));
      const waited = await patient.ending;
      assert.is(waited.status, 0, waited.stderr);
      assert.is(waited.stdout, ANSWER);
      assert.is(waited.stderr.match(/busy/g)?.length, 1);
      assert.is(staying?.child.exitCode, null);
      await release(other);
    });
    // a client that was still connected when the server ended notices when it goes on
    for (const client of clients.slice(1, 3)) {
      client.child.stdin?.end("hello?\n");
      const { status, stdout, stderr } = await client.ending;
      assert.is(status, 1);
      assert.is(stdout, ANSWER);
      assert.match(
        stderr,
        /\nerror: (the server closed the channel without an answer|the peer broke .*|the connection is closed|the peer has closed the channel)\n$/,
      );
    }
    const received = ending.stdout.trimEnd().split("\n").sort();
    const texts = ["one", "two 🌉", "three\\u{1b}[31m", "and more", "at last"];
    assert.equal(received, texts.map((text) => `Received message: ${text}`).sort());
    const on = String.raw`127\.0\.0\.1:\d+ on port \d+`;
    assert.match(ending.stderr, new RegExp(`^${on} is ${quote(keys.fingerprint("other"))}$`, "m"));
    assert.match(ending.stderr, new RegExp(`^${on} has closed$`, "m"));
    assert.match(ending.stderr, /^127\.0\.0\.1:\d+: refused the client: busy, try again in 5 seconds$/m);
  } finally {
    await Promise.all(clients.map((client) => client.stop()));
  }
});

function quote(text: string): string {
  return text.replaceAll(/[+/]/g, "[+/]");
}

test("strangers on the pool's port, a ticket stolen, used twice, and not used at all", async () => {
  const { stdout, stderr } = await withServer(1, ["--claim", "3"], async ({ server, port, pool }) => {
    const [own = 0] = pool;
    const offer = await meet(port);
    assert.is(offer.port, own);
    const silent = await stranger(own);
    const dropped = once(silent.resume(), "close");
    const garbage = await stranger(own);
    garbage.resume().end("GET / HTTP/1.1\r\nHost: \u001b[31mred\r\n\r\n");
    await once(garbage, "close");
    const reset = await stranger(own);
    reset.resetAndDestroy();
    const stolen = { id: offer.ticket, key: randomBytes(32) };
    await rejects(
      connectChannel({ host: HOST, port: own }, { preSharedKey: stolen }),
      /^the peer is refused/,
    );

    const channel = await claim(offer);
    await dropped;
    await rejects(claim(offer), /^nothing listens on/);
    await channel.send(encodeUtf8("it is me"));
    assert.equal(await channel.receive(), encodeUtf8("pong"));
    await channel.close();

    const unused = await patiently(() => meet(port));
    await server.waitFor(new RegExp(`(: it has not come to port ${own} within 3 s)$`, "m"));
    await rejects(claim(unused), /^nothing listens on|^the peer is refused/);
    const client = await startClient(port, ["after", "all"]).ending;
    assert.is(client.status, 0, client.stderr);
    assert.is(client.stdout, ANSWER);
  });
  assert.is(stdout, "Received message: it is me\nReceived message: after all\n");
  assert.match(
    stderr,
    /on port \d+: the peer announced a frame of 1195725856 bytes, at most 8192 are accepted$/m,
  );
  assert.match(stderr, /on port \d+: dropped: the owner of the ticket has come$/m);
});

test("an eavesdropper sees neither texts nor port nor key, and a client that demands another server stops", async () => {
  await withServer(1, ["--fingerprint", keys.fingerprint("client")], async ({ port, pool: [own = 0] }) => {
    // the same ports on another address of this machine: on the way
    const main = await wiretap(port, { at: { host: "127.0.0.2", port } });
    const second = await wiretap(own, { at: { host: "127.0.0.2", port: own } });
    const texts = ["meet me at the bridge", "and bring the map"];
    const args = ["--host", "127.0.0.2"];
    const client = await startClient(port, args, { input: `${texts.join("\n")}\n`, keepOpen: false }).ending;
    assert.is(client.status, 0, client.stderr);
    assert.is(client.stdout, ANSWER.repeat(2));
    assert.match(
      client.stderr,
      `First contact with 127.0.0.2:${port}: its key ${keys.fingerprint("server")}`,
    );

    const onMain = [main.captured("client to server"), main.captured("server to client")];
    const onSecond = [second.captured("client to server"), second.captured("server to client")];
    for (const bytes of [...onMain, ...onSecond])
      for (const text of [...texts, "pong", String(own)]) assert.equal(findText(bytes, text), [], text);
    const [hello = new Uint8Array()] = onSecond;
    // the hello names the ticket in plaintext; on the main port it went under the keys, and so did
    // the port
    const [, mode, , ticket] = decodeFields(hello.subarray(4, 4 + hello.subarray(0, 4).reduce(join)), 6);
    assert.equal(mode, new Uint8Array([2]));
    assert.is(ticket?.length, 16);
    const portField = `00000002${own.toString(16).padStart(4, "0")}`;
    const everything = toHex(concat(onMain));
    assert.ok(everything.length > 2000);
    assert.not.ok(everything.includes(portField));
    assert.not.ok(everything.includes(toHex(ticket ?? new Uint8Array(1))));
    main.close();
    second.close();

    const demanding = await startClient(port, ["--fingerprint", keys.fingerprint("other"), "hello"]).ending;
    assert.is(demanding.status, 1);
    assert.match(
      demanding.stderr,
      /\nerror: the server is refused: its key is SHA256:\S+, expected SHA256:\S+\n$/,
    );
    await rejects(meet(port), "the server refuses us: this server accepts another client only");
  });
});

/** The number that big-endian bytes spell. */
function join(number: number, byte: number): number {
  return number * 256 + byte;
}

test("a pool that makes no sense is a usage error, before any socket is opened", async () => {
  const [backwards, overlapping] = await Promise.all([
    startServer("--pool", "10109-10100").ending,
    startServer("--port", "10105", "--pool", "10100-10109").ending,
  ]);
  assert.is(
    backwards.stderr,
    'error: --pool "10109-10100": expected FIRST-LAST, such as 10100-10109, from 1 to 65535, at most 1000 ports\n',
  );
  assert.is(overlapping.stderr, 'error: --pool "10100-10109": expected ports other than --port 10105\n');
  assert.equal([backwards.status, overlapping.status], [2, 2]);
});

test.run();
