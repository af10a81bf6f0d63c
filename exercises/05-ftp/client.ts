/**
 * Exercise 05, client: FTP with encryption
 *
 * Run:  npx tsx exercises/05-ftp/client.ts --user ann put notes.txt
 * Pair: npx tsx exercises/05-ftp/server.ts --root files --users users.csv
 *
 * Runs one command, the commands on standard input, or a prompt, over X-SML or with --tls over TLS.
 */
import { userInfo } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { readLines } from "../../lib/bytes/lines.ts";
import { printable } from "../../lib/bytes/printable.ts";
import { exerciseCommandLine } from "../../lib/cli/command-line.ts";
import { UsageError } from "../../lib/cli/diagnostics.ts";
import { keysBeside, loadIdentity } from "../../lib/files/key-files.ts";
import { knownServer } from "../../lib/files/pins.ts";
import { promptPassword, readPassword } from "../../lib/passwords/password-prompt.ts";
import { parseCommand, usageOfCommands } from "./ftp/client/commands.ts";
import { FtpClient } from "./ftp/client/ftp-client.ts";
import { pickFlags, type Shell, TRANSFER_FLAGS } from "./ftp/client/get-and-put.ts";
import { runLine, runPrompt } from "./ftp/client/prompt.ts";
import { parseTlsMax, tlsClient } from "./tls.ts";
import { xSmlClient } from "./x-sml.ts";

const LINE_LIMIT = 8 * 1024;

const { words, fingerprint, keys, name, timeout, flags, ...address } = await exerciseCommandLine({
  name: "exercises/05-ftp/client.ts",
  purpose: "Transfers files to and from an FTP server, encrypted, and verifies them.",
  role: "client",
  port: 2121,
  words: `[COMMAND [NAME...]]

${usageOfCommands()}
  without a command: reads commands from standard input, one per line, with a prompt on a terminal`,
  identity: { keys: keysBeside(import.meta.url), name: "client" },
  flags: {
    user: { value: "USER", default: userInfo().username, help: "the user name" },
    "password-file": {
      value: "FILE",
      help: "read the password from the first line of FILE; - is standard input",
    },
    tls: { help: "use TLS instead of X-SML" },
    "tls-max": { value: "VERSION", help: "1.2: no newer TLS, for servers that fail with 1.3" },
    ...TRANSFER_FLAGS,
  },
});
const passwordFile = flags["password-file"];
const command =
  words.length > 0 ? parseCommand(words, { flags: pickFlags(flags), isPrompt: false }) : undefined;
if (!command && passwordFile === "-" && !process.stdin.isTTY)
  throw new UsageError("standard input cannot be both the password and the commands");

const isTls = flags["tls"] !== undefined;
const maxVersion = parseTlsMax(flags["tls-max"]);
if (flags["tls-max"] !== undefined && !isTls) throw new UsageError("--tls-max needs --tls");

// Connect, and check the server's key before sending anything secret.
// the key of a server's certificate may differ from its identity
const verifyServer = knownServer(isTls ? join(keys, "tls") : keys, address, fingerprint);
const mechanism = isTls
  ? tlsClient(address.host, { verifyServer, timeout, maxVersion })
  : xSmlClient({ identity: await loadIdentity(keys, name), verifyServer, timeout });
const client = await FtpClient.connect(address, { mechanism, timeout });

const user = flags["user"] ?? "";
const password =
  passwordFile === undefined
    ? await promptPassword(`Password of ${printable(user)}: `)
    : await readPassword(passwordFile);
await client.logIn(user, password);

const shell: Shell = { client, output: process.stdout, terminal: process.stderr };
if (command) await command(shell);
else if (process.stdin.isTTY) await runPrompt(shell);
else for await (const line of readLines(process.stdin, LINE_LIMIT)) if (!(await runLine(shell, line))) break;
await client.quit();
// it may still be open
process.stdin.destroy();
