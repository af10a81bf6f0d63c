/**
 * Exercise 05, server: files for those who have a password, over connections that are encrypted
 *
 * Run:  npx tsx exercises/05-ftp/server.ts --root files --users users.csv
 * Pair: npx tsx exercises/05-ftp/client.ts, or any FTP client
 *
 * Serves the folder of each user, with AUTH TLS or AUTH X-SML, until Ctrl-C.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { createSecureContext } from "node:tls";
import { isDeepStrictEqual } from "node:util";
import { printable } from "../../lib/bytes/printable.ts";
import { exerciseCommandLine, interrupted } from "../../lib/cli/command-line.ts";
import { explain, UsageError } from "../../lib/cli/diagnostics.ts";
import { parseSeconds } from "../../lib/cli/flags.ts";
import { keysBeside, loadIdentity } from "../../lib/files/key-files.ts";
import { reasonOf } from "../../lib/files/small-file.ts";
import { PortPool, parsePool } from "../../lib/net/port-pool.ts";
import { loadCertificate } from "./certificate.ts";
import { EventLog } from "./ftp/server/event-log.ts";
import { FtpServer } from "./ftp/server/ftp-server.ts";
import { Throttle } from "./ftp/server/throttle.ts";
import { UserList } from "./ftp/server/user-list.ts";
import { Storage } from "./ftp/storage/storage.ts";
import { type TlsIdentity, tlsMechanism } from "./tls-protection.ts";
import { xSmlMechanism } from "./x-sml-protection.ts";

const { fingerprint, keys, name, timeout, flags, ...address } = await exerciseCommandLine({
  name: "exercises/05-ftp/server.ts",
  purpose: "Serves the folder of each user over FTP, with AUTH TLS or AUTH X-SML, until Ctrl-C.",
  role: "server",
  identity: { keys: keysBeside(import.meta.url), name: "server" },
  port: 2121,
  flags: {
    root: { value: "DIR", help: "the folder with the users' folders" },
    users: { value: "FILE", default: `${import.meta.dirname}/users.csv`, help: "the list of users" },
    passive: { value: "FIRST-LAST", default: "21000-21099", help: "the ports for files" },
    cert: { value: "FILE", help: "a certificate for TLS, in place of one that is made of our key" },
    key: { value: "FILE", help: "its private key" },
    "allow-plaintext": { help: "let passwords and files travel in clear, for whoever asks for it" },
    "require-session-reuse": { help: "refuse TLS data connections that are not of their session" },
    log: { value: "FILE", help: "where the log goes; without it, to standard error" },
    idle: { value: "SECONDS", default: "300", help: "how long a client may stay silent" },
    login: { value: "SECONDS", default: "60", help: "how long it may take to log in" },
    stall: { value: "SECONDS", default: "60", help: "how long a transfer may stand still" },
    sessions: { value: "N", default: "200", help: "sessions at a time" },
    "sessions-per-address": { value: "N", default: "60", help: "those of one address" },
  },
});
const passive = parsePool("--passive", flags["passive"], address.port);
const seconds = {
  timeout,
  idle: parseSeconds("--idle", flags["idle"]),
  login: parseSeconds("--login", flags["login"]),
  stall: parseSeconds("--stall", flags["stall"]),
};
const limits = {
  sessions: parseCount("--sessions", flags["sessions"]),
  sessionsPerAddress: parseCount("--sessions-per-address", flags["sessions-per-address"]),
};
const { root } = flags;
if (!root) throw new UsageError("--root is missing: which folder is to be served?");

// before anybody finds out by logging in
try {
  await (await Storage.open(root)).close();
} catch (error) {
  throw new Error(`--root ${printable(root)} cannot be used: ${reasonOf(error)}`);
}
const users = await UserList.load(flags["users"] ?? "");
const identity = await loadIdentity(keys, name);
console.error(`My key:     ${identity.fingerprint}`);
const log = await openLog(flags["log"]);
const requireSessionReuse = flags["require-session-reuse"] !== undefined;
const tlsIdentity = await loadTlsIdentity();
// under TLS nobody shows a key that could be the one
const tls = fingerprint ? [] : [tlsMechanism(tlsIdentity, { ...seconds, requireSessionReuse })];
const server = await FtpServer.listen(address, {
  root,
  users,
  // TLS does not ask for a key of the client
  mechanisms: [...tls, xSmlMechanism({ ...seconds, identity, fingerprint })],
  pool: new PortPool(passive, (port) => console.error(`port ${port} is held by another program`)),
  throttle: new Throttle(1),
  allowPlaintext: flags["allow-plaintext"] !== undefined,
  ...seconds,
  ...limits,
  log: (event) => log.add(event),
  report,
});
log.add({ event: "started", address: server.address });
console.error(`Listening on ${server.address}`);
const stopWatching = users.watch({
  changed: () => {
    log.add({ event: "users changed" });
    // whose home, quota or rights have changed logs in again
    server.dismiss((user) => isDeepStrictEqual(users.find(user.name), user));
  },
  failed: report,
});
await interrupted();
stopWatching();
await server.close();
log.add({ event: "stopped" });
await log.close();

/** What TLS shows: the files that were named, or our own identity. */
async function loadTlsIdentity(): Promise<TlsIdentity> {
  const { cert, key } = flags;
  if ((cert === undefined) !== (key === undefined)) throw new UsageError("--cert and --key go together");
  if (cert !== undefined && key !== undefined) return readTlsIdentity(cert, key);
  return {
    cert: await loadCertificate(keys, { name, identity, host: address.host }),
    key: await readFile(join(keys, `${name}.pem`), "utf8"),
    // the only way in which this key ever signs
    sigalgs: "rsa_pss_rsae_sha256",
  };
}

/** @throws Error that says why the files cannot be used */
async function readTlsIdentity(cert: string, key: string): Promise<TlsIdentity> {
  try {
    const own = { cert: await readFile(cert, "utf8"), key: await readFile(key, "utf8") };
    createSecureContext(own);
    return own;
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    throw new Error(`--cert and --key cannot be used: ${reason}`);
  }
}

/** The log: what other programs read, a line of JSON each. */
async function openLog(file: string | undefined): Promise<EventLog> {
  if (file !== undefined) return EventLog.open(file, report);
  return new EventLog(async (text) => void process.stderr.write(text), report);
}

function report(error: unknown): void {
  console.error(explain(error));
}

function parseCount(flag: string, text = ""): number {
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text);
  throw new UsageError(`${flag} ${JSON.stringify(text)}: expected a number from 1 to 99999`);
}
