/** Completion at the prompt: of commands, flags, and names on either side. */
import { readdir } from "node:fs/promises";
import { COMMANDS } from "./commands.ts";
import { parseWords, quoteWord } from "./prompt-words.ts";
import { TRANSFER_FLAGS } from "./session.ts";

/** A name that can be completed to. */
export interface Candidate {
  name: string;
  isFolder: boolean;
}

/** Lists a folder of the server; "" is where we are. */
export type ListRemote = (folder: string) => Promise<Candidate[]>;

/**
 * Returns what the end of `line` can be completed to, and which end that is, as `completer` of node:readline does. What cannot be
 * listed completes to nothing.
 */
export async function complete(line: string, listRemote: ListRemote): Promise<[string[], string]> {
  const { words, last } = parseWords(line);
  const typed = line.slice(last.start);
  const isNew = typed === "";
  const [name = "", ...args] = isNew ? [...words, ""] : words;
  const startsSo = (candidate: string) => candidate.startsWith(last.text);
  if (args.length === 0) return [Object.keys(COMMANDS).filter(startsSo).map(appendSpace), typed];

  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) return [[], typed];
  if (last.text.startsWith("-")) {
    const flags = command.flags ? Object.keys(TRANSFER_FLAGS).map((flag) => `--${flag}`) : [];
    return [flags.filter(startsSo).map(appendSpace), typed];
  }
  const position = args.filter((word) => !word.startsWith("-")).length - 1;
  const kind = command.takes[Math.min(position, command.takes.length - 1)];
  if (kind === "command") return [Object.keys(COMMANDS).filter(startsSo), typed];
  if (kind === undefined || position >= command.count[1]) return [[], typed];
  const list = kind === "remote" ? listRemote : listLocal;
  return [await completePath(last.text, list), typed];
}

async function completePath(path: string, list: (folder: string) => Promise<Candidate[]>): Promise<string[]> {
  const cut = path.lastIndexOf("/") + 1;
  const [folder, start] = [path.slice(0, cut), path.slice(cut)];
  try {
    const candidates = await list(folder);
    return candidates
      .filter(({ name }) => name.startsWith(start) && (start !== "" || !name.startsWith(".")))
      .filter(({ name }) => !/[\p{Cc}\p{Cf}]/u.test(name))
      .map(({ name, isFolder }) => `${quoteWord(folder + name)}${isFolder ? "/" : " "}`);
  } catch {
    return [];
  }
}

async function listLocal(folder: string): Promise<Candidate[]> {
  const entries = await readdir(folder || ".", { withFileTypes: true });
  return entries.map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }));
}

function appendSpace(text: string): string {
  return `${text} `;
}
