/** A grading on a terminal, during its run and at its end; in a pipe, a line for each check. */
import type { CheckReport, Report, TaskReport } from "../model/report.ts";
import { LiveLine } from "./live-line.ts";
import { checkLines } from "./terminal-check.ts";
import { type Paint, styles, type Terminal } from "./terminal-style.ts";
import { summaryLines, taskLine } from "./terminal-summary.ts";
import { cut } from "./text-width.ts";
import { formatSeconds, oneLine } from "./visible.ts";

const TICK = 100;
const SPINNER = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/**
 * Writes the progress of a grading. On a terminal, the running checks have a line that is
 * rewritten.
 *
 * Call its methods in the order of events; several checks may run at a time. Call `close` at the
 * end, and after an error.
 */
export class TerminalReport {
  readonly #style: Paint;
  readonly #line: LiveLine;
  /** The running checks, in the order of their starts. */
  readonly #running = new Map<string, { text: string; since: number }>();
  #done = 0;
  #total = 0;

  constructor(terminal: Terminal) {
    this.#style = styles(terminal.hasColours);
    this.#line = new LiveLine(terminal, this.#style, () => this.#progress());
  }

  /** @param task checks: how many checks will run */
  taskStarted(task: { id: string; title: string; checks: number }): void {
    this.#done = 0;
    this.#total = task.checks;
    this.#line.print(`\n${this.#style("bold", oneLine(`${task.id}  ${task.title}`))}`);
  }

  checkStarted(check: { id: string; title: string }): void {
    this.#running.set(check.id, { text: oneLine(check.title), since: performance.now() });
    this.#line.start(TICK);
  }

  checkFinished(check: CheckReport): void {
    this.#running.delete(check.id);
    this.#done += 1;
    this.#line.print(checkLines(check, this.#line.width, this.#style).join("\n"));
  }

  taskFinished(task: TaskReport): void {
    this.#line.print(taskLine(task, this.#line.width, this.#style));
  }

  /** Writes a table of the tasks, and the sum. */
  finished(report: Report): void {
    this.#line.print(`\n${summaryLines(report, this.#line.width, this.#style).join("\n")}`);
    this.close();
  }

  close(): void {
    this.#running.clear();
    this.#line.close();
  }

  /** Returns the check that has run for the longest time, and how many others run beside it. */
  #progress(): string | undefined {
    const [oldest] = this.#running.values();
    if (oldest === undefined) return undefined;
    const passed = performance.now() - oldest.since;
    const spinner = SPINNER[Math.floor(passed / TICK) % SPINNER.length] ?? "";
    const others = this.#running.size > 1 ? `, ${this.#running.size - 1} more` : "";
    const rest = `${others}  ${this.#done} of ${this.#total} done  ${formatSeconds(passed / 1000)}`;
    return `  ${spinner} ${cut(oldest.text, Math.max(8, this.#line.width - 5 - rest.length))}${rest}`;
  }
}

/** Returns a whole report as text of `width` columns, as a terminal shows it at the end. */
export function reportText(report: Report, width: number, hasColours = false): string {
  const style = styles(hasColours);
  const tasks = report.tasks.flatMap((task) => [
    style("bold", oneLine(`${task.id}  ${task.title}`)),
    ...task.checks.flatMap((check) => checkLines(check, width, style)),
    taskLine(task, width, style),
    "",
  ]);
  return `${[...tasks, ...summaryLines(report, width, style)].join("\n")}\n`;
}
