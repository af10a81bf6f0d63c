/** Grades: runs the checks of a task, each once those that it needs have passed, and says what came out. */
import { AsyncLocalStorage } from "node:async_hooks";
import { availableParallelism } from "node:os";
import { Semaphore } from "../../../lib/async/semaphore.ts";
import type { Check, Task } from "../checks/check.ts";
import { describeEnding } from "../exchange/sequence-diagram.ts";
import { SharedExchanges } from "../exchange/shared-exchanges.ts";
import type { Outcome } from "../model/outcome.ts";
import type { CheckReport, TaskReport } from "../model/report.ts";
import { Found, NotApplicable, NotShown } from "../model/verdict-errors.ts";
import type { PreparedTask } from "../run/prepared-task.ts";

export interface GradeOptions {
  /** Exchanges at a time; by default one more than there are processors, since some of their time is waiting. */
  jobs?: number;
  /** Seconds that a plain exchange may take, where it is not what the manifest says. */
  timeout?: number | undefined;
  /** Ids of the checks to report; what they need is run too. */
  only?: ReadonlySet<string> | undefined;
  /** Returns the command that tries one check again. */
  repeat: (check: string) => string;
  /** Is given each exchange when it is over, with the check for which it was first run. */
  record?: (check: string, title: string, outcome: Outcome) => void;
  started?: (check: Check) => void;
  finished?: (report: CheckReport) => void;
}

/** The check for which an exchange is run. */
const running = new AsyncLocalStorage<string>();
/** The exchanges after all checks. */
const CLOSING = "closing";

type Result = Pick<CheckReport, "verdict" | "seconds"> & Partial<Pick<CheckReport, "reason" | "finding">>;

/** Grades the submission in `lab` by `task`. */
export async function gradeTask(
  task: Task,
  prepared: PreparedTask,
  options: GradeOptions,
): Promise<TaskReport> {
  const start = performance.now();
  const { keepsFolders } = task;
  const semaphore = new Semaphore(options.jobs ?? availableParallelism() + 1);
  const record = (title: string, outcome: Outcome) =>
    options.record?.(running.getStore() ?? CLOSING, title, outcome);
  const exchanges = new SharedExchanges(prepared, {
    semaphore,
    timeout: options.timeout ?? prepared.manifest.timeout,
    keepsFolders,
    record,
  });
  const results = new Map<string, Promise<Result>>();
  const resultOf = (id: string): Promise<Result> => {
    const check = task.checks.find((candidate) => candidate.id === id);
    if (!check) throw new TypeError(`no check ${id} in ${task.id}`);
    const known = results.get(id) ?? runCheck(check, exchanges, resultOf, options);
    results.set(id, known);
    return known;
  };
  const wanted = task.checks.filter(({ id }) => !options.only || options.only.has(id));
  let closing: Awaited<ReturnType<typeof closingFrame>>;
  try {
    await Promise.all(wanted.map(({ id }) => resultOf(id)));
    closing = await closingFrame(task, exchanges, results);
  } finally {
    await exchanges.finish();
  }
  const checks = await Promise.all(
    wanted.map(async (check): Promise<CheckReport> => {
      const result = await resultOf(check.id);
      const { verdict, ...rest } =
        closing && isFramed(check) && result.verdict === "pass" ? { ...result, ...closing } : result;
      const points = verdict === "pass" ? check.points : 0;
      const maximum = verdict === "not applicable" ? 0 : check.points;
      const report = {
        id: check.id,
        title: check.title,
        verdict,
        points,
        maximum,
        ...rest,
        repeat: options.repeat(check.id),
      };
      options.finished?.(report);
      return report;
    }),
  );
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

async function runCheck(
  check: Check,
  exchanges: SharedExchanges,
  resultOf: (id: string) => Promise<Result>,
  { started }: GradeOptions,
): Promise<Result> {
  for (const need of check.needs) {
    const { verdict } = await resultOf(need);
    if (verdict !== "pass")
      return { verdict: "not shown", seconds: 0, reason: `it needs "${need}", which did not pass` };
  }
  started?.(check);
  const start = performance.now();
  const result = (verdict: Result["verdict"], more: Partial<Result> = {}): Result => ({
    verdict,
    seconds: (performance.now() - start) / 1000,
    ...more,
  });
  try {
    await running.run(check.id, () => check.run(exchanges));
    return result("pass");
  } catch (error) {
    if (error instanceof Found) return result("fail", { finding: error.finding });
    if (error instanceof NotShown) return result("not shown", { reason: error.message });
    if (error instanceof NotApplicable) return result("not applicable", { reason: error.message });
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return result("error", { reason });
  }
}

/** A check that passes because something did not happen. */
function isFramed({ needs, showsLife }: Check): boolean {
  return needs.length > 0 && !showsLife;
}

/**
 * A last plain exchange, after all attacks: programs that do not even talk any more have not resisted.
 *
 * Returns what is then to be said of the checks that passed; undefined when all is well.
 */
async function closingFrame(
  { checks }: Task,
  exchanges: SharedExchanges,
  results: Map<string, Promise<Result>>,
): Promise<Pick<Result, "verdict" | "reason"> | undefined> {
  const wedged =
    results.size > 0 && (await results.get("message"))?.verdict === "pass" ? await exchanges.close() : 0;
  if (wedged > 0) {
    const reason =
      "a server that had been attacked did not serve a plain client any more: what does not talk resists nothing";
    return { verdict: "not shown", reason };
  }
  const passed = await Promise.all(
    checks.map(async (check) => isFramed(check) && (await results.get(check.id))?.verdict === "pass"),
  );
  if (!passed.includes(true)) return undefined;
  const { first } = await exchanges.baseline();
  // one that fails may be bad luck; two in a row are not
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const last = await exchanges.run({ title: "after all attacks", patient: true }).catch(() => undefined);
    if (last && last.times.message >= first.times.message && last.times.reply >= first.times.reply)
      return undefined;
    if (attempt === 1) {
      const ending = last?.endings.server
        ? `, the server ended with ${describeEnding(last.endings.server)}`
        : "";
      return {
        verdict: "not shown",
        reason: `a plain exchange after the attacks did not work${ending}: what does not talk resists nothing`,
      };
    }
  }
  return undefined;
}
