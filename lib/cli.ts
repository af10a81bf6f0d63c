/**
 * The command line that all scripts share, and the last word on every error.
 *
 * Importing this file makes each error that nobody handled one line on stderr, with exit status 2 for a mistake on the
 * command line and 1 for the rest: a plain `Error` is something that a peer or a user caused; anything else is a mistake
 * of ours, and shows its stack.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { type Bytes, concat, decodeUtf8, encodeUtf8 } from "./bytes.ts";
import { startTrace } from "./trace.ts";
import { UsageError } from "./usage-error.ts";

const DEFAULT_HOST = "127.0.0.1";
const DEFAULT_PORT = 10001;
const DEFAULT_TIMEOUT = 10;
const MAX_TIMEOUT = 86_400;
const MAX_PORT = 65_535;
const FINGERPRINT = /^SHA256:[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]$/;

process.on("uncaughtException", (error: unknown) => {
  const expected = error instanceof UsageError || (error instanceof Error && error.constructor === Error);
  console.error(expected ? `error: ${error.message}` : error);
  process.exit(error instanceof UsageError ? 2 : 1);
});

/** What a script tells of itself. */
export interface Script {
  /** How it is called, such as `part1/server.ts`. */
  name: string;
  /** One sentence: what it does. */
  purpose: string;
  role: "client" | "server";
  /** Bytes of the longest message. */
  limit: number;
}

/** What the person at the keyboard asked for. */
export interface CommandLine {
  message: string;
  host: string;
  port: number;
  /** Seconds. */
  timeout: number;
  /** The fingerprint of the only peer that will do. */
  fingerprint: string | undefined;
}

/**
 * Reads the command line of `script`; `--help` prints the usage and ends the program.
 *
 * @throws UsageError that says what is wrong with it
 */
export async function commandLine(script: Script): Promise<CommandLine> {
  const { values, positionals } = parse(process.argv.slice(2));
  if (values.help) {
    console.log(usage(script));
    process.exit(0);
  }
  if (values.trace) startTrace();
  const port = parsePort(values.port, script.role);
  const timeout = parseTimeout(values.timeout);
  const fingerprint = parseFingerprint(values.fingerprint);
  if (values.host === "") throw new UsageError("--host is empty");
  return { message: await readMessage(positionals, script), host: values.host, port, timeout, fingerprint };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        host: { type: "string", default: DEFAULT_HOST },
        port: { type: "string", default: String(DEFAULT_PORT) },
        timeout: { type: "string", default: String(DEFAULT_TIMEOUT) },
        fingerprint: { type: "string" },
        trace: { type: "boolean" },
        help: { type: "boolean" },
      },
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${reason.replaceAll("\n", " ")}; see --help`);
  }
}

function usage({ name, purpose, role, limit }: Script): string {
  return `${purpose}

Usage: tsx ${name} [flags] MESSAGE...

  MESSAGE             the text to send, at most ${limit / 1024} KiB of UTF-8; words are joined with one space,
                      - reads it from standard input, and -- ends the flags: -- -5 degrees
  --host HOST         ${role === "server" ? "the address to listen on" : "where the server is"} (${DEFAULT_HOST})
  --port PORT         ${role === "server" ? "the port to listen on, 0 for any free one" : "the server's port"} (${DEFAULT_PORT})
  --timeout SECONDS   how long the connection may last (${DEFAULT_TIMEOUT})
  --fingerprint SHA256:...
                      the only peer to talk to; without it, any
  --trace             tell each step of the protocol on standard error
  --help              print this

Standard output carries what the peer said, standard error the rest.
Exit status: 0 done; 1 refused, tampered with, timed out or unreachable; 2 wrong usage.`;
}

function parsePort(text: string, role: Script["role"]): number {
  const lowest = role === "server" ? 0 : 1;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port >= lowest && port <= MAX_PORT) return port;
  throw new UsageError(`--port ${JSON.stringify(text)}: expected a number from ${lowest} to ${MAX_PORT}`);
}

function parseTimeout(text: string): number {
  const timeout = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (timeout > 0 && timeout <= MAX_TIMEOUT) return timeout;
  throw new UsageError(
    `--timeout ${JSON.stringify(text)}: expected seconds, more than 0 and at most ${MAX_TIMEOUT}`,
  );
}

function parseFingerprint(text: string | undefined): string | undefined {
  if (text === undefined || FINGERPRINT.test(text)) return text;
  throw new UsageError(`--fingerprint ${JSON.stringify(text)}: expected SHA256: and 43 characters of base64`);
}

async function readMessage(words: string[], { limit }: Script): Promise<string> {
  if (words.length === 0) throw new UsageError("no message given; see --help");
  const bytes =
    words.length === 1 && words[0] === "-" ? await readStandardInput(limit) : encodeUtf8(words.join(" "));
  if (bytes.length > limit)
    throw new UsageError(
      `the message is too long: at most ${limit / 1024} KiB (${limit} bytes of UTF-8) are taken`,
    );
  try {
    return decodeUtf8(bytes);
  } catch {
    throw new UsageError("the message on standard input is not valid UTF-8");
  }
}

/** Reads standard input to its end, or until there are more than `limit` bytes. */
async function readStandardInput(limit: number): Promise<Bytes> {
  const chunks: Bytes[] = [];
  let length = 0;
  for await (const chunk of process.stdin) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > limit) break;
  }
  return concat(chunks);
}
