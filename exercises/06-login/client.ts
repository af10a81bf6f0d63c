/**
 * Exercise 06, client: messages of a user, each confirmed
 *
 * Run:  npx tsx exercises/06-login/client.ts --user alice "Take off."
 * Pair: npx tsx exercises/06-login/server.ts
 *
 * Logs in, sends its message, or each line of standard input, and prints the number of each that
 * the server has on disk. When the connection is lost, it connects again and sends the rest.
 */
import process from "node:process";
import { printable } from "../../lib/bytes/printable.ts";
import { exerciseCommandLine } from "../../lib/cli/command-line.ts";
import { UsageError } from "../../lib/cli/diagnostics.ts";
import { keysBeside, loadIdentity } from "../../lib/files/key-files.ts";
import { knownServer } from "../../lib/files/pins.ts";
import { promptPassword, readPassword } from "../../lib/passwords/password-prompt.ts";
import { connectAs } from "./connect.ts";
import { Outbox } from "./outbox.ts";
import { TEXT_LIMIT } from "./protocol.ts";

const { messages, words, fingerprint, keys, name, timeout, flags, ...address } = await exerciseCommandLine({
  name: "exercises/06-login/client.ts",
  purpose: "Sends MESSAGE, or each line of standard input, as a user, and prints what is confirmed.",
  role: "client",
  limit: TEXT_LIMIT,
  identity: { keys: keysBeside(import.meta.url), name: "client" },
  optionalMessage: true,
  port: 5000,
  flags: {
    user: { value: "USER", default: process.env["USER"] ?? "", help: "the user name" },
    "password-file": {
      value: "FILE",
      help: "read the password from the first line of FILE; - is standard input",
    },
  },
});
const user = flags["user"] ?? "";
if (user === "") throw new UsageError("--user is missing: name the user to log in as");
const passwordFile = flags["password-file"];
if (passwordFile === "-" && (words.length === 0 || words[0] === "-") && !process.stdin.isTTY)
  throw new UsageError("standard input cannot be both the password and the messages");

const identity = await loadIdentity(keys, name);
console.error(`My key:     ${identity.fingerprint}`);
const password =
  passwordFile === undefined
    ? await promptPassword(`Password of ${printable(user)}: `)
    : await readPassword(passwordFile);
const account = { user, password, identity, verifyServer: knownServer(keys, address, fingerprint) };

const outbox = new Outbox(messages, {
  connect: (seconds) => connectAs(account, { ...address, timeout: seconds }),
  timeout,
  confirmed: (number) => console.log(`Confirmed: ${number}`),
  report: (text) => console.error(text),
});
await outbox.deliver();
// it may still be open
process.stdin.destroy();
