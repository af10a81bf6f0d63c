/** What the client can be told to do, on its command line and at its prompt: one table. */
import { readdir } from "node:fs/promises";
import process from "node:process";
import type { Writable } from "node:stream";
import { printable, quoted } from "../../../../lib/bytes/printable.ts";
import { UsageError } from "../../../../lib/cli/diagnostics.ts";
import type { RemoteEntry } from "../protocol/remote-names.ts";
import { refusalCode } from "./control-connection.ts";
import { get, put } from "./get-and-put.ts";
import { explainLocal } from "./local-file.ts";
import type { FlagName, Flags, Session } from "./session.ts";
import { remoteBasename } from "./tree.ts";

/** What an argument names, for completion. */
export type ArgumentKind = "remote" | "local" | "command";

export interface Command {
  /** Its arguments as the usage shows them, such as `FILE [LOCAL]`. */
  usage: string;
  help: string;
  /** How many arguments it takes, at least and at most. */
  count: [number, number];
  takes: ArgumentKind[];
  flags?: FlagName[];
  /** It makes no sense but at the prompt. */
  isForPrompt?: boolean;
  run: (session: Session, args: string[], flags: Flags) => Promise<void>;
}

const NEVER_MIND = Number.POSITIVE_INFINITY;
const TRANSFER_FLAGS: FlagName[] = ["recursive", "resume", "verify"];

export const COMMANDS: Record<string, Command> = {
  ls: {
    usage: "[FOLDER]",
    help: "list a folder of the server",
    count: [0, 1],
    takes: ["remote"],
    run: list,
  },
  get: {
    usage: "FILE [LOCAL]",
    help: "fetch a file, with -r a folder",
    count: [1, 2],
    takes: ["remote", "local"],
    flags: TRANSFER_FLAGS,
    run: get,
  },
  put: {
    usage: "LOCAL [FILE]",
    help: "send a file, with -r a folder",
    count: [1, 2],
    takes: ["local", "remote"],
    flags: TRANSFER_FLAGS,
    run: put,
  },
  cat: {
    usage: "FILE",
    help: "print a file",
    count: [1, 1],
    takes: ["remote"],
    run: ({ client, output }, [path = ""]) => print(client.read(path), output),
  },
  size: {
    usage: "FILE",
    help: "print how many bytes a file has",
    count: [1, 1],
    takes: ["remote"],
    async run({ client, output }, [path = ""]) {
      const size = await client.size(path);
      if (size === undefined) throw new Error(`the server does not say how long ${printable(path)} is`);
      writeLine(output, String(size));
    },
  },
  pwd: {
    usage: "",
    help: "print which folder of the server we are in",
    count: [0, 0],
    takes: [],
    run: async ({ client, output }) => writeLine(output, printable(await client.workingFolder())),
  },
  cd: {
    usage: "FOLDER",
    help: "go to another folder of the server",
    count: [1, 1],
    takes: ["remote"],
    run: ({ client }, [path = ""]) => client.changeFolder(path),
  },
  mkdir: {
    usage: "FOLDER",
    help: "make a folder",
    count: [1, 1],
    takes: ["remote"],
    run: ({ client }, [path = ""]) => client.makeFolder(path),
  },
  mv: {
    usage: "FROM TO",
    help: "rename a file or folder",
    count: [2, 2],
    takes: ["remote", "remote"],
    run: ({ client }, [from = "", to = ""]) => client.rename(from, to),
  },
  rm: {
    usage: "FILE...",
    help: "remove files",
    count: [1, NEVER_MIND],
    takes: ["remote"],
    async run({ client }, paths) {
      for (const path of paths) await client.remove(path);
    },
  },
  rmdir: {
    usage: "FOLDER",
    help: "remove a folder, which must be empty",
    count: [1, 1],
    takes: ["remote"],
    run: ({ client }, [path = ""]) => client.removeFolder(path),
  },
  lcd: {
    usage: "FOLDER",
    help: "go to another folder on this side",
    count: [1, 1],
    takes: ["local"],
    isForPrompt: true,
    run: async (_session, [path = ""]) => {
      try {
        process.chdir(path);
      } catch (error) {
        throw explainLocal(path, error);
      }
    },
  },
  lls: {
    usage: "[FOLDER]",
    help: "list a folder on this side",
    count: [0, 1],
    takes: ["local"],
    isForPrompt: true,
    run: listLocal,
  },
  help: {
    usage: "[COMMAND]",
    help: "say what there is",
    count: [0, 1],
    takes: ["command"],
    isForPrompt: true,
    run: async ({ output }, [name]) => {
      const chosen = name === undefined ? Object.keys(COMMANDS) : [name];
      for (const each of chosen) writeLine(output, helpOf(each));
    },
  },
  exit: {
    usage: "",
    help: "leave; so do quit, bye and Ctrl-D",
    count: [0, 0],
    takes: [],
    isForPrompt: true,
    // whoever runs the prompt ends it
    run: async () => {},
  },
};

/** Returns the usage of all that can be given on the command line, a line each. */
export function usageOfCommands(): string {
  const names = Object.keys(COMMANDS).filter((name) => !COMMANDS[name]?.isForPrompt);
  return names.map(helpOf).join("\n");
}

/** Returns one line about the command `name`. @throws UsageError when there is none */
export function helpOf(name: string): string {
  const { usage, flags, help } = findCommand(name);
  const left = `${name}${flags ? " [-r] [--resume] [--verify]" : ""} ${usage}`;
  return `  ${left.padEnd(46)}  ${help}`;
}

/** Returns the command `name`. @throws UsageError when there is none; `help` is where it says to look */
function findCommand(name: string, help = "help"): Command {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) throw new UsageError(`no such command: ${quoted(name)}; see ${help}`);
  return command;
}

/**
 * Finds the command that `words` and `flags` give, and checks them.
 *
 * @param isPrompt whether they were typed at the prompt
 * @throws UsageError that says what is wrong
 */
export function parseCommand(
  [name = "", ...args]: string[],
  { flags, isPrompt }: { flags: Flags; isPrompt: boolean },
): (session: Session) => Promise<void> {
  const see = isPrompt ? "help" : "--help";
  const { count, usage, run, flags: known = [], isForPrompt } = findCommand(name, see);
  if (isForPrompt && !isPrompt) throw new UsageError(`${name} is for the prompt; see ${see}`);
  const [least, most] = count;
  if (args.length < least || args.length > most)
    throw new UsageError(`${name} takes ${usage === "" ? "nothing more" : usage}; see ${see}`);
  if (args.includes("")) throw new UsageError(`${name}: a name is empty`);
  for (const [flag, isGiven] of Object.entries(flags))
    if (isGiven && !known.some((each) => each === flag))
      throw new UsageError(`${name} does not know --${flag}; see ${see}`);
  return (session) => run(session, args, flags);
}

/** `ls`. */
async function list({ client, output, terminal }: Session, [path = ""]: string[]): Promise<void> {
  const { entries, unreadable } = await client.list(path).catch(async (error) => {
    // many servers list folders only
    const entry = refusalCode(error) !== undefined && path !== "" ? await client.stat(path) : undefined;
    if (entry?.kind !== "file") throw error;
    return { entries: [{ ...entry, name: remoteBasename(path) }], unreadable: 0 };
  });
  const sorted = entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of sorted) await write(output, `${formatEntry(entry)}\n`);
  if (unreadable > 0)
    terminal.write(
      `${unreadable} names are not shown: they are not UTF-8, or cannot be told from the rest\n`,
    );
}

/** Returns the line of `ls` for `entry`: its size, its time in UTC, and its name. */
export function formatEntry({ name, kind, size, modified }: RemoteEntry): string {
  const shown = kind === "file" && size !== undefined ? String(size) : kind === "folder" ? "folder" : "-";
  const time = modified?.toISOString().slice(0, 16).replace("T", " ") ?? "";
  return `${shown.padStart(12)}  ${time.padEnd(16)}  ${printable(name)}${kind === "folder" ? "/" : ""}`;
}

/** `lls`. */
async function listLocal({ output }: Session, [path = "."]: string[]): Promise<void> {
  const entries = await readdir(path, { withFileTypes: true }).catch((error) => {
    throw explainLocal(path, error);
  });
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1)))
    await write(output, `${printable(entry.name)}${entry.isDirectory() ? "/" : ""}\n`);
}

/** Writes `stream` out as it is; to a terminal, with what would drive it escaped. */
async function print(
  stream: AsyncIterable<Uint8Array<ArrayBuffer>>,
  output: Session["output"],
): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    const text = () => decoder.decode(chunk, { stream: true }).replace(/[^\n\t]+/g, printable);
    await write(output, output.isTTY ? text() : chunk);
  }
}

function writeLine(output: Writable, line: string): void {
  output.write(`${line}\n`);
}

/** Writes to `output`, and waits until it has room for more. */
async function write(output: Writable, text: string | Uint8Array): Promise<void> {
  if (output.write(text)) return;
  await new Promise<void>((resolve) => {
    output.once("drain", resolve);
  });
}
