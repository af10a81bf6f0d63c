/**
 * Soak: floods against exercise 05's server, while honest clients log in
 *
 * Run: npm run test:soak -- ftp-floods
 *
 * Silent connections from the honest clients' own address, bare connections and half handshakes
 * from many addresses, guesses, events for the log, and a user who takes passive ports. Nine in ten
 * honest clients must log in within five seconds, during each flood and right after it. Prints
 * figures; exits with 1 if they are wrong.
 */
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { formatUsers } from "../../exercises/05-ftp/ftp/server/user-list.ts";
import { hashPassword } from "../../lib/passwords/password.ts";
import { findFreePorts } from "../support/free-ports.ts";
import { PASSWORDS, RawClient } from "../support/ftp-server.ts";
import { areServed, type Flood } from "../support/honest-clients.ts";
import { makeKeyFolder } from "../support/key-folder.ts";
import { Program, TSX } from "../support/launch.ts";

const HOST = "127.0.0.1";
/** The first address of a flood. */
const FLOODING = "127.0.0.2";
/** Connections a second. */
const RATE = Number(process.env["RATE"] ?? 400);
/** Sessions that the server has for one address, and for all. */
const OF_ADDRESS = 60;
const OF_ALL = 200;
const PORTS = 30;
const MIB = 1024 * 1024;
/** Cheaper than in use, so that the figures are of the flood and not of the machine. */
const COST = 20_000;
/** MiB that the server's memory may grow by: for each session, and for garbage. */
const PER_SESSION = 0.25;
const GARBAGE = 64;

let failed = false;
const folder = await mkdtemp(join(tmpdir(), "sml-soak-"));
const keys = await makeKeyFolder({ server: "rsa-3072" });
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
try {
  const port = await server.port();
  await logIn(port);
  const before = await memory("VmRSS");
  await flood(port, { kind: "silent", rate: RATE, addresses: 1, open: OF_ADDRESS }, FLOODING);
  await flood(port, { kind: "silent", rate: RATE, addresses: 100 });
  for (const kind of ["AUTH TLS", "AUTH X-SML"])
    for (const addresses of [1, 100]) await flood(port, { kind, rate: RATE, addresses });
  await guesses(port);
  await events(port);
  await ports(port);
  const grown = (await memory("VmHWM")) - before;
  const most = OF_ALL * PER_SESSION + GARBAGE;
  check(grown < most, `memory has grown by ${grown.toFixed(0)} of ${most} MiB, from ${before.toFixed(0)}`);
} finally {
  await server.stop();
  await keys.remove();
  await rm(folder, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);

/** Lets honest clients log in from `address`. */
async function flood(port: number, kind: Flood, address = HOST): Promise<void> {
  const { rate, addresses, open = "any number" } = kind;
  console.log(
    `\n${kind.kind}: ${rate} connections a second from ${addresses} addresses, ${open} at once (load ${loadavg()[0]?.toFixed(0)})`,
  );
  if (!(await areServed(port, kind, () => logIn(port, address)))) failed = true;
}

/** Logs in over TLS. */
async function logIn(port: number, address = HOST): Promise<void> {
  const client = await RawClient.connect(port, HOST, address);
  try {
    await client.encrypt();
    await client.login();
  } finally {
    client.close();
  }
}

async function guesses(port: number): Promise<void> {
  const before = await count("login refused");
  const start = performance.now();
  await flood(port, { kind: "PASS", rate: RATE, addresses: 1, open: OF_ADDRESS });
  const minutes = (performance.now() - start) / 60_000;
  const evaluated = (await count("login refused")) - before;
  check(
    evaluated <= 1 + 8 * Math.max(1, minutes),
    `${evaluated} guesses evaluated in ${(minutes * 60).toFixed(0)} s`,
  );
}

async function events(port: number): Promise<void> {
  const before = (await stat(log)).size;
  const start = performance.now();
  await flood(port, { kind: "CLNT", rate: RATE, addresses: 1, open: OF_ADDRESS });
  const seconds = (performance.now() - start) / 1000;
  const written = ((await stat(log)).size - before) / MIB;
  check(written < 1, `${written.toFixed(2)} MiB of log in ${seconds.toFixed(0)} s`);
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

async function count(event: string): Promise<number> {
  return (await readFile(log, "utf8")).split(`"event":"${event}"`).length - 1;
}

/** The resident memory of the server in MiB, now or at most. */
async function memory(which: "VmRSS" | "VmHWM"): Promise<number> {
  const status = await readFile(`/proc/${server.child.pid}/status`, "utf8");
  return Number(new RegExp(`^${which}:\\s+(\\d+)`, "m").exec(status)?.[1]) / 1024;
}

function check(fine: boolean, text: string): void {
  console.log(`${fine ? "ok  " : "FAIL"}  ${text}`);
  if (!fine) failed = true;
}
