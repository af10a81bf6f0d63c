import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Ending, Program, TSX } from "../harness/launch.ts";

const SCRIPTS = ["part1/server.ts", "part1/client.ts", "part2/server.ts", "part2/client.ts"];
const KIB = 1024;

async function run(
  script: string,
  args: string[],
  options: { input?: string | Uint8Array; env?: Record<string, string> } = {},
): Promise<Ending> {
  return new Program([...TSX, script, ...args], options).ending;
}

function assertUsageError(ending: Ending, message: string): void {
  assert.is(ending.stderr, `error: ${message}\n`);
  assert.is(ending.stdout, "");
  assert.is(ending.status, 2);
}

for (const script of SCRIPTS) {
  test(`${script} without a message is a usage error`, async () => {
    assertUsageError(await run(script, []), "no message given; see --help");
  });

  const limit = script.startsWith("part1") ? 16 * KIB : KIB * KIB;
  test(`${script} states its limit when the message is over it`, async () => {
    const stated = `the message is too long: at most ${limit / KIB} KiB (${limit} bytes of UTF-8) are taken`;
    assertUsageError(await run(script, ["-"], { input: "x".repeat(limit + 1) }), stated);
  });
}

test("a message on the command line that is over the limit is a usage error", async () => {
  const { status, stderr } = await run("part1/client.ts", ["é".repeat(8 * KIB), "x"]);
  assert.is(status, 2);
  assert.match(
    stderr,
    /^error: the message is too long: at most 16 KiB \(16384 bytes of UTF-8\) are taken\n$/,
  );
});

test("an endless standard input is read no further than the limit", async () => {
  const shell = ["sh", "-c", `yes | ${TSX.join(" ")} part2/client.ts -`];
  const ending = await new Program(shell).ending;
  assert.is(ending.status, 2);
  assert.match(ending.stderr, /the message is too long/);
});

test("a message that is not UTF-8 is a usage error", async () => {
  const ending = await run("part1/client.ts", ["-"], { input: new Uint8Array([0xff, 0x41]) });
  assertUsageError(ending, "the message on standard input is not valid UTF-8");
});

test("an unknown flag is a usage error", async () => {
  const { status, stderr, stdout } = await run("part2/server.ts", ["hello", "--prot", "1"]);
  assert.is(status, 2);
  assert.match(stderr, /^error: Unknown option '--prot'.*; see --help\n$/);
  assert.is(stdout, "");
});

test("a flag without its value is a usage error of one line", async () => {
  const { status, stderr } = await run("part2/server.ts", ["hello", "--port", "--trace"]);
  assert.is(status, 2);
  assert.match(stderr, /^error: Option '--port' argument is ambiguous\.[^\n]*\n$/);
});

test("a value that a flag does not take is a usage error", async () => {
  const ending = await run("part1/client.ts", ["hello", "--port", "65536"]);
  assertUsageError(ending, '--port "65536": expected a number from 1 to 65535');
});

test("WEBCRYPTO must name a provider", async () => {
  const ending = await run("part2/client.ts", ["hello"], { env: { WEBCRYPTO: "openssl" } });
  assertUsageError(ending, "the environment variable WEBCRYPTO must be native or peculiar");
});

test("--help tells the limit, the flags and their defaults, and ends with 0", async () => {
  const { status, stdout, stderr } = await run("part1/server.ts", ["--help"]);
  assert.is(status, 0);
  assert.is(stderr, "");
  for (const word of ["16 KiB", "--host", "(127.0.0.1)", "--port", "(10001)", "--timeout", "(10)"]) {
    assert.ok(stdout.includes(word), `--help does not mention ${word}`);
  }
  for (const flag of ["--fingerprint", "--trace", "--help"]) assert.ok(stdout.includes(flag));
});

test.run();
