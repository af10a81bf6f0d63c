/**
 * The client's prompt: one command per line, with history and completion. Ctrl-C aborts a transfer.
 */
import process from "node:process";
import { createInterface, type Interface } from "node:readline";
import { printable } from "../../../../lib/bytes/printable.ts";
import { explain, UsageError } from "../../../../lib/cli/diagnostics.ts";
import { parseFlags } from "../../../../lib/cli/flags.ts";
import { parseCommand } from "./commands.ts";
import { pickFlags, type Shell, TRANSFER_FLAGS } from "./get-and-put.ts";
import { type Candidate, complete, parseWords } from "./prompt-line.ts";

const HISTORY = 500;
const LEAVE = ["exit", "quit", "bye"];
const SHOWN_PATH = 40;

/**
 * Runs one line of the prompt.
 *
 * @returns false if it ends the prompt
 * @throws UsageError if it is not a command, and any error of the command
 */
export async function runLine(shell: Shell, line: string): Promise<boolean> {
  const { words: typed, open } = parseWords(line);
  if (open !== undefined) throw new UsageError(`missing closing quotation mark ${open}`);
  const { values, words } = parseFlags(typed, TRANSFER_FLAGS);
  const [name] = words;
  if (name === undefined) return true;
  if (LEAVE.includes(name)) return false;
  await parseCommand(words, { flags: pickFlags(values), isPrompt: true })(shell);
  return true;
}

/** Runs the prompt until the user leaves. @throws Error if the connection fails */
export async function runPrompt(shell: Shell): Promise<void> {
  const { client } = shell;
  let isBusy = false;
  let completing: Promise<unknown> = Promise.resolve();
  let folders = new Map<string, Promise<Candidate[]>>();
  const listRemote = (folder: string) => {
    const known = folders.get(folder) ?? listFolder(shell, folder);
    folders.set(folder, known);
    return known;
  };
  const terminal = createInterface({
    input: process.stdin,
    // standard output is for the server's answers only
    output: process.stderr,
    terminal: true,
    historySize: HISTORY,
    removeHistoryDuplicates: true,
    completer: (line: string, callback: (error: null, result: [string[], string]) => void) => {
      const completed = isBusy ? Promise.resolve<[string[], string]>([[], line]) : complete(line, listRemote);
      completing = completed.then(
        (result) => callback(null, result),
        () => callback(null, [[], line]),
      );
    },
  });
  terminal.on("SIGINT", () => {
    if (isBusy) client.abort();
    else {
      // clears the line
      terminal.write(null, { ctrl: true, name: "e" });
      terminal.write(null, { ctrl: true, name: "u" });
      process.stderr.write("\n");
      terminal.prompt();
    }
  });
  try {
    await converse();
  } finally {
    terminal.close();
  }

  async function converse(): Promise<void> {
    const lines = linesOf(terminal);
    await showFolder(shell, terminal);
    for (;;) {
      terminal.prompt();
      const next = await Promise.race([lines.next(), client.closed]);
      if (!next) throw client.failure;
      if (next.done) {
        process.stderr.write("\n");
        return;
      }
      isBusy = true;
      // a completion's listing must end before the next command starts
      await completing;
      try {
        if (!(await runLine(shell, next.value))) return;
        await showFolder(shell, terminal);
      } catch (error) {
        if (client.failure) throw client.failure;
        process.stderr.write(`error: ${explain(error)}\n`);
      } finally {
        folders = new Map();
        isBusy = false;
      }
    }
  }
}

/** Puts the current folder into the prompt. */
async function showFolder({ client }: Shell, terminal: Interface): Promise<void> {
  const folder = [...printable(await client.workingFolder())];
  const shown = folder.length > SHOWN_PATH ? `…${folder.slice(-SHOWN_PATH).join("")}` : folder.join("");
  terminal.setPrompt(`${shown}> `);
}

async function listFolder({ client }: Shell, folder: string): Promise<Candidate[]> {
  const { entries } = await client.list(folder);
  return entries.map(({ name, kind }) => ({ name, isFolder: kind === "folder" }));
}

/** Yields the lines, including those typed ahead. */
async function* linesOf(terminal: Interface): AsyncGenerator<string> {
  const lines: string[] = [];
  let isClosed = false;
  let wake = () => {};
  terminal.on("line", (line) => {
    lines.push(line);
    wake();
  });
  terminal.on("close", () => {
    isClosed = true;
    wake();
  });
  for (;;) {
    const line = lines.shift();
    if (line !== undefined) yield line;
    else if (isClosed) return;
    else
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
  }
}
