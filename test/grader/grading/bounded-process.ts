/** Runs a command within limits of time, output and memory, and ends its whole process tree. */
import { type ChildProcess, spawn } from "node:child_process";
import { StringDecoder } from "node:string_decoder";
import { formatSize } from "../../../lib/bytes/printable.ts";
import { kill, killTree, processTree, type TreeProcess } from "../sandbox/process-tree.ts";

export interface Limits {
  seconds: number;
  /** Bytes of output, on both streams together. */
  output: number;
  /** Bytes of memory, of the whole process tree. */
  memory: number;
  /** Seconds between SIGTERM and SIGKILL. */
  grace: number;
}

export interface BoundedEnding {
  /** The exit status; undefined if a signal ended it. */
  status: number | undefined;
  /** The limit that it broke, if it did: `it took more than 900 s`. */
  stopped: string | undefined;
  /** The end of its output, on both streams. */
  tail: string;
  seconds: number;
}

const TAIL_LENGTH = 16 * 1024;
// milliseconds between two measurements of memory, each of which takes a few
const MEASURE_INTERVAL = 500;

/**
 * Runs `command` in a process group of its own until it ends, and then kills what is left of its
 * tree.
 *
 * A command that breaks a limit gets SIGTERM first, so that it can stop its own programs and remove
 * its files.
 *
 * @param options signal: ends it early; `stopped` is then "it was interrupted"
 */
export function runBounded(
  command: readonly string[],
  { limits, signal, cwd }: { limits: Limits; signal?: AbortSignal | undefined; cwd?: string },
): Promise<BoundedEnding> {
  const [file = "", ...args] = command;
  const began = performance.now();
  const child = spawn(file, args, {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    ...(cwd !== undefined && { cwd }),
  });
  const seen = new Map<number, TreeProcess>();
  let stopped: string | undefined;
  let killTimer: NodeJS.Timeout | undefined;
  const stop = (why: string) => {
    if (stopped !== undefined) return;
    stopped = why;
    measure();
    kill(-(child.pid ?? 0), "SIGTERM");
    killTimer = setTimeout(() => end(child, seen), 1000 * limits.grace);
  };
  const measure = () => {
    if (child.pid === undefined) return;
    let memory = 0;
    for (const one of processTree(child.pid)) {
      seen.set(one.id, one);
      memory += one.memory;
    }
    if (memory > limits.memory) stop(`it used more than ${formatSize(limits.memory)} of memory`);
  };
  const timer = setTimeout(() => stop(`it took more than ${limits.seconds} s`), 1000 * limits.seconds);
  const measuring = setInterval(measure, MEASURE_INTERVAL);
  const interrupt = () => stop("it was interrupted");
  if (signal?.aborted) interrupt();
  signal?.addEventListener("abort", interrupt);

  const tail = readTail(child, limits.output, () =>
    stop(`it printed more than ${formatSize(limits.output)}`),
  );
  return new Promise((resolve) => {
    const finish = (status: number | undefined, note = "") => {
      clearTimeout(timer);
      clearTimeout(killTimer);
      clearInterval(measuring);
      signal?.removeEventListener("abort", interrupt);
      resolve({ status, stopped, tail: tail() + note, seconds: (performance.now() - began) / 1000 });
    };
    child.once("error", (error) => finish(undefined, String(error.message)));
    child.once("exit", (status) => {
      // another process may hold its streams open: without this, `close` would never come
      end(child, seen);
      child.once("close", () => finish(status ?? undefined));
    });
  });
}

function end(child: ChildProcess, seen: Map<number, TreeProcess>): void {
  if (child.pid === undefined) return;
  for (const one of processTree(child.pid)) seen.set(one.id, one);
  kill(-child.pid);
  killTree(seen.values());
}

/** Collects the output of `child`; calls `onFlood` once it exceeds `limit` bytes. */
function readTail(child: ChildProcess, limit: number, onFlood: () => void): () => string {
  let tail = "";
  let length = 0;
  for (const stream of [child.stdout, child.stderr]) {
    const decoder = new StringDecoder("utf8");
    stream?.on("data", (bytes: Buffer) => {
      length += bytes.length;
      // decoding the rest of a flood would be a waste of time
      if (length <= 2 * limit) tail = (tail + decoder.write(bytes)).slice(-TAIL_LENGTH);
      if (length > limit) onFlood();
    });
  }
  return () => tail;
}
