/** Runs the small scripts beside this file as processes of their own. */
import { spawn } from "node:child_process";
import process from "node:process";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import type { Bytes } from "../../lib/bytes/bytes.ts";
import { ROOT, TSX, useCompiled } from "./launch.ts";

export interface Result {
  /** The exit status; null when a signal ended it. */
  status: number | null;
  stdout: string;
  stderr: string;
}

/**
 * Runs `test/support/NAME` to its end.
 *
 * @param options args: its command line; input: its standard input, by default nothing;
 *   environment: variables to set, or to unset when undefined
 */
export async function runScript(
  name: string,
  options: {
    args?: string[];
    input?: Iterable<Bytes | string>;
    environment?: Record<string, string | undefined>;
  } = {},
): Promise<Result> {
  const { args = [], input = [], environment = {} } = options;
  const [file = "", ...rest] = useCompiled([...TSX, `test/support/${name}`, ...args]);
  const child = spawn(file, rest, {
    cwd: ROOT,
    env: { ...process.env, ...environment },
    timeout: 120_000,
    killSignal: "SIGKILL",
  });
  // a script that refuses its input closes it early
  child.stdin.on("error", () => {});
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  Readable.from(input, { objectMode: false }).pipe(child.stdin);
  const [stdout, stderr] = await output;
  return { status: await ended, stdout, stderr };
}
