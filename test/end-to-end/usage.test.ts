/**
 * Mistakes on the command line of real scripts, one of each part;
 * test/unit/cli/command-line.test.ts tries all others.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Ending, Program, TSX } from "../support/launch.ts";

async function run(
  script: string,
  args: string[],
  options: { input?: string; env?: Record<string, string> } = {},
): Promise<Ending> {
  return new Program([...TSX, script, ...args], options).ending;
}

function assertUsageError(ending: Ending, message: string): void {
  assert.is(ending.stderr, `error: ${message}\n`);
  assert.is(ending.stdout, "");
  assert.is(ending.status, 2);
}

for (const [script, limit, stated] of [
  ["part1/server.ts", 16 * 1024, "16 KiB (16384 bytes of UTF-8)"],
  ["part2/client.ts", 1024 * 1024, "1 MiB (1048576 bytes of UTF-8)"],
] as const) {
  test(`${script} without a message is a usage error`, async () => {
    assertUsageError(await run(script, []), "no message given; see --help");
  });

  test(`${script} states its limit when the message is over it`, async () => {
    const message = `the message is too long: at most ${stated} are accepted`;
    assertUsageError(await run(script, ["-"], { input: "x".repeat(limit + 1) }), message);
  });
}

for (const script of [
  "part1/server.ts",
  "part2/client.ts",
  "exercises/01-persisted-keys/client.ts",
  "exercises/03-allow-list/server.ts",
  "exercises/03-allow-list/allow.ts",
  "exercises/04-port-switching/server.ts",
  "exercises/05-ftp/server.ts",
  "exercises/05-ftp/users.ts",
  "exercises/06-login/server.ts",
  "exercises/06-login/users.ts",
  "exercises/07-chat/scan-ports.ts",
  "exercises/07-chat/server.ts",
  "test/grade.ts",
  "test/run.ts",
]) {
  test(`${script} says in one line that Node is too old`, async () => {
    const ending = await run("test/support/old-node.ts", ["18.20.4", script]);
    assert.is(ending.stderr, "error: Node 20.12 or later is needed, this is 18.20.4\n");
    assert.is(ending.stdout, "");
    assert.is(ending.status, 1);
  });
}

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
