/** The flag `--only`: tasks, or checks of them. */
import { quoted } from "../../../lib/bytes/printable.ts";
import { UsageError } from "../../../lib/cli/diagnostics.ts";
import type { Task } from "../checks/check.ts";
import { TASKS } from "../checks/tasks/tasks.ts";

/** A task, or one check of it. */
export interface Wanted {
  task: Task;
  check?: string;
}

/**
 * Returns the tasks and checks in `text`, such as `part1,03/pinned`.
 *
 * @throws UsageError if one is unknown
 */
export function parseOnly(text: string | undefined): Wanted[] | undefined {
  return text?.split(",").map((word) => {
    const [id, check, ...rest] = word.trim().split("/");
    const task = TASKS.find((candidate) => candidate.id === id);
    if (!task || rest.length > 0)
      throw new UsageError(
        `--only ${quoted(word)}: expected one of ${TASKS.map((each) => each.id).join(", ")}, or a check of one, such as part2/secret`,
      );
    if (check === undefined) return { task };
    if (!task.checks.some((candidate) => candidate.id === check))
      throw new UsageError(
        `--only ${quoted(word)}: ${id} has the checks ${task.checks.map((each) => each.id).join(", ")}`,
      );
    return { task, check };
  });
}

/**
 * Returns the tasks to grade: those of the submission, or those of them that are wanted.
 *
 * @returns only: the ids of the wanted checks; undefined for all checks of the task
 * @throws UsageError if the submission lacks a wanted task
 */
export function chooseTasks(
  submitted: Readonly<Record<string, unknown>>,
  wanted: readonly Wanted[] | undefined,
): { task: Task; only: ReadonlySet<string> | undefined }[] {
  const has = ({ id }: Task) => submitted[id] !== undefined;
  const missing = wanted?.find(({ task }) => !has(task));
  if (missing) throw new UsageError(`--only: the submission has no ${missing.task.id}`);
  return TASKS.filter(has).flatMap((task) => {
    if (!wanted) return [{ task, only: undefined }];
    const own = wanted.filter((each) => each.task === task);
    if (own.length === 0) return [];
    const checks = own.flatMap(({ check }) => (check === undefined ? [] : [check]));
    return [{ task, only: checks.length === own.length ? new Set(checks) : undefined }];
  });
}
