/**
 * Exercise 07, server: a chat between two people over ZeroMQ
 *
 * Run:  npx tsx exercises/07-chat/server.ts "Alice"
 * Pair: npx tsx exercises/07-chat/client.ts "Bob"
 *
 * Says each line that is typed to the client, and prints what the client says, until Ctrl-C. All
 * cryptography is behind the channel.
 */
import process from "node:process";
import { exerciseCommandLine, interrupted } from "../../lib/cli/command-line.ts";
import { parseSeconds } from "../../lib/cli/flags.ts";
import { keysBeside, loadIdentity } from "../../lib/files/key-files.ts";
import { Host } from "./host.ts";
import { parsePerson } from "./person.ts";
import { sayLines, terminal } from "./terminal.ts";

const { words, fingerprint, keys, name, timeout, flags, ...address } = await exerciseCommandLine({
  name: "exercises/07-chat/server.ts",
  purpose: "Waits for a client, and lets two people talk: each line that is typed is a text.",
  role: "server",
  words: "PERSON",
  port: 5555,
  identity: { keys: keysBeside(import.meta.url), name: "server" },
  flags: {
    resume: { value: "SECONDS", default: "60", help: "how long a client that was cut off may come back" },
    once: { help: "end after the first talk" },
  },
});
const person = parsePerson(words);
const resume = parseSeconds("--resume", flags["resume"]);

const identity = await loadIdentity(keys, name);
console.error(`My key:     ${identity.fingerprint}`);
const view = terminal;
const report = (line: string) => console.error(line);
const host = await Host.open(address, { identity, person, keys, fingerprint, timeout, resume, view, report });
console.error(`Listening on ${host.address}`);

const talked = flags["once"] === undefined ? new Promise<"never">(() => {}) : host.firstTalk;
void sayLines(() => host.talk);
const how = await Promise.race([talked, interrupted()]);
await host.close();
process.exit(how === "lost" ? 1 : 0);
