/**
 * Exercise 07, client: a chat between two people over ZeroMQ
 *
 * Run:  npx tsx exercises/07-chat/client.ts "Bob"
 * Pair: npx tsx exercises/07-chat/server.ts "Alice"
 *
 * Connects to the server, and lets two people talk, in a window of the browser or in the terminal,
 * until one of them leaves. All cryptography is behind the channel.
 */
import process from "node:process";
import { exerciseCommandLine, interrupted } from "../../lib/cli/command-line.ts";
import { explain } from "../../lib/cli/diagnostics.ts";
import { parseSeconds } from "../../lib/cli/flags.ts";
import { keysBeside, loadIdentity } from "../../lib/files/key-files.ts";
import { Caller } from "./caller.ts";
import { parsePerson } from "./person.ts";
import { openUi, UI_FLAGS } from "./ui.ts";

const { words, fingerprint, keys, name, timeout, flags, ...address } = await exerciseCommandLine({
  name: "exercises/07-chat/client.ts",
  purpose: "Connects to the server, and lets two people talk.",
  role: "client",
  words: "PERSON",
  port: 5555,
  identity: { keys: keysBeside(import.meta.url), name: "client" },
  flags: {
    resume: { value: "SECONDS", default: "60", help: "how long to try to come back when cut off" },
    ...UI_FLAGS,
  },
});
const person = parsePerson(words);
const resume = parseSeconds("--resume", flags["resume"]);

const identity = await loadIdentity(keys, name);
console.error(`My key:     ${identity.fingerprint}`);
const ui = await openUi(flags, { person, identity, current: () => caller.talk });
const { view } = ui;
const caller = new Caller(address, { identity, person, keys, fingerprint, timeout, resume, view });
const leave = () => caller.leave();
for (const wish of [interrupted(), ui.left, ui.run()]) void wish.then(leave);
try {
  await caller.run();
} catch (error) {
  await ui.close(explain(error));
  throw error;
}
await ui.close();
process.exit(0);
