/**
 * Exercise 06, server: messages of users who log in, each once in the journal
 *
 * Run:  npx tsx exercises/06-login/server.ts --users users.csv --journal journal.jsonl
 * Pair: npx tsx exercises/06-login/client.ts --user alice "Take off."
 *
 * Lets users log in over the channel, writes each of their messages to the journal, prints it, and
 * confirms it, until Ctrl-C.
 */
import { printable } from "../../lib/bytes/printable.ts";
import { ChannelServer } from "../../lib/channel/channel-server.ts";
import { exerciseCommandLine, interrupted } from "../../lib/cli/command-line.ts";
import { explain } from "../../lib/cli/diagnostics.ts";
import { parseCount, parseSeconds } from "../../lib/cli/flags.ts";
import { EventLog } from "../../lib/files/event-log.ts";
import { keysBeside, loadIdentity } from "../../lib/files/key-files.ts";
import { Attempts } from "./attempts.ts";
import { Journal } from "./journal.ts";
import { LOGIN_EVENTS, ROTATE_AT } from "./log-events.ts";
import { loadSecret } from "./login-secret.ts";
import { Logins } from "./logins.ts";
import { MESSAGE_LIMIT } from "./protocol.ts";
import { Rate } from "./rate.ts";
import { UserList } from "./user-list.ts";

const { fingerprint, keys, name, timeout, flags, ...address } = await exerciseCommandLine({
  name: "exercises/06-login/server.ts",
  purpose: "Writes each message of each user to the journal, and confirms it, until Ctrl-C.",
  role: "server",
  identity: { keys: keysBeside(import.meta.url), name: "server" },
  port: 5000,
  flags: {
    users: { value: "FILE", default: `${import.meta.dirname}/users.csv`, help: "the user list" },
    journal: { value: "FILE", default: `${import.meta.dirname}/journal.jsonl`, help: "the journal" },
    log: { value: "FILE", help: "the log file (default: standard error)" },
    idle: { value: "SECONDS", default: "300", help: "how long a client may stay silent" },
    clients: { value: "N", default: "1000", help: "clients at a time" },
    "clients-per-address": { value: "N", default: "250", help: "of them, from one address" },
    "clients-per-user": { value: "N", default: "40", help: "of them, of one user" },
    rate: { value: "N", default: "1000", help: "messages of one user in a second" },
  },
});
const idle = parseSeconds("--idle", flags["idle"]);
const perUser = parseCount("--clients-per-user", flags["clients-per-user"]);
const rate = new Rate(parseCount("--rate", flags["rate"]));

const log = await EventLog.open(flags["log"], LOGIN_EVENTS, { failed: print, rotateAt: ROTATE_AT });
const users = await UserList.open(flags["users"] ?? "", await loadSecret(keys, name));
const identity = await loadIdentity(keys, name);
console.error(`My key:     ${identity.fingerprint}`);
const attempts = new Attempts();
const { journal, cut } = await Journal.open(flags["journal"] ?? "", {
  found: ({ user, key }) => attempts.know(user, key),
  stored: (entries) =>
    console.log(entries.map(({ text }) => `Received message: ${printable(text)}`).join("\n")),
});
if (cut) {
  const outcome = `line ${cut.line} was incomplete: ${cut.bytes} bytes cut off`;
  console.error(`${flags["journal"]}: ${outcome}`);
  log.add({ event: "journal cut", outcome });
}

const logins = new Logins({
  users,
  attempts,
  journal,
  rate,
  timeout,
  idle,
  perUser,
  log: (event) => log.add(event),
});
const server = await ChannelServer.listen(address, {
  identity,
  timeout,
  messageLimit: MESSAGE_LIMIT,
  maxChannels: parseCount("--clients", flags["clients"]),
  maxChannelsPerAddress: parseCount("--clients-per-address", flags["clients-per-address"]),
  authorize,
  maxChannelsPerKey: perUser,
  serve: (channel, client) => logins.serve(channel, client),
  report: (error, client) => log.add({ event: "refused", address: client, outcome: explain(error) }),
});
log.add({ event: "started", address: server.address });
console.error(`Listening on ${server.address}`);
const stopWatching = users.watch({ changed: dismiss, failed: print });
await interrupted();
stopWatching();
await server.close();
await journal.close();
log.add({ event: "stopped" });
await log.close();

/** Returns the reason to refuse a client that has proved its key, if there is one. */
function authorize(peer: { fingerprint: string }): string | undefined {
  const welcome = fingerprint === undefined || peer.fingerprint === fingerprint;
  return welcome ? undefined : "this server accepts another client only";
}

/** Ends the sessions of users who are no longer in the list, or have changed. */
function dismiss(): void {
  log.add({ event: "users changed" });
  logins.dismiss();
}

function print(error: unknown): void {
  console.error(explain(error));
}
