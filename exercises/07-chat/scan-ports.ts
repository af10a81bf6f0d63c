/**
 * Exercise 07: finds ports that are open for a server
 *
 * Run:  npx tsx exercises/07-chat/scan-ports.ts --from 5000 --to 6000
 * Pair: npx tsx exercises/07-chat/server.ts "Alice" --port 5555
 *
 * Prints the first port in the range that this machine can listen on; with `--all`, all of them.
 */
import process from "node:process";
import { quoted } from "../../lib/bytes/printable.ts";
import { parseHost } from "../../lib/cli/command-line.ts";
import { installErrorHandlers, UsageError } from "../../lib/cli/diagnostics.ts";
import { parseFlags } from "../../lib/cli/flags.ts";
import { openPorts } from "./open-ports.ts";

const USAGE = `Finds ports that a server can listen on.

Usage: npx tsx exercises/07-chat/scan-ports.ts [flags]

  --host HOST   the address to listen on (127.0.0.1)
  --from PORT   the first port of the range (5000)
  --to PORT     the last port of the range (6000)
  --all         print all open ports, not only the first
  --help        print this help

Standard output carries the ports. Exit status: 0 found; 1 none is open, or the
address is not of this machine; 2 usage error.`;
const MAX_PORT = 65_535;

installErrorHandlers();
const { values, words } = parseFlags(process.argv.slice(2), {
  host: { value: "HOST", default: "127.0.0.1", help: "" },
  from: { value: "PORT", default: "5000", help: "" },
  to: { value: "PORT", default: "6000", help: "" },
  all: { help: "" },
  help: { help: "" },
});
if (values["help"] !== undefined) {
  console.log(USAGE);
  process.exit(0);
}
if (words.length > 0) throw new UsageError(`${quoted(words[0] ?? "")} is no flag; see --help`);
const host = parseHost(values["host"] ?? "");
const from = parsePort("--from", values["from"]);
const to = parsePort("--to", values["to"]);
if (from > to) throw new UsageError(`the range is reversed: --from ${from} is above --to ${to}`);

let found = 0;
for await (const port of openPorts({ host, from, to })) {
  console.log(`Found open port: ${port}`);
  found += 1;
  if (values["all"] === undefined) break;
}
if (found === 0) throw new Error(`no port from ${from} to ${to} is open on this machine; try another range`);

function parsePort(flag: string, text = ""): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= MAX_PORT) return port;
  throw new UsageError(`${flag} ${quoted(text)}: expected a number from 1 to ${MAX_PORT}`);
}
