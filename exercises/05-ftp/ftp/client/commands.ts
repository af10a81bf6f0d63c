/** The client's commands, on its command line and at its prompt. */
import { readdir } from "node:fs/promises";
import process from "node:process";
import type { Writable } from "node:stream";
import { printable, quoted } from "../../../../lib/bytes/printable.ts";
import { UsageError } from "../../../../lib/cli/diagnostics.ts";
import type { RemoteEntry } from "../protocol/listing.ts";
import { refusalCode } from "./control-connection.ts";
import { type FlagName, type Flags, get, put, type Shell } from "./get-and-put.ts";
import { explainLocal } from "./local-file.ts";
import { remoteBasename } from "./tree.ts";

/** What an argument names, for completion. */
export type ArgumentKind = "remote" | "local" | "command";

export interface Command {
  /** Its arguments, such as `FILE [LOCAL]`. */
  usage: string;
  help: string;
  /** The least and the greatest number of arguments. */
  count: [number, number];
  /** The kinds of its arguments; the last one repeats. */
  takes: ArgumentKind[];
  flags?: FlagName[];
  /** Whether it is for the prompt only. */
  isForPrompt?: boolean;
  run: (shell: Shell, args: string[], flags: Flags) => Promise<void>;
}

const TRANSFER: FlagName[] = ["recursive", "resume", "verify"];

export const COMMANDS: Record<string, Command> = {
  ls: command("[FOLDER]", "list a folder on the server", ["remote"], list),
  get: {
    ...command("FILE [LOCAL]", "download a file, with -r a folder", ["remote", "local"], get),
    flags: TRANSFER,
  },
  put: {
    ...command("LOCAL [FILE]", "upload a file, with -r a folder", ["local", "remote"], put),
    flags: TRANSFER,
  },
  cat: command("FILE", "print a file", ["remote"], cat),
  size: command("FILE", "print the size of a file in bytes", ["remote"], size),
  pwd: command("", "print the current folder on the server", [], pwd),
  cd: command("FOLDER", "change the folder on the server", ["remote"], ({ client }, [path = ""]) =>
    client.changeFolder(path),
  ),
  mkdir: command("FOLDER", "create a folder", ["remote"], ({ client }, [path = ""]) =>
    client.makeFolder(path),
  ),
  mv: command("FROM TO", "rename a file or folder", ["remote"], ({ client }, [from = "", to = ""]) =>
    client.rename(from, to),
  ),
  rm: command("FILE...", "remove files", ["remote"], async ({ client }, paths) => {
    for (const path of paths) await client.remove(path);
  }),
  rmdir: command("FOLDER", "remove an empty folder", ["remote"], ({ client }, [path = ""]) =>
    client.removeFolder(path),
  ),
  lcd: forPrompt("FOLDER", "change the local folder", ["local"], changeLocal),
  lls: forPrompt("[FOLDER]", "list a local folder", ["local"], listLocal),
  help: forPrompt("[COMMAND]", "show the commands", ["command"], showHelp),
  // the prompt ends on its name
  exit: forPrompt("", "leave; also quit, bye and Ctrl-D", [], async () => {}),
};

/** Returns a command; its usage states how many arguments it takes. */
function command(usage: string, help: string, takes: ArgumentKind[], run: Command["run"]): Command {
  const words = usage === "" ? [] : usage.split(" ");
  const most = usage.endsWith("...") ? Number.POSITIVE_INFINITY : words.length;
  return { usage, help, count: [words.filter((word) => !word.startsWith("[")).length, most], takes, run };
}

function forPrompt(...args: Parameters<typeof command>): Command {
  return { ...command(...args), isForPrompt: true };
}

/** Returns the usage of the commands for the command line, one per line. */
export function usageOfCommands(): string {
  const names = Object.keys(COMMANDS).filter((name) => !COMMANDS[name]?.isForPrompt);
  return names.map(helpOf).join("\n");
}

/** Returns one line about the command `name`. @throws UsageError if it does not exist */
export function helpOf(name: string): string {
  const { usage, flags, help } = findCommand(name);
  const left = `${name}${flags ? " [-r] [--resume] [--verify]" : ""} ${usage}`;
  return `  ${left.padEnd(46)}  ${help}`;
}

/** @throws UsageError if the command does not exist; it refers to `help` */
function findCommand(name: string, help = "help"): Command {
  const found = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!found) throw new UsageError(`no such command: ${quoted(name)}; see ${help}`);
  return found;
}

/**
 * Checks a command and returns a function that runs it.
 *
 * @param isPrompt whether it was typed at the prompt
 * @throws UsageError that says what is wrong
 */
export function parseCommand(
  [name = "", ...args]: string[],
  { flags, isPrompt }: { flags: Flags; isPrompt: boolean },
): (shell: Shell) => Promise<void> {
  const see = isPrompt ? "help" : "--help";
  const { count, usage, run, flags: known = [], isForPrompt } = findCommand(name, see);
  if (isForPrompt && !isPrompt) throw new UsageError(`${name} only works at the prompt; see ${see}`);
  const [least, most] = count;
  if (args.length < least || args.length > most)
    throw new UsageError(`${name} takes ${usage === "" ? "no arguments" : usage}; see ${see}`);
  if (args.includes("")) throw new UsageError(`${name}: a name is empty`);
  // Node puts U+FFFD where the command line, or what is typed, is not UTF-8
  const damaged = args.find((arg) => arg.includes("\ufffd"));
  if (damaged !== undefined) throw new UsageError(`${name}: ${quoted(damaged)} was not UTF-8`);
  for (const [flag, isGiven] of Object.entries(flags))
    if (isGiven && !known.some((each) => each === flag))
      throw new UsageError(`${name} has no flag --${flag}; see ${see}`);
  return (shell) => run(shell, args, flags);
}

async function list({ client, output }: Shell, [path = ""]: string[]): Promise<void> {
  const { entries, unreadable } = await client.list(path).catch(async (error) => {
    // many servers list folders only
    const entry = refusalCode(error) !== undefined && path !== "" ? await client.stat(path) : undefined;
    if (entry?.kind !== "file") throw error;
    return { entries: [{ ...entry, name: remoteBasename(path) }], unreadable: 0 };
  });
  const sorted = entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of sorted) await write(output, `${formatEntry(entry)}\n`);
  if (unreadable > 0)
    throw new Error(`entries not shown: ${unreadable} (malformed lines, or names that are not UTF-8)`);
}

/** Returns the line of `ls` for `entry`: its size, its time in UTC, and its name. */
export function formatEntry({ name, kind, size, modified }: RemoteEntry): string {
  const shown = kind === "file" && size !== undefined ? String(size) : kind === "folder" ? "folder" : "-";
  const time = modified?.toISOString().slice(0, 16).replace("T", " ") ?? "";
  return `${shown.padStart(12)}  ${time.padEnd(16)}  ${printable(name)}${kind === "folder" ? "/" : ""}`;
}

async function cat({ client, output }: Shell, [path = ""]: string[]): Promise<void> {
  // for a terminal only, which gets no control characters, and U+FFFD for what is not UTF-8
  const decoder = new TextDecoder();
  const show = (text: string) => text.replace(/[^\n\t]+/g, printable);
  for await (const chunk of client.read(path))
    await write(output, output.isTTY ? show(decoder.decode(chunk, { stream: true })) : chunk);
  if (output.isTTY) await write(output, show(decoder.decode()));
}

async function size({ client, output }: Shell, [path = ""]: string[]): Promise<void> {
  const bytes = await client.size(path);
  if (bytes === undefined) throw new Error(`the server does not report the size of ${printable(path)}`);
  await write(output, `${bytes}\n`);
}

async function pwd({ client, output }: Shell): Promise<void> {
  await write(output, `${printable(await client.workingFolder())}\n`);
}

async function changeLocal(_shell: Shell, [path = ""]: string[]): Promise<void> {
  try {
    process.chdir(path);
  } catch (error) {
    throw explainLocal(path, error);
  }
}

async function listLocal({ output }: Shell, [path = "."]: string[]): Promise<void> {
  const entries = await readdir(path, { withFileTypes: true }).catch((error) => {
    throw explainLocal(path, error);
  });
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1)))
    await write(output, `${printable(entry.name)}${entry.isDirectory() ? "/" : ""}\n`);
}

async function showHelp({ output }: Shell, [name]: string[]): Promise<void> {
  const chosen = name === undefined ? Object.keys(COMMANDS) : [name];
  await write(output, `${chosen.map(helpOf).join("\n")}\n`);
}

/** Writes to `output`, and waits until it accepts more. */
async function write(output: Writable, text: string | Uint8Array): Promise<void> {
  if (output.write(text)) return;
  await new Promise<void>((resolve) => {
    output.once("drain", resolve);
  });
}
