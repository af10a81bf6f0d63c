/** Starts the scripts as real processes, and reads their output. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** The project's folder. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** Starts a script as one process; the `tsx` command would be two. */
export const TSX = [process.execPath, "--import", "tsx"];

/** The same, with a key from test/keys instead of a new one. */
export const TSX_WITH_STOCK_KEY = [...TSX, "--import", "./test/support/stock-keys.ts"];

/** The environment variable with the folder of the compiled scripts, if there is one. */
export const COMPILED = "COMPILED_SCRIPTS";

const LISTENING = /^Listening on (?:.*):(\d+)$/m;

export interface Ending {
  /** The exit status; null when a signal ended it. */
  status: number | null;
  stdout: string;
  stderr: string;
}

/** A running program. */
export class Program {
  stdout = "";
  stderr = "";
  readonly child: ChildProcess;
  /** Resolves once it has ended and all of its output has arrived. */
  readonly ending: Promise<Ending>;

  /**
   * @param command the program and its arguments, run in the project's folder
   * @param options env: variables to set; input: its standard input (default: empty); keepOpen:
   *   leaves standard input open; onLine: called with each line of output as it arrives
   */
  constructor(
    command: readonly string[],
    options: {
      env?: Record<string, string>;
      input?: string | Uint8Array;
      keepOpen?: boolean;
      onLine?: (line: string) => void;
    } = {},
  ) {
    const [file = "", ...args] = useCompiled(command);
    const child = spawn(file, args, { cwd: ROOT, env: { ...process.env, ...options.env } });
    this.child = child;
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    for (const stream of [child.stdout, child.stderr]) forEachLine(stream, options.onLine);
    this.ending = new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (status) => resolve({ status, stdout: this.stdout, stderr: this.stderr }));
    });
    child.stdin.on("error", () => {}); // it may end before it has read its input
    if (options.keepOpen) child.stdin.write(options.input ?? "");
    else child.stdin.end(options.input ?? "");
  }

  /** Waits until it listens; returns the port. @throws Error if it ends first */
  async port(): Promise<number> {
    return Number(await this.#waitFor(LISTENING, "stderr", "it listened"));
  }

  /**
   * Waits until standard error matches `pattern`; returns the first group.
   *
   * @throws Error if it ends first
   */
  waitFor(pattern: RegExp): Promise<string> {
    return this.#waitFor(pattern, "stderr");
  }

  /** As `waitFor`, for standard output. */
  waitForOutput(pattern: RegExp): Promise<string> {
    return this.#waitFor(pattern, "stdout");
  }

  #waitFor(pattern: RegExp, name: "stdout" | "stderr", event = `it printed ${pattern}`): Promise<string> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const [, group] = pattern.exec(this[name]) ?? [];
        if (group === undefined) return;
        this.child[name]?.off("data", look);
        resolve(group);
      };
      this.child[name]?.on("data", look);
      look();
      this.ending.then(
        ({ status, stdout, stderr }) =>
          reject(
            new Error(
              `a program ended with status ${status} before ${event}; it printed:\n${stdout}${stderr}`,
            ),
          ),
        reject,
      );
    });
  }

  /** Kills it if it still runs, and waits until it has ended. */
  async stop(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.ending;
  }
}

function forEachLine(stream: NodeJS.ReadableStream, onLine: ((line: string) => void) | undefined): void {
  if (!onLine) return;
  let rest = "";
  stream.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(onLine);
  });
}

/** Returns `command` with the compiled script instead of tsx and its source, if there is one. */
export function useCompiled(command: readonly string[]): readonly string[] {
  const folder = process.env[COMPILED];
  const [node = "", flag, loader, ...rest] = command;
  const script = rest.findIndex((argument) => /^[^.-].*\.ts$/.test(argument));
  if (folder === undefined || flag !== "--import" || loader !== "tsx" || script < 0) return command;
  const compile = (file: string) => join(folder, file.replace(/\.ts$/, ".js"));
  if (!existsSync(compile(rest[script] ?? ""))) return command;
  // arguments before the script may be our preloads; those after it are the script's own
  const before = rest
    .slice(0, script)
    .map((argument) => (argument.endsWith(".ts") ? compile(argument) : argument));
  return [node, ...before, compile(rest[script] ?? ""), ...rest.slice(script + 1)];
}
