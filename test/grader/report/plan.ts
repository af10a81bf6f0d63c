/** What a grading will do and how long that takes, and what it had done when it was interrupted. */
import type { TaskReport } from "../model/report.ts";
import { ratio } from "./terminal-summary.ts";
import { counted, formatSeconds, oneLine } from "./visible.ts";

export interface PlannedTask {
  id: string;
  /** How many checks will be tried. */
  checks: number;
}

/** Seconds for a task on two processors; slow programs take longer. */
const USUAL = { full: 90, quick: 15 };
/** A grading of fewer checks is over before anyone has read how long it takes. */
const MIN_CHECKS = 5;
const QUICK = "whether it works, and the cheapest attack of each kind";

/** Returns what is graded, and about how long that takes. */
export function describePlan(name: string, plan: readonly PlannedTask[], quick: boolean): string {
  const checks = plan.reduce((sum, task) => sum + task.checks, 0);
  const what = `Grading ${oneLine(name)}: ${plan.map(({ id }) => id).join(", ")} (${counted(checks, "check")}).`;
  if (checks < MIN_CHECKS) return what;
  const time = (each: number) => `about ${minutes(each * plan.length)}`;
  if (quick)
    return `${what}\nQuick: ${QUICK}. This takes ${time(USUAL.quick)}, and the points are provisional.`;
  return `${what}\nThis takes ${time(USUAL.full)}. With --quick it takes ${time(USUAL.quick)}: ${QUICK}.`;
}

/** Returns what was done before an interruption, and what was not. */
export function describeInterruption(
  plan: readonly PlannedTask[],
  done: readonly TaskReport[],
  { seconds, seed }: { seconds: number; seed: string },
): string {
  const isDone = ({ id }: PlannedTask) => done.some((task) => task.id === id);
  const graded = done.map((task) => `${task.id} (${ratio(task)} points)`);
  const left = plan.filter((task) => !isDone(task)).map(({ id }) => id);
  return [
    `Interrupted after ${formatSeconds(seconds)}. No report was written.`,
    `  graded      ${graded.join(", ") || "no task"}`,
    `  not graded  ${left.join(", ")}`,
    `The same attacks again: --seed ${oneLine(seed)}. The other tasks: --only ${left.join(",")}.`,
  ].join("\n");
}

function minutes(seconds: number): string {
  return seconds < 45 ? "half a minute" : counted(Math.round(seconds / 60), "minute");
}
