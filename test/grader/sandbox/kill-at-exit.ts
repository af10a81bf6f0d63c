/** Kills processes when this one exits: Ctrl-C may end it at any time. */
import type { ChildProcess } from "node:child_process";
import process from "node:process";
import { kill } from "./process-tree.ts";

const running = new Set<number>();
let killsAtExit = false;

/** @param options group: `child` leads a process group, all of which is killed */
export function killAtExit(child: ChildProcess, { group = false } = {}): void {
  if (child.pid === undefined) return;
  // before the temporary folders are removed, which the processes may write to
  if (!killsAtExit) process.prependOnceListener("exit", killAll);
  killsAtExit = true;
  const id = group ? -child.pid : child.pid;
  running.add(id);
  child.once("exit", () => running.delete(id));
}

function killAll(): void {
  for (const id of running) kill(id);
}
