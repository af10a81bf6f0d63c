/** Exercise 05's server as a process: what one address, and one user, cannot take from others. */
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { formatUsers } from "../../exercises/05-ftp/ftp/server/user-list.ts";
import { STRANGERS_LIMIT } from "../../lib/async/allowance.ts";
import { hashPassword } from "../../lib/passwords/password.ts";
import { findFreePorts } from "../support/free-ports.ts";
import { PASSWORDS, RawClient } from "../support/ftp-server.ts";
import { type KeyFolder, makeKeyFolder } from "../support/key-folder.ts";
import { Program, TSX } from "../support/launch.ts";

/** A user whose home cannot be used; so long that a few lines about it exceed the limit. */
const CAROL = { name: "carol", password: "carol's password", home: `/users.csv${"/x".repeat(1500)}` };

let keys: KeyFolder;
let folder: string;
const file = (name: string) => join(folder, name);

test.before(async () => {
  keys = await makeKeyFolder({ server: "rsa-3072" });
  folder = await mkdtemp(join(tmpdir(), "sml-ftp-"));
  const homes = Object.entries(PASSWORDS).map(([name, password]) => ({ name, password, home: `/${name}` }));
  const users = [...homes, CAROL].map(async ({ name, password, home }) => ({
    ...{ name, home, quota: undefined, readOnly: name === "bob", admin: false },
    password: await hashPassword(password, 1000),
  }));
  await writeFile(file("users.csv"), formatUsers(await Promise.all(users)), { mode: 0o600 });
});
test.after(async () => {
  await keys.remove();
  await rm(folder, { recursive: true, force: true });
});

/** Runs `work` against a server that allows plaintext; returns its log and standard error. */
async function withServer(
  flags: string[],
  work: (port: number) => Promise<void>,
): Promise<{ events: Record<string, string>[]; stderr: string }> {
  const first = await findFreePorts(4);
  const log = file(`log-${first}`);
  const server = new Program([
    ...[...TSX, "exercises/05-ftp/server.ts", "--port", "0", "--passive", `${first}-${first + 3}`],
    ...["--keys", keys.path, "--root", folder, "--users", file("users.csv"), "--log", log],
    ...["--allow-plaintext", ...flags],
  ]);
  try {
    await work(await server.port());
    server.child.kill("SIGINT");
    const ending = await server.ending;
    assert.is(ending.status, 0, ending.stderr);
    const lines = (await readFile(log, "utf8")).trimEnd().split("\n");
    return { events: lines.map((line) => JSON.parse(line)), stderr: ending.stderr };
  } finally {
    await server.stop();
  }
}

async function login(port: number, name = "alice"): Promise<RawClient> {
  const client = await RawClient.connect(port);
  await client.login(name);
  return client;
}

/** Connects from another address of this machine, and sends `text`. */
async function stranger(port: number, text: string): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port, localAddress: "127.0.0.2" });
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.write(text);
  return socket;
}

test("silent connections do not keep out others behind their address", async () => {
  await withServer(["--sessions-per-address", "4"], async (port) => {
    const silent = await Promise.all(Array.from({ length: 12 }, () => RawClient.connect(port)));
    const client = await login(port);
    for (const each of [...silent, client]) each.close();
  });
});

test("guesses of one address take turns, and do not delay the right password from another", async () => {
  const { events } = await withServer([], async (port) => {
    const guess = "USER alice\r\nPASS wrong\r\n".repeat(3);
    const sockets = await Promise.all(Array.from({ length: 20 }, () => stranger(port, guess)));
    for (let count = 0; count < 5; count += 1) (await login(port)).close();
    for (const socket of sockets) socket.destroy();
  });
  assert.is(events.filter(({ event }) => event === "login").length, 5);
  const refused = events.filter(({ event }) => event === "login refused").length;
  const [first, last] = [events[0]?.["time"] ?? "", events.at(-1)?.["time"] ?? ""];
  const seconds = (Date.parse(last) - Date.parse(first)) / 1000;
  // the delay doubles from 1 s to 16 s
  assert.ok(refused <= 1 + Math.log2(1 + seconds) + seconds / 16, `${refused} in ${seconds} s`);
});

test("one user in many sessions leaves a passive port to another", async () => {
  await withServer([], async (port) => {
    const greedy: RawClient[] = [];
    for (let count = 0; count < 8; count += 1) {
      const client = await login(port, "bob");
      client.send("EPSV\r\n");
      greedy.push(client);
    }
    const client = await login(port);
    assert.match(await client.command("EPSV"), /^229 /);
    for (const each of [...greedy, client]) each.close();
  });
});

test("events that strangers cause are limited in the log, and summed up", async () => {
  const count = 2000;
  const { events } = await withServer([], async (port) => {
    const socket = await stranger(port, `CLNT ${"x".repeat(1000)}\r\n`.repeat(count));
    let replies = "";
    socket.setEncoding("utf8").on("data", (text: string) => {
      replies += text;
    });
    while (replies.split("200 Noted.").length <= count) await once(socket, "data");
    socket.destroy();
  });
  const clients = events.filter(({ event }) => event === "client");
  assert.ok(clients.length < 100, `${clients.length} lines`);
  const more = clients.flatMap(({ outcome = "" }) => /^and ([\d,]+) more$/.exec(outcome)?.[1] ?? []);
  const counted = more.reduce((sum, each) => sum + Number(each.replaceAll(",", "")), 0);
  assert.is(counted + clients.length - more.length, count);
});

test("errors that a user causes are limited on standard error, and summed up", async () => {
  const count = 30;
  const { stderr } = await withServer([], async (port) => {
    const client = await RawClient.connect(port);
    for (let attempt = 0; attempt < count; attempt += 1) {
      await client.command("USER carol");
      assert.match(await client.command(`PASS ${CAROL.password}`), /^451 /);
    }
    client.close();
  });
  const lines = stderr.trimEnd().split("\n").slice(2);
  const about = lines.filter((line) => line.includes("the home /users.csv/"));
  assert.ok(about.join("").length < STRANGERS_LIMIT + CAROL.home.length + 200, `${about.length} lines`);
  assert.equal(lines.slice(about.length), [
    `and ${count - about.length} more lines about errors in sessions`,
  ]);
});

test.run();
