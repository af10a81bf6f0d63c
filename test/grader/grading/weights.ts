/**
 * The teacher's weights: other points for the checks, and a pass mark.
 *
 *     {
 *       "passMark": 60,
 *       "tasks": { "part2": { "secret": 40, "pieces": 0, "unicode": "leave out" } }
 *     }
 *
 * A check that is not named keeps its points. Weights change no verdict, so a grade that is stored
 * can be weighed anew.
 */
import { z } from "zod";
import { quoted } from "../../../lib/bytes/printable.ts";
import { TASKS } from "../checks/tasks/tasks.ts";
import { readJson } from "../manifest/read-json.ts";
import { nearestWord } from "../model/nearest-word.ts";
import type { CheckReport, Report, TaskReport } from "../model/report.ts";
import { validate } from "../model/validate.ts";

const LEAVE_OUT = "leave out";
const MAX_POINTS = 1000;
const POINTS = `points from 0 to ${MAX_POINTS}, or "${LEAVE_OUT}"`;
const PER_CENT = "per cent, from 0 to 100";

const weightsSchema = z.strictObject({
  passMark: z.number(PER_CENT).min(0, PER_CENT).max(100, PER_CENT).optional(),
  tasks: z
    .record(
      z.string(),
      z.record(
        z.string(),
        z.union([z.number().min(0, POINTS).max(MAX_POINTS, POINTS), z.literal(LEAVE_OUT, POINTS)], POINTS),
        "an object with points for its checks",
      ),
    )
    .default({}),
});

export type Weights = z.output<typeof weightsSchema>;

/** Every check keeps its points. */
export const OWN_WEIGHTS: Weights = { tasks: {} };

/** Reads the weights in `file`. @throws Error that names the file and the field */
export function loadWeights(file: string): Weights {
  try {
    return parseWeights(readJson(file));
  } catch (error) {
    throw error instanceof Error ? new Error(`${file}: ${error.message}`) : error;
  }
}

/** Returns the weights in `json`. @throws Error that names the field, task or check */
export function parseWeights(json: unknown): Weights {
  const weights = validate(weightsSchema, json);
  for (const [id, checks] of Object.entries(weights.tasks)) {
    const task = TASKS.find((each) => each.id === id);
    if (task === undefined)
      throw unknown(
        "tasks",
        id,
        TASKS.map((each) => each.id),
      );
    const known = task.checks.map((check) => check.id);
    const stranger = Object.keys(checks).find((check) => !known.includes(check));
    if (stranger !== undefined) throw unknown(`tasks.${id}`, stranger, known);
  }
  return weights;
}

function unknown(at: string, name: string, known: string[]): Error {
  const nearest = nearestWord(name, known);
  const hint = nearest === undefined ? `expected one of ${known.join(", ")}` : `did you mean ${nearest}?`;
  return new Error(`${at}: unknown ${quoted(name, 40)}; ${hint}`);
}

/** Returns `report` with the points that `weights` gives to its verdicts. */
export function weigh(report: Report, weights: Weights): Report {
  const tasks = report.tasks.map((task) => weighTask(task, weights));
  const { passMark } = weights;
  return { ...report, tasks, ...sums(tasks), ...(passMark !== undefined && { passMark }) };
}

/** Returns `task` with these points, without the checks that are left out. */
export function weighTask(task: TaskReport, weights: Weights): TaskReport {
  const isKept = ({ id }: CheckReport) => !isLeftOut(task.id, id, weights);
  const checks = task.checks.filter(isKept).map((check) => weighCheck(check, task.id, weights));
  const left = task.checks.filter((check) => !isKept(check));
  // the times still add up
  const shared = [
    ...(task.shared ?? []),
    ...left.map(({ id, seconds }) => ({ title: `${id}, left out`, seconds })),
  ];
  return { ...task, checks, ...sums(checks), ...(shared.length > 0 && { shared }) };
}

/** Whether the check `id` of `task` is not to be graded. */
export function isLeftOut(task: string, id: string, weights: Weights): boolean {
  return weights.tasks[task]?.[id] === LEAVE_OUT;
}

/** Returns `check` of `task` with these points. */
function weighCheck(check: CheckReport, task: string, weights: Weights): CheckReport {
  const weight = weights.tasks[task]?.[check.id];
  if (typeof weight !== "number") return check;
  const maximum = check.verdict === "not applicable" ? 0 : weight;
  return { ...check, maximum, points: check.verdict === "pass" ? maximum : 0 };
}

function sums(parts: readonly { points: number; maximum: number }[]): { points: number; maximum: number } {
  const sum = (field: "points" | "maximum") => parts.reduce((total, part) => total + part[field], 0);
  return { points: sum("points"), maximum: sum("maximum") };
}
