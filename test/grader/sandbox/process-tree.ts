/** A process and all that it started, as Linux tells it; elsewhere only the process itself is known. */
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";

/** A process; its start time tells it from a later one with the same id. */
export interface TreeProcess {
  id: number;
  started: string;
  /** Bytes of memory that it holds now; what it shares with others is counted too. */
  memory: number;
}

/** Returns the processes that descend from `root`, with itself, as far as they still have their parents. */
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

/** Says whether a thread of one of `tree` computes, or waits for a disk, at this moment: on a busy machine too. */
export function isWorking(tree: Iterable<TreeProcess>): boolean {
  return [...tree].some(({ id }) =>
    listThreads(id).some((thread) => /^.*\) [RD] /s.test(readProc(id, `task/${thread}/stat`))),
  );
}

/** Kills those of `tree` that still run. */
export function killTree(tree: Iterable<TreeProcess>): void {
  for (const { id, started } of tree) if (readStat(id)?.started === started) kill(id);
}

/** Kills process `id`, or with a negative one the group; nothing happens when there is none. */
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

function listThreads(id: number): string[] {
  try {
    return readdirSync(`/proc/${id}/task`);
  } catch {
    return [];
  }
}

function readStat(id: number): { parent: number; started: string } | undefined {
  // the name of the program, in parentheses, may hold anything
  const fields = readProc(id, "stat").replace(/^.*\)/s, "").trim().split(" ");
  const [state, parent, started] = [fields[0], fields[1], fields[19]];
  return parent === undefined || started === undefined || state === "Z"
    ? undefined
    : { parent: Number(parent), started };
}

function readMemory(id: number): number {
  return 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(readProc(id, "status"))?.[1] ?? 0);
}

function readProc(id: number, file: string): string {
  try {
    return readFileSync(`/proc/${id}/${file}`, "utf8");
  } catch {
    return "";
  }
}
