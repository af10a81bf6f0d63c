/**
 * The order of a task's checks, and their verdicts: each check runs once, after the checks that it
 * needs.
 */
import type { Check, Task } from "../checks/check.ts";
import type { SharedExchanges } from "../exchange/shared-exchanges.ts";
import { forCheck } from "../exchange/stage.ts";
import { type Attempt, describeAttempts } from "../model/attempt.ts";
import type { CheckReport } from "../model/report.ts";
import { Found, NotApplicable, NotShown } from "../model/verdict-errors.ts";

export type Result = Pick<CheckReport, "verdict" | "tried" | "reason" | "finding">;

export class CheckResults {
  readonly #task: Task;
  readonly #exchanges: SharedExchanges;
  readonly #results = new Map<string, Promise<Result>>();

  constructor(task: Task, exchanges: SharedExchanges) {
    this.#task = task;
    this.#exchanges = exchanges;
  }

  /** Runs the check `id`, unless it has run already. */
  get(id: string): Promise<Result> {
    const check = this.#task.checks.find((candidate) => candidate.id === id);
    if (!check) throw new TypeError(`no check ${id} in ${this.#task.id}`);
    const result = this.#results.get(id) ?? this.#run(check);
    this.#results.set(id, result);
    return result;
  }

  /** Whether the check `id` has run, and passed. */
  async hasPassed(id: string): Promise<boolean> {
    return (await this.#results.get(id))?.verdict === "pass";
  }

  async #run(check: Check): Promise<Result> {
    for (const need of check.needs) {
      const { verdict } = await this.get(need);
      if (verdict !== "pass")
        return { verdict: "not shown", reason: `it needs "${need}", which did not pass` };
    }
    return forCheck(check.id, () => check.run(this.#exchanges)).then(passed, verdictOf);
  }
}

/** A pass says what it withstood; with nothing tried, there is nothing to say. */
function passed(tried: readonly Attempt[]): Result {
  return tried.length === 0
    ? { verdict: "not shown", reason: "nothing could be tried" }
    : { verdict: "pass", tried: describeAttempts(tried) };
}

/** Any other error than those of the checks is the grader's own failure. */
function verdictOf(error: unknown): Result {
  if (error instanceof Found) return { verdict: "fail", finding: error.finding };
  if (error instanceof NotShown) return { verdict: "not shown", reason: error.message };
  if (error instanceof NotApplicable) return { verdict: "not applicable", reason: error.message };
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { verdict: "error", reason };
}
