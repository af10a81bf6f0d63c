/** Grades one task: runs its checks, and reports their verdicts. */
import { availableParallelism } from "node:os";
import { Semaphore } from "../../../lib/async/semaphore.ts";
import type { Check, Task } from "../checks/check.ts";
import { SharedExchanges } from "../exchange/shared-exchanges.ts";
import type { Outcome } from "../model/outcome.ts";
import type { CheckReport, TaskReport } from "../model/report.ts";
import type { PreparedTask } from "../run/prepared-task.ts";
import { CheckResults, type Result, runningCheck } from "./check-results.ts";
import { findDeadPrograms, needsClosing } from "./closing-exchange.ts";
import { findReadableTexts } from "./readable-texts.ts";

export interface GradeOptions {
  /**
   * Exchanges at a time; by default two more than there are processors, because an exchange spends
   * part of its time waiting.
   */
  jobs?: number;
  /** The longest time for a plain exchange in seconds; by default the manifest's. */
  timeout?: number | undefined;
  /** Ids of the checks to report; the checks that they need run too. */
  only?: ReadonlySet<string> | undefined;
  /** Returns the command that runs only the check `id` again. */
  repeat: (id: string) => string;
  /** Receives each exchange after its end, with the check that first ran it. */
  record?: (check: string, title: string, outcome: Outcome) => void;
  started?: (check: Check) => void;
  finished?: (report: CheckReport) => void;
}

/** Stands for a check in the records of exchanges that belong to none. */
const CLOSING = "closing";

/** Grades `prepared` by `task`. */
export async function gradeTask(
  task: Task,
  prepared: PreparedTask,
  options: GradeOptions,
): Promise<TaskReport> {
  const start = performance.now();
  const exchanges = new SharedExchanges(prepared, {
    semaphore: new Semaphore(options.jobs ?? availableParallelism() + 2),
    timeout: options.timeout ?? prepared.manifest.timeout,
    keepsFolders: task.keepsFolders,
    longText: task.longText,
    record: (title, outcome) => options.record?.(runningCheck() ?? CLOSING, title, outcome),
  });
  const results = new CheckResults(task, exchanges, options.started);
  const wanted = task.checks.filter(({ id }) => !options.only || options.only.has(id));
  let reason: string | undefined;
  let readable: string | undefined;
  try {
    await Promise.all(wanted.map(({ id }) => results.get(id)));
    reason = await findDeadPrograms(task, exchanges, results);
    readable = await findReadableTexts(wanted, exchanges, results);
  } finally {
    await exchanges.finish();
  }
  const checks: CheckReport[] = [];
  for (const check of wanted) {
    const result = await results.get(check.id);
    const doubt = (needsClosing(check) ? reason : undefined) ?? (check.isFunctional ? undefined : readable);
    const report = reportOf(check, withDoubt(result, doubt), options);
    options.finished?.(report);
    checks.push(report);
  }
  const sum = (field: "points" | "maximum") => checks.reduce((total, check) => total + check[field], 0);
  return {
    id: task.id,
    title: task.title,
    seconds: (performance.now() - start) / 1000,
    points: sum("points"),
    maximum: sum("maximum"),
    checks,
  };
}

/** A pass shows nothing if there is a doubt about all passes of its kind. */
function withDoubt(result: Result, doubt: string | undefined): Result {
  if (result.verdict !== "pass" || doubt === undefined) return result;
  const { seconds } = result;
  return { verdict: "not shown", seconds, reason: doubt };
}

function reportOf({ id, title, points }: Check, result: Result, { repeat }: GradeOptions): CheckReport {
  const { verdict, ...rest } = result;
  return {
    id,
    title,
    verdict,
    points: verdict === "pass" ? points : 0,
    maximum: verdict === "not applicable" ? 0 : points,
    ...rest,
    repeat: repeat(id),
  };
}
