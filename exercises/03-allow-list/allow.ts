/**
 * Exercise 03: the allow list, edited
 *
 * Run:  npx tsx exercises/03-allow-list/allow.ts add alice alice.pub.pem her laptop
 * Pair: npx tsx exercises/03-allow-list/server.ts "pong"
 *
 * Adds a key to the list under a name, removes it, or shows the list. A running server takes the
 * change over at once.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { isFingerprint, isName } from "../../lib/bytes/names.ts";
import { printable } from "../../lib/bytes/printable.ts";
import { installErrorHandlers, UsageError } from "../../lib/cli/diagnostics.ts";
import { readPublicKey } from "../../lib/files/key-files.ts";
import { allowListFile, type Entry } from "./allow-list.ts";

const USAGE = `Edits the list of the keys that exercise 03's server lets in.

Usage: npx tsx exercises/03-allow-list/allow.ts [--allowed FILE] COMMAND

  add NAME FINGERPRINT|PUBLIC-KEY-FILE [COMMENT...]   let this key in, under this name
  remove NAME                                         remove this key; its sessions end
  list                                                show the list

  --allowed FILE      the list (${import.meta.dirname}/allowed.csv)
  --help              print this`;

installErrorHandlers();
const { file, command, words } = readArguments();
const allowList = allowListFile(file);
if (command === "add") await add(words);
else if (command === "remove") await remove(words);
else if (command === "list") await list(words);
else
  throw new UsageError(
    `${command ? `no such command: ${printable(command)}` : "no command given"}; see --help`,
  );

async function add([name = "", key = "", ...comment]: string[]): Promise<void> {
  if (key === "")
    throw new UsageError("add takes a name, and a fingerprint or a public key's file; see --help");
  if (!isName(name)) throw new UsageError(`not a name: ${JSON.stringify(name)}`);
  const fingerprint = isFingerprint(key) ? key : (await readPublicKey(key)).fingerprint;
  await allowList.edit((entries) => {
    const other = entries.find((entry) => entry.name === name || entry.fingerprint === fingerprint);
    if (other) throw new Error(`${other.name} is on the list already, with ${other.fingerprint}`);
    return [...entries, { name, fingerprint, comment: comment.join(" ") }];
  });
  console.error(`added ${name}, ${fingerprint}`);
}

async function remove([name = "", ...more]: string[]): Promise<void> {
  if (name === "" || more.length > 0) throw new UsageError("remove takes one name; see --help");
  await allowList.edit((entries) => {
    const left = entries.filter((entry) => entry.name !== name);
    if (left.length === entries.length) throw new Error(`${printable(name)} is not on the list`);
    return left;
  });
  console.error(`removed ${name}`);
}

async function list(more: string[]): Promise<void> {
  if (more.length > 0) throw new UsageError("list takes nothing more; see --help");
  const entries = await allowList.load();
  const width = Math.max(...entries.map(({ name }) => name.length));
  for (const entry of entries) console.log(format(entry, width));
}

function format({ name, fingerprint, comment }: Entry, width: number): string {
  return `${name.padEnd(width)}  ${fingerprint}  ${printable(comment)}`.trimEnd();
}

function readArguments(): { file: string; command: string | undefined; words: string[] } {
  const options = { allowed: { type: "string" }, help: { type: "boolean" } } as const;
  const { values, positionals } = parse(() => parseArgs({ allowPositionals: true, options }));
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  const [command, ...words] = positionals;
  return { file: values.allowed ?? `${import.meta.dirname}/allowed.csv`, command, words };
}

/** Runs `read`; its errors are usage errors. */
function parse<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
