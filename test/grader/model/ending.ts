/** How a program ended, in words. */
import type { Ending } from "./program.ts";

const STOPPED: Record<string, string> = {
  output: "it printed too much",
  memory: "it used too much memory",
  files: "it wrote too much to files",
  time: "its time was up",
};

/** Returns a predicate, such as `ended with status 1`. */
export function describeEnding({ status, stopReason }: Ending): string {
  if (stopReason === undefined)
    return status === undefined ? "was killed by a signal" : `ended with status ${status}`;
  const why = STOPPED[stopReason];
  return `was stopped by the grader${why === undefined ? "" : `: ${why}`}`;
}
