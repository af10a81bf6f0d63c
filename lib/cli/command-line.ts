/**
 * The command line that all scripts share, and the last word on every error.
 *
 * Importing this file makes each error that nobody handled one line on stderr, with exit status 2 for a mistake on the
 * command line and 1 for the rest: a plain `Error` is something that a peer or a user caused; anything else is a mistake
 * of ours, and shows its stack.
 */
import process from "node:process";
import { Readable } from "node:stream";
import { parseArgs } from "node:util";
import { type Bytes, concat, decodeUtf8, encodeUtf8 } from "../bytes/bytes.ts";
import { readLines } from "../bytes/lines.ts";
import { printable, quoted } from "../bytes/printable.ts";
import { formatSize } from "../bytes/size.ts";
import { startTrace } from "./trace.ts";
import { UsageError } from "./usage-error.ts";

const DEFAULT_HOST = "127.0.0.1";
const DEFAULT_PORT = 10001;
const DEFAULT_TIMEOUT = 10;
const MAX_SECONDS = 86_400;
const MAX_PORT = 65_535;
const USAGE_COLUMN = 18;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const FINGERPRINT = /^SHA256:[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]$/;

// without a listener, Node loses what cannot be printed, and the status says that all is well
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") throw new Error("standard output is closed");
  if (error.code === "ENOSPC") throw new Error("standard output is full");
  throw new Error(`standard output has failed (${error.code ?? error.message})`);
});

process.on("uncaughtException", (error: unknown) => {
  console.error(`error: ${explain(error)}`);
  process.exit(error instanceof UsageError ? 2 : 1);
});

/** Returns what there is to say about `error`: its message when a peer or a user caused it, and else its stack. */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const expected = error.constructor === Error || error instanceof UsageError;
  return expected ? error.message : (error.stack ?? error.message);
}

/** What a script tells of itself. */
export interface Script {
  /** How it is called, such as `part1/server.ts`. */
  name: string;
  /** One sentence: what it does. */
  purpose: string;
  role: "client" | "server";
  /** Bytes of the longest message; a script without a limit takes no message. */
  limit?: number | undefined;
}

/** A script that has an identity, and perhaps flags of its own. */
export interface ExerciseScript extends Script {
  /** Where the keys are, and which of them is ours, unless `--keys` and `--name` say otherwise. */
  identity: { keys: string; name: string };
  /** The message may be left out; then each line of standard input is one. */
  optionalMessage?: boolean;
  /** What the usage calls the words that it takes in place of a message, such as `[COMMAND [NAME...]]`. */
  words?: string;
  /** The port, unless `--port` says otherwise. */
  port?: number;
  flags?: Record<string, Flag>;
}

export interface Flag {
  /** What stands for its value in the usage, such as `FILE`; without it, the flag has none. */
  value?: string;
  default?: string;
  help: string;
  /** One letter that stands for it, behind one dash. */
  short?: string;
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

export interface ExerciseCommandLine extends CommandLine {
  /** The folder of the keys. */
  keys: string;
  /** Which identity is ours. */
  name: string;
  /** The message, or each line of standard input when it was left out. */
  messages: AsyncIterable<string>;
  /** The words beside the flags. */
  words: string[];
  /** The flags of the script's own that were given or have a default; the value of one without a value is "". */
  flags: Partial<Record<string, string>>;
}

/**
 * Reads the command line of `script`; `--help` prints the usage and ends the program.
 *
 * @throws UsageError that says what is wrong with it
 */
export async function commandLine(script: ExerciseScript): Promise<ExerciseCommandLine>;
export async function commandLine(script: Script): Promise<CommandLine>;
export async function commandLine(
  script: Script & Partial<ExerciseScript>,
): Promise<CommandLine & Partial<ExerciseCommandLine>> {
  const table = flagTable(script);
  const { values, words } = parseFlags(process.argv.slice(2), table);
  if (values["help"] !== undefined) {
    console.log(usage(script, table));
    process.exit(0);
  }
  if (values["trace"] !== undefined) startTrace();
  const { host = "", port = "", timeout = "", fingerprint, keys = "", name = "" } = values;
  if (host === "") throw new UsageError("--host is empty");
  const common = {
    host,
    port: parsePort(port, script.role),
    timeout: parseSeconds("--timeout", timeout),
    fingerprint: parseFingerprint(fingerprint),
  };
  if (!script.identity) return { message: await readMessage(words, script), ...common };

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

/** Waits until the person at the keyboard, or the system, asks the program to end (SIGINT, SIGTERM). */
export async function interrupted(): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
}

/**
 * Says whether `name` may name an identity: 1 to 64 letters, digits, `.`, `_` and `-`, the first a letter or digit.
 *
 * Such a name is a file name everywhere, and none that leads elsewhere.
 */
export function isName(name: string): boolean {
  return NAME.test(name);
}

/** Says whether `text` is a fingerprint: `SHA256:` and 43 characters of base64 that stand for 32 bytes. */
export function isFingerprint(text: string): boolean {
  return FINGERPRINT.test(text);
}

function checkName(name: string): void {
  if (isName(name)) return;
  throw new UsageError(`--name ${quoted(name)}: expected 1 to 64 letters, digits, ".", "_" and "-"`);
}

/** All flags of `script`, in the order of the usage. */
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
      help: server ? "the address to listen on" : "where the server is",
    },
    port: {
      value: "PORT",
      default: String(port),
      help: server ? "the port to listen on, 0 for any free one" : "the server's port",
    },
    timeout: { value: "SECONDS", default: String(DEFAULT_TIMEOUT), help: "how long the peer may take" },
    fingerprint: { value: "SHA256:...", help: "the only peer to talk to; without it, any" },
    ...(identity && {
      keys: { value: "DIR", default: identity.keys, help: "the folder of the keys" },
      name: { value: "NAME", default: identity.name, help: "which identity is ours" },
    }),
    ...flags,
    trace: { help: "tell each step of the protocol on standard error" },
    help: { help: "print this" },
  };
}

/**
 * Takes `args` apart into the values of the flags in `table` and the words beside them.
 *
 * @returns values: for each flag that was given or has a default; "" for one that takes no value
 * @throws UsageError when a flag is not in `table`, lacks its value, or has one that it does not take
 */
export function parseFlags(
  args: string[],
  table: Record<string, Flag>,
): { values: Partial<Record<string, string>>; words: string[] } {
  const options = Object.entries(table).map(([name, { value, short }]) => [
    name,
    { type: value === undefined ? ("boolean" as const) : ("string" as const), ...(short && { short }) },
  ]);
  const { tokens, positionals } = parseArgs({
    args,
    options: Object.fromEntries(options),
    allowPositionals: true,
    // the words for what is wrong shall be ours
    strict: false,
    tokens: true,
  });
  const values: Partial<Record<string, string>> = {};
  for (const [name, flag] of Object.entries(table)) values[name] = flag.default;
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const { name, value, inlineValue } = token;
    const flag = Object.hasOwn(table, name) ? table[name] : undefined;
    const shown = printable(token.rawName);
    if (!flag) throw new UsageError(`unknown flag ${shown}; see --help`);
    if (flag.value === undefined && value !== undefined)
      throw new UsageError(`the flag ${shown} takes no value; see --help`);
    if (flag.value !== undefined && value === undefined)
      throw new UsageError(`the flag ${shown} lacks its value, ${flag.value}; see --help`);
    if (value?.startsWith("-") && value !== "-" && !inlineValue)
      throw new UsageError(`the flag ${shown} lacks its value, ${flag.value}: ${quoted(value)} follows it`);
    values[name] = value ?? "";
  }
  return { values, words: positionals };
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

Standard output carries what the peer said, standard error the rest.
Exit status: 0 done; 1 refused, tampered with, timed out or unreachable; 2 wrong usage.`;
}

/** What the usage says of the words beside the flags: a message, or what the script takes in place of one. */
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

function parsePort(text: string, role: Script["role"]): number {
  const lowest = role === "server" ? 0 : 1;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port >= lowest && port <= MAX_PORT) return port;
  throw new UsageError(`--port ${quoted(text)}: expected a number from ${lowest} to ${MAX_PORT}`);
}

/** Returns the seconds that `text`, the value of `flag`, says. @throws UsageError when they are not 0 to a day */
export function parseSeconds(flag: string, text = ""): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (seconds > 0 && seconds <= MAX_SECONDS) return seconds;
  throw new UsageError(`${flag} ${quoted(text)}: expected seconds, more than 0 and at most ${MAX_SECONDS}`);
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
      `the message is too long: at most ${formatSize(limit)} (${limit} bytes of UTF-8) are taken`,
    );
  try {
    return decodeUtf8(bytes);
  } catch {
    throw new UsageError("the message on standard input is not valid UTF-8");
  }
}

/** Reads standard input to its end, or until there are more than `limit` bytes. */
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
