/** The command line that all scripts share. */
import { isIPv6 } from "node:net";
import process from "node:process";
import { Readable } from "node:stream";
import { type Bytes, concat, decodeUtf8, encodeUtf8 } from "../bytes/bytes.ts";
import { readLines } from "../bytes/lines.ts";
import { isFingerprint, isName } from "../bytes/names.ts";
import { formatSize, printable, quoted } from "../bytes/printable.ts";
import { installErrorHandlers, startTrace, UsageError } from "./diagnostics.ts";
import { type Flag, parseFlags, parseSeconds } from "./flags.ts";

const DEFAULT_HOST = "127.0.0.1";
const DEFAULT_PORT = 10001;
const DEFAULT_TIMEOUT = 10;
const MAX_PORT = 65_535;
const USAGE_COLUMN = 18;

/** Describes a script. */
export interface Script {
  /** Its path, such as `part1/server.ts`. */
  name: string;
  /** One sentence for the usage. */
  purpose: string;
  role: "client" | "server";
  /** Maximum length of the message in bytes; a script without a limit takes no message. */
  limit?: number | undefined;
}

/** A script that has an identity, and possibly flags of its own. */
export interface ExerciseScript extends Script {
  /** Defaults of `--keys`, the folder of the keys, and `--name`, the name of our identity. */
  identity: { keys: string; name: string };
  /** The message is optional; without it, each line of standard input is one. */
  optionalMessage?: boolean;
  /**
   * Placeholder for the arguments of a script that takes no message, such as `[COMMAND [NAME...]]`.
   */
  words?: string;
  /** Default of `--port`. */
  port?: number;
  flags?: Record<string, Flag>;
}

/** The parsed command line. */
export interface CommandLine {
  message: string;
  host: string;
  port: number;
  /** Seconds. */
  timeout: number;
  /** Accept only the peer with this fingerprint. */
  fingerprint: string | undefined;
}

export interface ExerciseCommandLine extends CommandLine {
  /** The folder of the keys. */
  keys: string;
  /** The name of our identity. */
  name: string;
  /** The message, or the lines of standard input if it was omitted. */
  messages: AsyncIterable<string>;
  /** The arguments that are not flags. */
  words: string[];
  /**
   * The script's own flags that were given or have a default; "" for a flag that takes no value.
   */
  flags: Partial<Record<string, string>>;
}

/**
 * Parses the command line of `script`, and installs the error handlers. `--help` prints the usage
 * and ends the program.
 *
 * @throws UsageError that says what is wrong with the command line
 */
export async function commandLine(script: Script): Promise<CommandLine> {
  const { words, common } = readFlags(script);
  return { message: await readMessage(words, script), ...common };
}

/** Like `commandLine`, for a script that has an identity. */
export async function exerciseCommandLine(script: ExerciseScript): Promise<ExerciseCommandLine> {
  const { values, words, common } = readFlags(script);
  const { keys = "", name = "" } = values;
  checkName(name);
  if (keys === "") throw new UsageError("--keys is empty");
  const flags = Object.fromEntries(Object.keys(script.flags ?? {}).map((flag) => [flag, values[flag]]));
  const exercise = { ...common, keys, name, flags, words };
  if (script.limit === undefined) {
    if (words.length > 0 && script.words === undefined)
      throw new UsageError(`${quoted(words[0] ?? "")} is no flag, and nothing else is expected; see --help`);
    return { message: "", messages: Readable.from([]), ...exercise };
  }
  if (words.length === 0 && script.optionalMessage)
    return { message: "", messages: readLines(process.stdin, script.limit), ...exercise };
  const message = await readMessage(words, script);
  return { message, messages: Readable.from([message]), ...exercise };
}

/** Parses the flags, and handles those that all scripts share. */
function readFlags(script: Script & Partial<ExerciseScript>): {
  values: Partial<Record<string, string>>;
  words: string[];
  common: Omit<CommandLine, "message">;
} {
  installErrorHandlers();
  const table = flagTable(script);
  const { values, words } = parseFlags(process.argv.slice(2), table);
  if (values["help"] !== undefined) {
    console.log(usage(script, table));
    process.exit(0);
  }
  if (values["trace"] !== undefined) startTrace();
  const { host = "", port = "", timeout = "", fingerprint } = values;
  const common = {
    host: parseHost(host),
    port: parsePort(port, script.role),
    timeout: parseSeconds("--timeout", timeout),
    fingerprint: parseFingerprint(fingerprint),
  };
  return { values, words, common };
}

/** Waits for SIGINT or SIGTERM. */
export async function interrupted(): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
}

function checkName(name: string): void {
  if (isName(name)) return;
  throw new UsageError(`--name ${quoted(name)}: expected 1 to 64 letters, digits, ".", "_" and "-"`);
}

/** Returns all flags of `script`, in the order of the usage. */
function flagTable({
  role,
  identity,
  port = DEFAULT_PORT,
  flags,
}: Script & Partial<ExerciseScript>): Record<string, Flag> {
  const server = role === "server";
  return {
    host: {
      value: "HOST",
      default: DEFAULT_HOST,
      help: server ? "the address to listen on" : "the server's address",
    },
    port: {
      value: "PORT",
      default: String(port),
      help: server ? "the port to listen on, 0 for any free one" : "the server's port",
    },
    timeout: { value: "SECONDS", default: String(DEFAULT_TIMEOUT), help: "how long the peer may take" },
    fingerprint: { value: "SHA256:...", help: "accept only this peer (default: any)" },
    ...(identity && {
      keys: { value: "DIR", default: identity.keys, help: "the folder of the keys" },
      name: { value: "NAME", default: identity.name, help: "the name of our identity" },
    }),
    ...flags,
    trace: { help: "print each step of the protocol on standard error" },
    help: { help: "print this help" },
  };
}

function usage(script: Script & Partial<ExerciseScript>, table: Record<string, Flag>): string {
  const { name, purpose } = script;
  const lines = Object.entries(table).map(([flag, { value, default: byDefault, help, short }]) => {
    const left = `${short ? `-${short}, ` : ""}--${flag}${value ? ` ${value}` : ""}`;
    const right = byDefault === undefined ? help : `${help} (${byDefault})`;
    return left.length > USAGE_COLUMN
      ? `  ${left}\n${" ".repeat(USAGE_COLUMN + 4)}${right}`
      : `  ${left.padEnd(USAGE_COLUMN)}  ${right}`;
  });
  const { words, about } = usageOfWords(script);
  return `${purpose}

Usage: npx tsx ${name} [flags]${words && ` ${words}`}

${about}${lines.join("\n")}

Standard output carries the messages of the peer, standard error everything else.
Exit status: 0 done; 1 refused, tampered with, timed out or unreachable; 2 usage error.`;
}

/** The part of the usage about the arguments: the message, or what the script takes instead. */
function usageOfWords({ limit, optionalMessage, words = "" }: Script & Partial<ExerciseScript>): {
  words: string;
  about: string;
} {
  if (limit === undefined) return { words, about: "" };
  const about = `  MESSAGE             the text to send, at most ${formatSize(limit)} of UTF-8; words are joined with one space,
                      - reads it from standard input, and -- ends the flags: -- -5 degrees
`;
  if (!optionalMessage) return { words: "MESSAGE...", about };
  const lines = "                      without it, each line of standard input is a message\n";
  return { words: "[MESSAGE...]", about: about + lines };
}

/**
 * Parses the value of `--host`: returns the host without the brackets that printed IPv6 addresses
 * have.
 *
 * @throws UsageError when it is empty or has a port
 */
export function parseHost(text: string): string {
  if (text === "") throw new UsageError("--host is empty");
  const [, host = "", port] = /^(\[.*\]|[^:[\]]*):(\d+)$/.exec(text) ?? [];
  if (port !== undefined)
    throw new UsageError(
      `--host ${quoted(text)} has a port; write --host '${printable(host)}' --port ${port}`,
    );
  if (!/[[\]]/.test(text)) return text;
  const address = text.replace(/^\[(.*)\]$/, "$1");
  if (isIPv6(address)) return address;
  throw new UsageError(`--host ${quoted(text)}: expected an IPv6 address in the brackets`);
}

function parsePort(text: string, role: Script["role"]): number {
  const lowest = role === "server" ? 0 : 1;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port >= lowest && port <= MAX_PORT) return port;
  throw new UsageError(`--port ${quoted(text)}: expected a number from ${lowest} to ${MAX_PORT}`);
}

function parseFingerprint(text: string | undefined): string | undefined {
  if (text === undefined || isFingerprint(text)) return text;
  throw new UsageError(`--fingerprint ${quoted(text)}: expected SHA256: and 43 characters of base64`);
}

async function readMessage(words: string[], { limit = 0 }: Script): Promise<string> {
  if (words.length === 0) throw new UsageError("no message given; see --help");
  const bytes =
    words.length === 1 && words[0] === "-" ? await readStandardInput(limit) : encodeUtf8(words.join(" "));
  if (bytes.length > limit)
    throw new UsageError(
      `the message is too long: at most ${formatSize(limit)} (${limit} bytes of UTF-8) are accepted`,
    );
  try {
    return decodeUtf8(bytes);
  } catch {
    throw new UsageError("the message on standard input is not valid UTF-8");
  }
}

/** Reads standard input to its end, or until `limit` is exceeded. */
async function readStandardInput(limit: number): Promise<Bytes> {
  if (process.stdin.isTTY) console.error("Type the message, end it with Ctrl-D on a line of its own.");
  const chunks: Bytes[] = [];
  let length = 0;
  for await (const chunk of process.stdin) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > limit) break;
  }
  return concat(chunks);
}
