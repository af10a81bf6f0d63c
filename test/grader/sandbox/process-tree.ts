/** A process and its descendants, on Linux; elsewhere the tree is empty. */
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";

/** A process; the start time distinguishes it from a later one with the same ID. */
export interface TreeProcess {
  id: number;
  started: string;
  /** Bytes of memory in use, including memory that is shared with other processes. */
  memory: number;
}

/** Returns `root` and its descendants, except those whose parents have ended. */
export function processTree(root: number): TreeProcess[] {
  const parents = new Map<number, number>();
  for (const id of listProcesses()) {
    const stat = readStat(id);
    if (stat !== undefined) parents.set(id, stat.parent);
  }
  const belongs = (id: number): boolean => {
    for (
      let next: number | undefined = id, steps = 0;
      next !== undefined && next > 1 && steps < 1000;
      steps += 1
    ) {
      if (next === root) return true;
      next = parents.get(next);
    }
    return false;
  };
  return [...parents.keys()].filter(belongs).flatMap((id) => {
    const stat = readStat(id);
    return stat === undefined ? [] : [{ id, started: stat.started, memory: readMemory(id) }];
  });
}

/** Returns whether a thread of `tree` is computing, or waiting for a disk or a processor. */
export function isWorking(tree: Iterable<TreeProcess>): boolean {
  return [...tree].some(({ id }) =>
    listThreads(id).some((thread) => /^.*\) [RD] /s.test(readProc(id, `task/${thread}/stat`))),
  );
}

/** Kills the processes of `tree` that still run. */
export function killTree(tree: Iterable<TreeProcess>): void {
  for (const { id, started } of tree) if (readStat(id)?.started === started) kill(id);
}

/** Signals process `id`, or a group if `id` is negative; does nothing if it does not exist. */
export function kill(id: number, signal: NodeJS.Signals = "SIGKILL"): void {
  try {
    process.kill(id, signal);
  } catch {
    // it has ended
  }
}

function listProcesses(): number[] {
  try {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

/** Returns the threads of process `id`; none if it has ended. */
export function listThreads(id: number): string[] {
  try {
    return readdirSync(`/proc/${id}/task`);
  } catch {
    return [];
  }
}

function readStat(id: number): { parent: number; started: string } | undefined {
  // the program's name, in parentheses, may contain any character
  const fields = readProc(id, "stat").replace(/^.*\)/s, "").trim().split(" ");
  const [state, parent, started] = [fields[0], fields[1], fields[19]];
  return parent === undefined || started === undefined || state === "Z"
    ? undefined
    : { parent: Number(parent), started };
}

function readMemory(id: number): number {
  return 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(readProc(id, "status"))?.[1] ?? 0);
}

/** Returns the text of a file in /proc/ID; empty if the process has ended. */
export function readProc(id: number, file: string): string {
  try {
    return readFileSync(`/proc/${id}/${file}`, "utf8");
  } catch {
    return "";
  }
}
