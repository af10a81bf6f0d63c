/** Exercise 07: the port scanner, as a user runs it. */
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { findFreePorts, hold, release } from "../support/free-ports.ts";
import { hasIpv6 } from "../support/has-ipv6.ts";
import { type Ending, Program, TSX } from "../support/launch.ts";

function scan(...flags: string[]): Promise<Ending> {
  return new Program([...TSX, "exercises/07-chat/scan-ports.ts", ...flags]).ending;
}

test("scan-ports.ts prints the first open port, and with --all each of them", async () => {
  const first = await findFreePorts(4);
  const taken = await Promise.all([hold(first), hold(first + 2)]);
  try {
    const range = ["--from", String(first), "--to", String(first + 3)];
    assert.equal(await scan(...range), {
      status: 0,
      stdout: `Found open port: ${first + 1}\n`,
      stderr: "",
    });
    const all = await scan(...range, "--all");
    assert.is(all.stdout, `Found open port: ${first + 1}\nFound open port: ${first + 3}\n`);
  } finally {
    await Promise.all(taken.map(release));
  }
});

test("scan-ports.ts ends with status 1 when no port is open", async () => {
  const first = await findFreePorts(1);
  const taken = await hold(first);
  try {
    const { status, stdout, stderr } = await scan("--from", String(first), "--to", String(first));
    assert.is(
      stderr,
      `error: no port from ${first} to ${first} is open on this machine; try another range\n`,
    );
    assert.is(stdout, "");
    assert.is(status, 1);
  } finally {
    await release(taken);
  }
});

test("scan-ports.ts leaves each port that it has found open", async () => {
  const first = await findFreePorts(3);
  assert.is((await scan("--all", "--from", String(first), "--to", String(first + 2))).status, 0);
  const servers = await Promise.all([hold(first), hold(first + 1), hold(first + 2)]);
  await Promise.all(servers.map(release));
});

for (const [flags, status, message] of [
  [["--host", "192.0.2.1"], 1, "192.0.2.1 is not an address of this machine; choose another --host"],
  [["--host", "unknown.invalid"], 1, "no address is known for the host unknown.invalid; check --host"],
  [["--from", "6000", "--to", "5000"], 2, "the range is reversed: --from 6000 is above --to 5000"],
  [["--from", "0"], 2, '--from "0": expected a number from 1 to 65535'],
  [["--to", "65536"], 2, '--to "65536": expected a number from 1 to 65535'],
  [["--to", "x"], 2, '--to "x": expected a number from 1 to 65535'],
  [["--host="], 2, "--host is empty"],
  [["5000"], 2, '"5000" is no flag; see --help'],
] as const) {
  test(`scan-ports.ts ${flags.join(" ")}: one clear line, and status ${status}`, async () => {
    assert.equal(await scan(...flags), { status, stdout: "", stderr: `error: ${message}\n` });
  });
}

if (await hasIpv6()) {
  test("scan-ports.ts --host '[::1]' looks at that address only", async () => {
    const server = createServer().listen(0, "::1");
    await once(server, "listening");
    const bound = server.address();
    const port = typeof bound === "object" && bound ? bound.port : 0;
    const range = ["--from", String(port), "--to", String(port)];
    assert.is((await scan("--host", "[::1]", ...range)).status, 1);
    assert.is((await scan(...range)).status, 0);
    await release(server);
  });
}

test.run();
