/**
 * Exercise 05, client: files to and from an FTP server, encrypted
 *
 * Run:  npx tsx exercises/05-ftp/client.ts --user ann put notes.txt
 * Pair: npx tsx exercises/05-ftp/server.ts --root files --users users.csv
 *
 * Does one command, those on standard input, or what is typed at its prompt, over X-SML, or with --tls over TLS.
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
import { runLine, runPrompt } from "./ftp/client/prompt.ts";
import { tlsProtection, xSmlProtection } from "./ftp/client/protection.ts";
import { pickFlags, type Session, TRANSFER_FLAGS } from "./ftp/client/session.ts";

const LINE_LIMIT = 8 * 1024;

const { words, fingerprint, keys, name, timeout, flags, ...address } = await exerciseCommandLine({
  name: "exercises/05-ftp/client.ts",
  purpose: "Carries files to and from an FTP server, encrypted, and verifies what it carried.",
  role: "client",
  port: 2121,
  words: `[COMMAND [NAME...]]

${usageOfCommands()}
  without a command: those on standard input, a line each, or a prompt where that is a terminal`,
  identity: { keys: keysBeside(import.meta.url), name: "client" },
  flags: {
    user: { value: "USER", default: userInfo().username, help: "whom to log in as" },
    "password-file": { value: "FILE", help: "its first line is the password, - is standard input" },
    tls: { help: "speak TLS, in place of X-SML" },
    ...TRANSFER_FLAGS,
  },
});
const passwordFile = flags["password-file"];
const command =
  words.length > 0 ? parseCommand(words, { flags: pickFlags(flags), isPrompt: false }) : undefined;
if (!command && passwordFile === "-" && !process.stdin.isTTY)
  throw new UsageError("standard input cannot be both the password and the commands");

// Connect, and know the server before anything is told to it.
const isTls = flags["tls"] !== undefined;
// the certificate of a server may have another key than its identity
const verifyServer = knownServer(isTls ? join(keys, "tls") : keys, address, fingerprint);
const protection = isTls
  ? tlsProtection(address.host, { verifyServer, timeout })
  : xSmlProtection(await loadIdentity(keys, name), { verifyServer, timeout });
const client = await FtpClient.connect(address, { protection, timeout });

const user = flags["user"] ?? "";
const password =
  passwordFile === undefined
    ? await promptPassword(`Password of ${printable(user)}: `)
    : await readPassword(passwordFile);
await client.logIn(user, password);

const session: Session = { client, output: process.stdout, terminal: process.stderr };
if (command) await command(session);
else if (process.stdin.isTTY) await runPrompt(session);
else
  for await (const line of readLines(process.stdin, LINE_LIMIT)) if (!(await runLine(session, line))) break;
await client.quit();
// standard input may be open still
process.stdin.destroy();
