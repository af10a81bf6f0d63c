/** Grades one task: runs its checks, and reports their verdicts. */
import { availableParallelism } from "node:os";
import { Semaphore } from "../../../lib/async/semaphore.ts";
import type { Check, Task } from "../checks/check.ts";
import { SharedExchanges } from "../exchange/shared-exchanges.ts";
import { currentStage, sharedStage } from "../exchange/stage.ts";
import type { Outcome } from "../model/outcome.ts";
import type { CheckReport, TaskReport } from "../model/report.ts";
import type { Stage } from "../model/stage.ts";
import type { PreparedTask } from "../run/prepared-task.ts";
import { CheckResults, type Result } from "./check-results.ts";
import { findDeadPrograms, needsClosing } from "./closing-exchange.ts";
import { findReadableTexts } from "./readable-texts.ts";
import { Stopwatch } from "./stopwatch.ts";

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
  /** Try each check in its shortest form. */
  quick?: boolean | undefined;
  /** Returns the command that runs only the check `id` again. */
  repeat: (id: string) => string;
  /** Receives each exchange after its end, with the check that first ran it. */
  record?: (check: string, title: string, outcome: Outcome) => void;
  /** Receives a function that returns the stages that are worked on at present. */
  began?: (stages: () => readonly Stage[]) => void;
  /** Called when the result of a check is known, although later doubts may change it. */
  tried?: (check: string) => void;
}

/** Stands for a check in the records of exchanges that belong to none. */
const CLOSING = "closing";

/** Grades `prepared` by `task`. */
export async function gradeTask(
  task: Task,
  prepared: PreparedTask,
  options: GradeOptions,
): Promise<TaskReport> {
  const stopwatch = new Stopwatch();
  options.began?.(() => stopwatch.active);
  const took: number[] = [];
  const exchanges = new SharedExchanges(prepared, {
    semaphore: new MeasuredSemaphore(options.jobs ?? availableParallelism() + 2, stopwatch),
    compute: (task) => stopwatch.measure(currentStage(), task),
    timeout: options.timeout ?? prepared.manifest.timeout,
    quick: options.quick,
    keepsFolders: task.keepsFolders,
    longText: task.longText,
    record: (title, outcome) => {
      took.push(outcome.took / 1000);
      options.record?.(currentStage().check ?? CLOSING, title, outcome);
    },
  });
  const results = new CheckResults(task, exchanges);
  const wanted = task.checks.filter(({ id }) => !options.only || options.only.has(id));
  let reason: string | undefined;
  let readable: string | undefined;
  try {
    await Promise.all(wanted.map(({ id }) => results.get(id).then(() => options.tried?.(id))));
    reason = await sharedStage("closing exchange", () => findDeadPrograms(task, exchanges, results));
    readable = await findReadableTexts(wanted, exchanges, results);
  } finally {
    await exchanges.finish();
  }
  const times = stopwatch.times();
  const checks: CheckReport[] = [];
  for (const check of wanted) {
    const result = await results.get(check.id);
    const doubt = (needsClosing(check) ? reason : undefined) ?? (check.isFunctional ? undefined : readable);
    const [seconds, repeat] = [times.get(check.id) ?? 0, options.repeat(check.id)];
    checks.push(reportOf(check, withDoubt(result, doubt), { seconds, repeat }));
    times.delete(check.id);
  }
  const sum = (field: "points" | "maximum") => checks.reduce((total, check) => total + check[field], 0);
  const shared = [...times].map(([title, seconds]) => ({ title, seconds }));
  return {
    id: task.id,
    title: task.title,
    seconds: [...checks, ...shared].reduce((total, { seconds }) => total + seconds, 0),
    points: sum("points"),
    maximum: sum("maximum"),
    checks,
    shared,
    exchanges: { count: took.length, seconds: took[0] ?? 0 },
  };
}

/** Counts the time in which a task runs, not the time in which it waits for its turn. */
class MeasuredSemaphore extends Semaphore {
  readonly #stopwatch: Stopwatch;

  constructor(width: number, stopwatch: Stopwatch) {
    super(width);
    this.#stopwatch = stopwatch;
  }

  override run<T>(task: () => Promise<T>): Promise<T> {
    return super.run(() => this.#stopwatch.measure(currentStage(), task));
  }
}

/** A pass shows nothing if there is a doubt about all passes of its kind. */
function withDoubt(result: Result, doubt: string | undefined): Result {
  return result.verdict === "pass" && doubt !== undefined ? { verdict: "not shown", reason: doubt } : result;
}

function reportOf(
  { id, title, points }: Check,
  { verdict, ...rest }: Result,
  { seconds, repeat }: Pick<CheckReport, "seconds" | "repeat">,
): CheckReport {
  return {
    id,
    title,
    verdict,
    points: verdict === "pass" ? points : 0,
    maximum: verdict === "not applicable" ? 0 : points,
    seconds,
    ...rest,
    repeat,
  };
}
