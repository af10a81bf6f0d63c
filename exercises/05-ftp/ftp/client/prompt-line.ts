/** A line at the prompt: its words, and what they can be completed to. */
import { readdir } from "node:fs/promises";
import { COMMANDS } from "./commands.ts";
import { TRANSFER_FLAGS } from "./get-and-put.ts";

export interface Words {
  words: string[];
  /** The word that the next key would extend, and its start in the line. */
  last: { start: number; text: string };
  /** The quotation mark that is still open, if any. */
  open: string | undefined;
}

/** A name to complete to. */
export interface Candidate {
  name: string;
  isFolder: boolean;
}

/** Lists a folder; "" is the current one. */
type List = (folder: string) => Promise<Candidate[]>;

/**
 * Splits `line` at spaces. `\` quotes one character; `'` and `"` quote everything up to the next
 * one.
 */
export function parseWords(line: string): Words {
  const words: string[] = [];
  let text: string | undefined;
  let start = 0;
  let open: string | undefined;
  for (let index = 0; index < line.length; index += 1) {
    const character = line.charAt(index);
    const isSpace = open === undefined && (character === " " || character === "\t");
    if (isSpace) {
      if (text !== undefined) words.push(text);
      text = undefined;
      start = index + 1;
      continue;
    }
    text ??= "";
    if (character === open) open = undefined;
    else if (open === undefined && (character === "'" || character === '"')) open = character;
    else if (character === "\\" && open !== "'" && index + 1 < line.length) {
      index += 1;
      text += line.charAt(index);
    } else text += character;
  }
  if (text !== undefined) words.push(text);
  return { words, last: { start, text: text ?? "" }, open };
}

/** Quotes `word`, so that `parseWords` returns it as one word. */
export function quoteWord(word: string): string {
  return word.replace(/[\\'" \t]/g, "\\$&");
}

/**
 * Returns completions for the end of `line`, and that end, as `completer` of node:readline does.
 * Returns none if a folder cannot be listed.
 */
export async function complete(line: string, listRemote: List): Promise<[string[], string]> {
  const { words, last } = parseWords(line);
  const typed = line.slice(last.start);
  const [name = "", ...args] = typed === "" ? [...words, ""] : words;
  const matches = (candidate: string) => candidate.startsWith(last.text);
  if (args.length === 0) return [Object.keys(COMMANDS).filter(matches).map(appendSpace), typed];

  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) return [[], typed];
  if (last.text.startsWith("-")) {
    const flags = command.flags ? Object.keys(TRANSFER_FLAGS).map((flag) => `--${flag}`) : [];
    return [flags.filter(matches).map(appendSpace), typed];
  }
  const position = args.filter((word) => !word.startsWith("-")).length - 1;
  const kind = command.takes[Math.min(position, command.takes.length - 1)];
  if (kind === "command") return [Object.keys(COMMANDS).filter(matches), typed];
  if (kind === undefined || position >= command.count[1]) return [[], typed];
  return [await completePath(last.text, kind === "remote" ? listRemote : listLocal), typed];
}

async function completePath(path: string, list: List): Promise<string[]> {
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
