/**
 * Exercise 07, server: a chat between two people over ZeroMQ
 *
 * Run:  npx tsx exercises/07-chat/server.ts "Alice"
 * Pair: npx tsx exercises/07-chat/client.ts "Bob"
 *
 * Waits for a client, and lets two people talk, in a window of the browser or in the terminal,
 * until Ctrl-C. All cryptography is behind the channel.
 */
import process from "node:process";
import { exerciseCommandLine, interrupted } from "../../lib/cli/command-line.ts";
import { parseSeconds } from "../../lib/cli/flags.ts";
import { keysBeside, loadIdentity } from "../../lib/files/key-files.ts";
import { Host } from "./host.ts";
import { parsePerson } from "./person.ts";
import { openUi, UI_FLAGS } from "./ui.ts";

const { words, fingerprint, keys, name, timeout, flags, ...address } = await exerciseCommandLine({
  name: "exercises/07-chat/server.ts",
  purpose: "Waits for a client, and lets two people talk.",
  role: "server",
  words: "PERSON",
  port: 5555,
  identity: { keys: keysBeside(import.meta.url), name: "server" },
  flags: {
    resume: { value: "SECONDS", default: "60", help: "how long a client that was cut off may come back" },
    once: { help: "end after the first talk" },
    ...UI_FLAGS,
  },
});
const person = parsePerson(words);
const resume = parseSeconds("--resume", flags["resume"]);

const identity = await loadIdentity(keys, name);
console.error(`My key:     ${identity.fingerprint}`);
const ui = await openUi(flags, { person, identity, current: () => host.talk });
const { view, report } = ui;
const host = await Host.open(address, { identity, person, keys, fingerprint, timeout, resume, view, report });
console.error(`Listening on ${host.address}`);

void ui.run();
const ends =
  flags["once"] === undefined ? [interrupted(), ui.left] : [interrupted(), ui.left, host.firstTalk];
const how = await Promise.race(ends);
await host.close();
await ui.close();
process.exit(how === "lost" ? 1 : 0);
