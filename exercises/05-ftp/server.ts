/**
 * Exercise 05, server: FTP with encryption
 *
 * Run:  npx tsx exercises/05-ftp/server.ts --root files --users users.csv
 * Pair: npx tsx exercises/05-ftp/client.ts, or any FTP client
 *
 * Serves the folder of each user over encrypted connections, until Ctrl-C.
 */
import { join } from "node:path";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import { printable } from "../../lib/bytes/printable.ts";
import { handshakeTurns } from "../../lib/channel/channel-server.ts";
import { exerciseCommandLine, interrupted } from "../../lib/cli/command-line.ts";
import { explain, UsageError } from "../../lib/cli/diagnostics.ts";
import { parseCount, parseSeconds } from "../../lib/cli/flags.ts";
import { Reports } from "../../lib/cli/reports.ts";
import { EventLog } from "../../lib/files/event-log.ts";
import { findEncryption, keysBeside, loadIdentity } from "../../lib/files/key-files.ts";
import { readSmallFile } from "../../lib/files/small-file.ts";
import { PortPool, parsePool } from "../../lib/net/port-pool.ts";
import { Guesses } from "../../lib/passwords/guesses.ts";
import { loadCertificate } from "./certificate.ts";
import { FTP_EVENTS } from "./ftp/server/ftp-events.ts";
import { FtpServer } from "./ftp/server/ftp-server.ts";
import { PassivePorts } from "./ftp/server/passive-ports.ts";
import { UserList } from "./ftp/server/user-list.ts";
import { Storage } from "./ftp/storage/storage.ts";
import { explainToOperator } from "./ftp/storage/storage-error.ts";
import { parseTlsMax, type TlsIdentity, tlsServer } from "./tls.ts";
import { xSmlServer } from "./x-sml.ts";

const { fingerprint, keys, name, timeout, flags, ...address } = await exerciseCommandLine({
  name: "exercises/05-ftp/server.ts",
  purpose: "Serves the folder of each user over FTP, with AUTH TLS or AUTH X-SML, until Ctrl-C.",
  role: "server",
  identity: { keys: keysBeside(import.meta.url), name: "server" },
  port: 2121,
  flags: {
    root: { value: "DIR", help: "the folder that contains the users' folders" },
    users: { value: "FILE", default: `${import.meta.dirname}/users.csv`, help: "the user list" },
    passive: { value: "FIRST-LAST", default: "21000-21099", help: "the ports for data connections" },
    cert: { value: "FILE", help: "a TLS certificate (default: one for our key)" },
    key: { value: "FILE", help: "its private key" },
    "allow-plaintext": { help: "allow clients to log in and transfer files in plaintext" },
    "tls-max": { value: "VERSION", help: "1.2: no newer TLS, for clients that fail with 1.3" },
    "require-session-reuse": { help: "refuse TLS data connections that do not resume their session" },
    log: { value: "FILE", help: "the log file (default: standard error)" },
    idle: { value: "SECONDS", default: "300", help: "close a session without commands after this time" },
    login: { value: "SECONDS", default: "60", help: "close a session without a login after this time" },
    stall: { value: "SECONDS", default: "60", help: "abort a transfer without progress after this time" },
    sessions: { value: "N", default: "200", help: "concurrent sessions" },
    "sessions-per-address": { value: "N", default: "60", help: "concurrent sessions of one address" },
    "sessions-per-user": { value: "N", default: "40", help: "concurrent sessions of one user" },
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
  sessionsPerUser: parseCount("--sessions-per-user", flags["sessions-per-user"]),
};
const reports = new Reports();
const turns = handshakeTurns();
const tlsOptions = {
  ...seconds,
  turns,
  requireSessionReuse: flags["require-session-reuse"] !== undefined,
  maxVersion: parseTlsMax(flags["tls-max"]),
};
const { root } = flags;
if (!root) throw new UsageError("--root is missing: name the folder to serve");

// fail now, not at the first login
try {
  await (await Storage.open(root)).close();
} catch (error) {
  throw new Error(`cannot use --root ${printable(root)}: ${explainToOperator(error)}`);
}
const users = await UserList.load(flags["users"] ?? "");
const identity = await loadIdentity(keys, name);
console.error(`My key:     ${identity.fingerprint}`);
const log = await EventLog.open(flags["log"], FTP_EVENTS, { failed: report });
const tlsIdentity = await loadTlsIdentity();
// TLS clients have no key that --fingerprint could require
const tls = fingerprint ? [] : [tlsServer(tlsIdentity, tlsOptions)];
const server = await FtpServer.listen(address, {
  root,
  users,
  mechanisms: [...tls, xSmlServer({ ...seconds, identity, fingerprint, turns })],
  turns,
  pool: new PassivePorts(
    new PortPool(passive, (port) => console.error(`port ${port} is in use by another program`)),
  ),
  guesses: new Guesses(),
  allowPlaintext: flags["allow-plaintext"] !== undefined,
  ...seconds,
  ...limits,
  log: (event) => log.add(event),
  report: (error) => reports.add("errors in sessions", explain(error)),
});
log.add({ event: "started", address: server.address });
console.error(`Listening on ${server.address}`);
const stopWatching = users.watch({
  changed: () => {
    log.add({ event: "users changed" });
    server.dismiss();
  },
  failed: report,
});
await interrupted();
stopWatching();
await server.close();
log.add({ event: "stopped" });
await log.close();
reports.close();

/** Returns the TLS identity: the files of --cert and --key, or our own key. */
async function loadTlsIdentity(): Promise<TlsIdentity> {
  const { cert, key } = flags;
  if ((cert === undefined) !== (key === undefined)) throw new UsageError("--cert and --key go together");
  if (cert !== undefined && key !== undefined) return readTlsIdentity(cert, key);
  return {
    cert: await loadCertificate(keys, { name, identity, host: address.host }),
    key: await readPem(join(keys, `${name}.pem`)),
    // elsewhere this key only signs with RSA-PSS, too
    sigalgs: "rsa_pss_rsae_sha256",
  };
}

/** @throws Error that says why the files are unusable */
async function readTlsIdentity(certFile: string, keyFile: string): Promise<TlsIdentity> {
  const [cert, key] = [await readPem(certFile), await readPem(keyFile)];
  const encryption = findEncryption(keyFile, key);
  if (encryption !== undefined) throw new Error(`${keyFile} cannot be used: ${encryption}`);
  tryTls({ cert }, `--cert ${certFile} as a certificate in PEM`);
  tryTls({ key }, `--key ${keyFile} as a private key in PEM`);
  tryTls({ cert, key }, `--key ${keyFile} with --cert ${certFile}`);
  return { cert, key };
}

async function readPem(file: string): Promise<string> {
  const contents = await readSmallFile(file);
  if (!contents) throw new Error(`${file} cannot be used: there is no such file`);
  return contents.text;
}

function tryTls(options: SecureContextOptions, what: string): void {
  try {
    createSecureContext(options);
  } catch (error) {
    const reason = error instanceof Error && "reason" in error ? error.reason : error;
    throw new Error(`cannot use ${what}: ${reason}`);
  }
}

/** Reports what no client causes. */
function report(error: unknown): void {
  console.error(explain(error));
}
