/**
 * Exercise 07, client: a chat between two people over ZeroMQ
 *
 * Run:  npx tsx exercises/07-chat/client.ts "Bob"
 * Pair: npx tsx exercises/07-chat/server.ts "Alice"
 *
 * Says each line that is typed to the server, and prints what the server says, until one side
 * leaves: with Ctrl-D or Ctrl-C. All cryptography is behind the channel.
 */
import process from "node:process";
import { exerciseCommandLine, interrupted } from "../../lib/cli/command-line.ts";
import { parseSeconds } from "../../lib/cli/flags.ts";
import { keysBeside, loadIdentity } from "../../lib/files/key-files.ts";
import { Caller } from "./caller.ts";
import { parsePerson } from "./person.ts";
import { sayLines, terminal } from "./terminal.ts";

const { words, fingerprint, keys, name, timeout, flags, ...address } = await exerciseCommandLine({
  name: "exercises/07-chat/client.ts",
  purpose: "Connects to the server, and lets two people talk: each line that is typed is a text.",
  role: "client",
  words: "PERSON",
  port: 5555,
  identity: { keys: keysBeside(import.meta.url), name: "client" },
  flags: {
    resume: { value: "SECONDS", default: "60", help: "how long to try to come back when cut off" },
  },
});
const person = parsePerson(words);
const resume = parseSeconds("--resume", flags["resume"]);

const identity = await loadIdentity(keys, name);
console.error(`My key:     ${identity.fingerprint}`);
const caller = new Caller(address, { identity, person, keys, fingerprint, timeout, resume, view: terminal });
const leave = () => caller.leave();
void interrupted().then(leave);
void sayLines(() => caller.talk).then(leave);
await caller.run();
process.exit(0);
