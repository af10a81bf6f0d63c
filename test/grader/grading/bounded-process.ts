/** Runs a command that may hang, flood or grow, and ends it and all that it started when it does. */
import { type ChildProcess, spawn } from "node:child_process";
import { StringDecoder } from "node:string_decoder";
import { formatSize } from "../../../lib/bytes/printable.ts";
import { kill, killTree, processTree, type TreeProcess } from "../sandbox/process-tree.ts";

export interface Limits {
  seconds: number;
  /** Bytes that it may print, on both streams together. */
  output: number;
  /** Bytes of memory, of it and all that it started, together. */
  memory: number;
  /** Seconds that it may clean up behind itself once it is asked to stop. */
  grace: number;
}

export interface BoundedEnding {
  /** The exit status; undefined when a signal ended it. */
  status: number | undefined;
  /** Why it was ended, if it was, as the end of a sentence: `it took more than 900 s`. */
  stopped: string | undefined;
  /** The last of what it printed, on both streams. */
  tail: string;
  seconds: number;
}

const TAIL_LENGTH = 16 * 1024;
// how often the memory is looked at; this takes some milliseconds each time
const LOOK_INTERVAL = 500;

/**
 * Runs `command` in a process group of its own, until it ends; then nothing of it is left.
 *
 * A request to stop, SIGTERM, comes before the kill, so that it can take its own programs and files away.
 *
 * @param options signal: ends it early, `stopped` is then "it was interrupted"
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
    look();
    kill(-(child.pid ?? 0), "SIGTERM");
    killTimer = setTimeout(() => end(child, seen), 1000 * limits.grace);
  };
  const look = () => {
    if (child.pid === undefined) return;
    let memory = 0;
    for (const one of processTree(child.pid)) {
      seen.set(one.id, one);
      memory += one.memory;
    }
    if (memory > limits.memory) stop(`it used more than ${formatSize(limits.memory)} of memory`);
  };
  const timer = setTimeout(() => stop(`it took more than ${limits.seconds} s`), 1000 * limits.seconds);
  const looking = setInterval(look, LOOK_INTERVAL);
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
      clearInterval(looking);
      signal?.removeEventListener("abort", interrupt);
      resolve({ status, stopped, tail: tail() + note, seconds: (performance.now() - began) / 1000 });
    };
    child.once("error", (error) => finish(undefined, String(error.message)));
    child.once("exit", (status) => {
      // whoever else holds its streams open would keep us waiting
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

/** Collects what `child` prints; `onFlood` is called once it is more than `limit` bytes. */
function readTail(child: ChildProcess, limit: number, onFlood: () => void): () => string {
  let tail = "";
  let length = 0;
  for (const stream of [child.stdout, child.stderr]) {
    const decoder = new StringDecoder("utf8");
    stream?.on("data", (bytes: Buffer) => {
      length += bytes.length;
      // what comes later is not worth its time
      if (length <= 2 * limit) tail = (tail + decoder.write(bytes)).slice(-TAIL_LENGTH);
      if (length > limit) onFlood();
    });
  }
  return () => tail;
}
