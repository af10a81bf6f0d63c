import { test } from "uvu";
import * as assert from "uvu/assert";
import { printable } from "../../lib/bytes/printable.ts";
import { type Ending, Program, TSX, TSX_WITH_STOCK_KEY } from "../support/launch.ts";
import { runPair } from "../support/pair.ts";

const KEY = /^My key: {5}(SHA256:\S{43})$/m;
const PEER_KEY = /^Peer's key: (SHA256:\S{43})$/m;
const OTHER_FINGERPRINT = `SHA256:${"A".repeat(43)}`;

function assertReceived({ stdout, stderr, status }: Ending, text: string): void {
  assert.is(status, 0, stderr);
  assert.is(stdout, `Received message: ${printable(text)}\n`);
}

// NUL, line breaks, ESC, a forged line, emoji, a bidirectional override, a line separator, a byte
// order mark
const HOSTILE_TEXT =
  "a\0b\r\nReceived message: forged\n\u001b[2J\u001b]0;title\u0007 👨‍👩‍👧 🌉 שלום \u202edrow \u2028 \ufeffx\\n";

for (const [part, clientText, serverText] of [
  ["part1", HOSTILE_TEXT, ""],
  ["part2", "", HOSTILE_TEXT],
] as const) {
  test(`${part} carries an empty message and a hostile one, and prints each as one harmless line`, async () => {
    const { client, server } = await runPair(part, { clientText, serverText });
    assertReceived(server, clientText);
    assertReceived(client, serverText);
    assert.not.match(client.stdout + server.stdout, /[^\P{Cc}\n]|[\u202a-\u202e\u2066-\u2069\u2028\u2029]/u);
  });
}

test("part1 carries its longest message, 16 KiB, both ways", async () => {
  const [clientText, serverText] = ["é".repeat(8 * 1024), "x".repeat(16 * 1024)];
  const { client, server } = await runPair("part1", { clientText, serverText });
  assertReceived(server, clientText);
  assertReceived(client, serverText);
});

test("part2 carries its longest message, 1 MiB, both ways", async () => {
  const [clientText, serverText] = ["🌉".repeat(256 * 1024), "x".repeat(1024 * 1024)];
  const { client, server } = await runPair("part2", { clientText, serverText });
  assertReceived(server, clientText);
  assertReceived(client, serverText);
});

for (const [part, clientProvider, serverProvider] of [
  ["part1", "peculiar", "native"],
  ["part2", "native", "peculiar"],
] as const) {
  test(`${part} works with a ${clientProvider} client and a ${serverProvider} server`, async () => {
    const { client, server } = await runPair(part, {
      clientEnv: { WEBCRYPTO: clientProvider },
      serverEnv: { WEBCRYPTO: serverProvider },
    });
    assertReceived(server, "ping");
    assertReceived(client, "pong");
  });
}

test("words are joined with one space, and -- ends the flags", async () => {
  const server = new Program([
    ...TSX_WITH_STOCK_KEY,
    "part2/server.ts",
    "it",
    "is",
    "--port",
    "0",
    "--",
    "-5  degrees",
    "--port",
  ]);
  const port = String(await server.port());
  const client = new Program([...TSX_WITH_STOCK_KEY, "part2/client.ts", "how", "cold?", "--port", port]);
  assertReceived(await client.ending, "it is -5  degrees --port");
  assertReceived(await server.ending, "how cold?");
});

test("both sides make keys of their own, and print both fingerprints on standard error", async () => {
  const { client, server } = await runPair("part1", { runtime: TSX });
  assertReceived(server, "ping");
  assertReceived(client, "pong");
  assert.is(KEY.exec(client.stderr)?.[1], PEER_KEY.exec(server.stderr)?.[1]);
  assert.is(KEY.exec(server.stderr)?.[1], PEER_KEY.exec(client.stderr)?.[1]);
  assert.not.equal(KEY.exec(client.stderr)?.[1], KEY.exec(server.stderr)?.[1]);
});

test("--fingerprint lets the client talk to the server that it names", async () => {
  const server = new Program([...TSX_WITH_STOCK_KEY, "part2/server.ts", "pong", "--port", "0"]);
  const port = String(await server.port());
  const fingerprint = await server.waitFor(KEY);
  const client = new Program([
    ...TSX_WITH_STOCK_KEY,
    "part2/client.ts",
    "ping",
    "--port",
    port,
    "--fingerprint",
    fingerprint,
  ]);
  assertReceived(await client.ending, "pong");
  assertReceived(await server.ending, "ping");
});

test("part1: --fingerprint makes the client refuse every other server", async () => {
  const { client, server } = await runPair("part1", { clientFlags: ["--fingerprint", OTHER_FINGERPRINT] });
  assert.is(client.status, 1);
  assert.match(
    client.stderr,
    new RegExp(`error: the peer is refused: its key is SHA256:\\S{43}, expected ${OTHER_FINGERPRINT}\n$`),
  );
  assert.is(server.status, 1);
  assert.is(server.stdout + client.stdout, "");
});

test("part2: --fingerprint makes the server refuse every other client", async () => {
  const { client, server } = await runPair("part2", { serverFlags: ["--fingerprint", OTHER_FINGERPRINT] });
  assert.is(server.status, 1);
  assert.match(
    server.stderr,
    /error: the peer is refused: its key is SHA256:\S{43}, expected SHA256:A{43}\n$/,
  );
  assert.is(client.status, 1);
  assert.is(server.stdout + client.stdout, "");
});

for (const part of ["part1", "part2"]) {
  test(`${part}: --trace tells each step on standard error, and neither text nor key`, async () => {
    const { client, server } = await runPair(part, {
      clientText: "the client's secret",
      serverText: "the server's secret",
      clientFlags: ["--trace"],
      serverFlags: ["--trace"],
    });
    for (const { stderr } of [client, server]) {
      assert.ok((stderr.match(/^\[ *\d+\.\d ms\] \S.*$/gm) ?? []).length >= 8, stderr);
      assert.not.match(stderr, /secret|PRIVATE/);
      const withoutFingerprints = stderr.replace(/SHA256:\S{43}/g, "");
      assert.not.match(withoutFingerprints, /[A-Za-z0-9+/_=-]{30}/, "something like a key is in the trace");
    }
  });
}

test("part1's client and part2's server tell each other apart", async () => {
  const server = new Program([...TSX_WITH_STOCK_KEY, "part2/server.ts", "pong", "--port", "0"]);
  const client = new Program([
    ...TSX_WITH_STOCK_KEY,
    "part1/client.ts",
    "ping",
    "--port",
    String(await server.port()),
  ]);
  const [clientEnding, serverEnding] = [await client.ending, await server.ending];
  assert.match(serverEnding.stderr, /error: the peer speaks "sml\/part1\/v1", expected "sml\/part2\/v1"\n$/);
  assert.is(serverEnding.status, 1);
  assert.is(clientEnding.status, 1);
});

test.run();
