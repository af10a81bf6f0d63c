/**
 * One honest pass of every script, as a user starts it.
 *
 * The other files here have the attacks, the limits and the other programs as peers.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { findFreePorts } from "../support/free-ports.ts";
import { type KeyFolder, makeKeyFolder } from "../support/key-folder.ts";
import { type Ending, Program, TSX } from "../support/launch.ts";
import { runPair } from "../support/pair.ts";
import { withFolder } from "../support/temporary.ts";

let keys: KeyFolder;
test.before(async () => {
  keys = await makeKeyFolder({ server: "rsa-3072", client: "rsa-2048-b" });
});
test.after(() => keys.remove());

function run(script: string, args: readonly string[], input = ""): Program {
  return new Program([...TSX, script, ...args], { input });
}

/** Asserts that the program succeeded; returns its standard output. */
function succeeds({ status, stdout, stderr }: Ending): string {
  assert.is(status, 0, stdout + stderr);
  return stdout;
}

/** Runs `work` against a server, then ends it as a user would. */
async function withServer(
  folder: string,
  args: readonly string[],
  work: (port: string) => Promise<void>,
): Promise<void> {
  const server = run(`${folder}/server.ts`, [...args, "--port", "0", "--keys", keys.path]);
  try {
    await work(String(await server.port()));
    server.child.kill("SIGINT");
    succeeds(await server.ending);
  } finally {
    await server.stop();
  }
}

/** Has the client of `folder` send "ping" to a server that answers "pong". */
async function exchange(folder: string, args: readonly string[] = []): Promise<void> {
  await withServer(folder, ["pong", ...args], async (port) => {
    const { ending } = run(`${folder}/client.ts`, ["ping", "--port", port, "--keys", keys.path]);
    assert.is(succeeds(await ending), "Received message: pong\n");
  });
}

for (const part of ["part1", "part2"]) {
  test(`${part}: server.ts and client.ts`, async () => {
    const { client, server } = await runPair(part, { runtime: TSX });
    assert.is(succeeds(server), "Received message: ping\n");
    assert.is(succeeds(client), "Received message: pong\n");
  });
}

for (const folder of ["exercises/01-persisted-keys", "exercises/02-refactor"]) {
  test(`${folder}: server.ts and client.ts`, () => exchange(folder));
}

test("exercises/03-allow-list: allow.ts, server.ts and client.ts", async () => {
  const folder = "exercises/03-allow-list";
  const list = keys.file("allowed.csv");
  const fingerprint = keys.fingerprint("client");
  succeeds(await run(`${folder}/allow.ts`, ["add", "client", fingerprint, "--allowed", list]).ending);
  await exchange(folder, ["--allowed", list]);
});

test("exercises/04-port-switching: server.ts and client.ts", async () => {
  const port = String(await findFreePorts(1));
  await exchange("exercises/04-port-switching", ["--pool", `${port}-${port}`]);
});

test("exercises/05-ftp: users.ts, server.ts and client.ts, with X-SML and with TLS", async () => {
  const folder = "exercises/05-ftp";
  await withFolder(async (home) => {
    const users = join(home, "users.csv");
    const root = join(home, "root");
    const password = join(home, "password");
    await mkdir(join(root, "alice"), { recursive: true });
    await writeFile(join(home, "poem"), "ping");
    await writeFile(password, "correct horse\n", { mode: 0o600 });
    const add = ["add", "alice", "--users", users, "--cost", "1000", "--password-file", password];
    succeeds(await run(`${folder}/users.ts`, add).ending);

    const first = await findFreePorts(4);
    const passive = `${first}-${first + 3}`;
    await withServer(folder, ["--root", root, "--users", users, "--passive", passive], async (port) => {
      const who = ["--port", port, "--keys", keys.path, "--user", "alice", "--password-file", password];
      for (const [name, flags] of [
        ["x-sml", []],
        ["tls", ["--tls"]],
      ] as const) {
        const commands = `put ${home}/poem ${name}\nget ${name} ${home}/${name}\n`;
        succeeds(await run(`${folder}/client.ts`, [...who, ...flags], commands).ending);
        assert.is(await readFile(join(root, "alice", name), "utf8"), "ping");
        assert.is(await readFile(join(home, name), "utf8"), "ping");
      }
    });
  });
});

test("exercises/07-chat: server.ts and client.ts", async () => {
  const folder = "exercises/07-chat";
  const flags = ["--keys", keys.path];
  const server = run(
    `${folder}/server.ts`,
    ["Alice", "--no-window", "--once", "--port", "0", ...flags],
    "pong\n",
  );
  try {
    const port = String(await server.port());
    const command = [...TSX, `${folder}/client.ts`, "Bob", "--no-window", "--port", port, ...flags];
    const client = new Program(command, { input: "ping\n", keepOpen: true });
    await Promise.all([client.waitForOutput(/^(Alice: pong)$/m), client.waitFor(/^(delivered: 1)$/m)]);
    client.child.stdin?.end();
    assert.is(succeeds(await client.ending), "Alice: pong\n");
    assert.is(succeeds(await server.ending), "Bob: ping\n");
  } finally {
    await server.stop();
  }
});

test("exercises/07-chat: scan-ports.ts", async () => {
  const { ending } = run("exercises/07-chat/scan-ports.ts", ["--from", "20000", "--to", "32000"]);
  assert.match(succeeds(await ending), /^Found open port: \d+\n$/);
});

test("exercises/06-login: users.ts, server.ts and client.ts", async () => {
  const folder = "exercises/06-login";
  await withFolder(async (home) => {
    const [users, journal, password] = ["users.csv", "journal.jsonl", "password"].map((name) =>
      join(home, name),
    );
    const [from, secret] = [`--users=${users}`, `--password-file=${password}`];
    await writeFile(password ?? "", "correct horse\n", { mode: 0o600 });
    succeeds(await run(`${folder}/users.ts`, ["add", "alice", from, secret, "--cost", "4096"]).ending);
    await withServer(folder, [from, `--journal=${journal}`], async (port) => {
      const who = ["--port", port, "--keys", keys.path, "--user", "alice", secret];
      assert.is(succeeds(await run(`${folder}/client.ts`, ["ping", ...who]).ending), "Confirmed: 1\n");
    });
    assert.is(JSON.parse(await readFile(journal ?? "", "utf8")).text, "ping");
  });
});

test("npm start", async () => {
  const stdout = succeeds(await run("test/demo/show.ts", []).ending);
  assert.is(stdout.match(/Received message:/g)?.length, 2);
  assert.is(stdout.match(/(?<=^ {2}".*": )not found$/gm)?.length, 2);
});

test("npm run grade", async () => {
  const stdout = succeeds(await run("test/grade.ts", ["--only", "part2/message"]).ending);
  assert.match(stdout, /part2.*message/s);
});

test.run();
