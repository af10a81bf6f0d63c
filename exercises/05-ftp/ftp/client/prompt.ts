/** The client's prompt: a command a line, with history and completion; Ctrl-C breaks off what is under way. */
import process from "node:process";
import { createInterface, type Interface } from "node:readline";
import { printable } from "../../../../lib/bytes/printable.ts";
import { explain, UsageError } from "../../../../lib/cli/diagnostics.ts";
import { parseFlags } from "../../../../lib/cli/flags.ts";
import { parseCommand } from "./commands.ts";
import { type Candidate, complete } from "./prompt-completion.ts";
import { parseWords } from "./prompt-words.ts";
import { pickFlags, type Session, TRANSFER_FLAGS } from "./session.ts";

const HISTORY = 500;
const LEAVE = ["exit", "quit", "bye"];
const SHOWN_PATH = 40;

/**
 * Runs one line as it is typed at the prompt.
 *
 * @returns false when it says to leave
 * @throws UsageError when it is no command, and whatever the command throws
 */
export async function runLine(session: Session, line: string): Promise<boolean> {
  const { words: typed, open } = parseWords(line);
  if (open !== undefined) throw new UsageError(`the quotation mark ${open} is left open`);
  const { values, words } = parseFlags(typed, TRANSFER_FLAGS);
  const [name] = words;
  if (name === undefined) return true;
  if (LEAVE.includes(name)) return false;
  await parseCommand(words, { flags: pickFlags(values), isPrompt: true })(session);
  return true;
}

/** Talks with whoever sits at the terminal, until he leaves. @throws Error when the connection fails */
export async function runPrompt(session: Session): Promise<void> {
  const { client } = session;
  let isBusy = false;
  let completing: Promise<unknown> = Promise.resolve();
  let folders = new Map<string, Promise<Candidate[]>>();
  const listRemote = (folder: string) => {
    const known = folders.get(folder) ?? listFolder(session, folder);
    folders.set(folder, known);
    return known;
  };
  const terminal = createInterface({
    input: process.stdin,
    // standard output is for what the server says
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
      // an empty line begins anew
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
    await showFolder(session, terminal);
    for (;;) {
      terminal.prompt();
      const next = await Promise.race([lines.next(), client.closed]);
      if (!next) throw client.failure;
      if (next.done) {
        process.stderr.write("\n");
        return;
      }
      isBusy = true;
      // its listing must be over before we ask for something else
      await completing;
      try {
        if (!(await runLine(session, next.value))) return;
        await showFolder(session, terminal);
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

/** Puts into the prompt where we are. */
async function showFolder({ client }: Session, terminal: Interface): Promise<void> {
  const folder = [...printable(await client.workingFolder())];
  const shown = folder.length > SHOWN_PATH ? `…${folder.slice(-SHOWN_PATH).join("")}` : folder.join("");
  terminal.setPrompt(`${shown}> `);
}

async function listFolder({ client }: Session, folder: string): Promise<Candidate[]> {
  const { entries } = await client.list(folder);
  return entries.map(({ name, kind }) => ({ name, isFolder: kind === "folder" }));
}

/** Yields what is typed, also what is typed ahead. */
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
