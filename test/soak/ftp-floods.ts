/**
 * Soak: floods against exercise 05's server, while honest clients log in
 *
 * Run: npm run test:soak -- ftp-floods
 *
 * Silent connections from the honest clients' own address, bare connections from many addresses,
 * guesses, a user who takes passive ports, and events for the log. Prints figures; exits with 1 if
 * they are wrong.
 */
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";
import { formatUsers } from "../../exercises/05-ftp/ftp/server/user-list.ts";
import { hashPassword } from "../../lib/passwords/password.ts";
import { findFreePorts } from "../support/free-ports.ts";
import { PASSWORDS, RawClient } from "../support/ftp-server.ts";
import { makeKeyFolder } from "../support/key-folder.ts";
import { Program, TSX } from "../support/launch.ts";

const HOST = "127.0.0.1";
/** Seconds in which an honest client must log in, and the share that must. */
const LIMIT = 5;
const SHARE = 0.9;
const HONEST = 13;
const SESSIONS = 60;
const RATE = 400;
const ADDRESSES = 100;
const PORTS = 30;
const MIB = 1024 * 1024;
/** Cheaper than in use, so that the figures are of the flood and not of the machine. */
const COST = 20_000;

let failed = false;
const folder = await mkdtemp(join(tmpdir(), "sml-soak-"));
const keys = await makeKeyFolder({ server: "rsa-2048-a" });
const users = Object.entries(PASSWORDS).map(async ([name, password]) => ({
  ...{ name, home: `/${name}`, quota: undefined, readOnly: name === "bob", admin: false },
  password: await hashPassword(password, COST),
}));
await writeFile(join(folder, "users.csv"), formatUsers(await Promise.all(users)), { mode: 0o600 });
const log = join(folder, "log");
const first = await findFreePorts(PORTS);
const server = new Program([
  ...[...TSX, "exercises/05-ftp/server.ts", "--port", "0", "--passive", `${first}-${first + PORTS - 1}`],
  ...["--keys", keys.path, "--root", folder, "--users", join(folder, "users.csv"), "--log", log],
  "--allow-plaintext",
]);
const sockets = new Set<Socket>();
try {
  const port = await server.port();
  await flood("without a flood", port, () => {});
  await flood(`${SESSIONS} silent connections of the same address`, port, keepFull(port, HOST, ""));
  await flood(`${RATE} bare connections a second from ${ADDRESSES} addresses`, port, bare(port));
  await guesses(port);
  await ports(port);
  await events(port);
  await flood("afterwards", port, () => {});
} finally {
  await server.stop();
  await keys.remove();
  await rm(folder, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);

/** Lets honest clients log in during a flood, of which `step` is called twenty times a second. */
async function flood(what: string, port: number, step: () => void): Promise<void> {
  const timer = setInterval(step, 50);
  await pause(1000);
  const times: number[] = [];
  for (let client = 0; client < HONEST; client += 1) {
    const time = await logInTime(port);
    if (time <= LIMIT) times.push(time);
  }
  clearInterval(timer);
  for (const socket of sockets) socket.destroy();
  times.sort((a, b) => a - b);
  const seconds = [times[times.length >> 1] ?? Number.NaN, times.at(-1) ?? Number.NaN];
  check(
    times.length >= SHARE * HONEST,
    `${what}: ${times.length} of ${HONEST} log in within ${LIMIT} s, median ${seconds[0]?.toFixed(2)} s, longest ${seconds[1]?.toFixed(2)} s; ${await memory()} MiB`,
  );
}

async function logInTime(port: number): Promise<number> {
  const start = performance.now();
  const login = (async () => {
    const client = await RawClient.connect(port);
    try {
      if (!client.greeting.startsWith("220")) return Number.POSITIVE_INFINITY;
      await client.encrypt();
      await client.login();
      return (performance.now() - start) / 1000;
    } finally {
      client.close();
    }
  })().catch(() => Number.POSITIVE_INFINITY);
  return Promise.race([login, pause(LIMIT * 1000, Number.POSITIVE_INFINITY)]);
}

function open(port: number, localAddress: string, text: string): void {
  const socket = connect({ host: HOST, port, localAddress });
  sockets.add(socket);
  socket.on("error", () => {}).once("close", () => sockets.delete(socket));
  socket.resume().write(text);
}

/** Returns a step that keeps `SESSIONS` connections of one address open. */
function keepFull(port: number, address: string, text: string): () => void {
  return () => {
    while (sockets.size < SESSIONS) open(port, address, text);
  };
}

function bare(port: number): () => void {
  let opened = 0;
  return () => {
    for (let count = 0; count < RATE / 20; count += 1) {
      open(port, `127.0.1.${1 + (opened % ADDRESSES)}`, "");
      opened += 1;
    }
  };
}

async function guesses(port: number): Promise<void> {
  const before = await count("login refused");
  const start = performance.now();
  const text = "USER alice\r\nPASS wrong\r\n".repeat(3);
  await flood(`${SESSIONS} sessions of one address that guess`, port, keepFull(port, "127.0.0.2", text));
  const minutes = (performance.now() - start) / 60_000;
  const evaluated = (await count("login refused")) - before;
  check(
    evaluated <= 1 + 8 * Math.max(1, minutes),
    `${evaluated} guesses evaluated in ${(minutes * 60).toFixed(0)} s`,
  );
}

async function ports(port: number): Promise<void> {
  const greedy: RawClient[] = [];
  for (let session = 0; session < PORTS; session += 1) {
    const client = await RawClient.connect(port);
    greedy.push(client);
    await client.login("bob");
    client.send("EPSV\r\n");
  }
  const honest = await RawClient.connect(port);
  await honest.login();
  const start = performance.now();
  const answer = await honest.command("EPSV");
  const seconds = (performance.now() - start) / 1000;
  for (const client of [...greedy, honest]) client.close();
  check(
    answer.startsWith("229"),
    `${PORTS} ports, one user in ${PORTS} sessions: another gets ${answer.slice(0, 3)} in ${seconds.toFixed(2)} s`,
  );
}

async function events(port: number): Promise<void> {
  const before = (await stat(log)).size;
  const start = performance.now();
  const text = `CLNT ${"x".repeat(1900)}\r\n`.repeat(500);
  await flood("CLNT without a login", port, keepFull(port, "127.0.0.2", text));
  const seconds = (performance.now() - start) / 1000;
  const written = ((await stat(log)).size - before) / MIB;
  check(written < 1, `${written.toFixed(2)} MiB of log in ${seconds.toFixed(0)} s`);
}

async function count(event: string): Promise<number> {
  return (await readFile(log, "utf8")).split(`"event":"${event}"`).length - 1;
}

/** Resident memory of the server. */
async function memory(): Promise<string> {
  const status = await readFile(`/proc/${server.child.pid}/status`, "utf8");
  return (Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024).toFixed(0);
}

function check(fine: boolean, text: string): void {
  console.log(`${fine ? "ok  " : "FAIL"}  ${text} (load ${loadavg()[0]?.toFixed(0)})`);
  if (!fine) failed = true;
}
