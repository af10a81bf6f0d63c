/** A grading on a terminal, during its run and at its end; in a pipe, a line now and then. */
import type { Report, TaskReport } from "../model/report.ts";
import type { Stage } from "../model/stage.ts";
import { groupChecks } from "./check-groups.ts";
import { LiveLine } from "./live-line.ts";
import { entryLines, sharedLines } from "./terminal-check.ts";
import { type Paint, styles, type Terminal } from "./terminal-style.ts";
import { summaryLines, taskLine } from "./terminal-summary.ts";
import { cut } from "./text-width.ts";
import { formatSeconds, oneLine } from "./visible.ts";

const TICK = 100;
/** Milliseconds between two lines of progress in a pipe. */
const LOG_INTERVAL = 30_000;
const SPINNER = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/**
 * Writes the progress of a grading: on a terminal a line that is rewritten.
 *
 * Call its methods in the order of events. Call `close` at the end, and after an error.
 */
export class TerminalReport {
  readonly #terminal: Terminal;
  readonly #style: Paint;
  readonly #line: LiveLine;
  #task: { id: string; since: number; checks: number } | undefined;
  #stages: () => readonly Stage[] = () => [];
  #tried = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.#style = styles(terminal.hasColours);
    this.#line = new LiveLine(terminal, this.#style, () => this.#liveText());
  }

  /** Writes a line above the progress. */
  say(text: string): void {
    this.#line.print(text);
  }

  /** @param task checks: how many checks will run */
  taskStarted(task: { id: string; title: string; checks: number }): void {
    this.#task = { id: task.id, since: performance.now(), checks: task.checks };
    this.#tried = 0;
    this.#line.print(`\n${this.#style("bold", oneLine(`${task.id}  ${task.title}`))}`);
    if (this.#terminal.isLive) this.#line.start(TICK);
    else {
      clearInterval(this.#timer);
      this.#timer = setInterval(() => this.#log(), LOG_INTERVAL).unref();
    }
  }

  /** @param stages returns the stages that are worked on at present */
  began(stages: () => readonly Stage[]): void {
    this.#stages = stages;
  }

  checkTried(): void {
    this.#tried += 1;
  }

  taskFinished(task: TaskReport): void {
    this.#task = undefined;
    this.#line.print(taskLines(task, this.#line.width, this.#style).join("\n"));
  }

  /** Writes a table of the tasks, and the sum. */
  finished(report: Report): void {
    this.#line.print(`\n${summaryLines(report, this.#line.width, this.#style).join("\n")}`);
    this.close();
  }

  /** Ends the progress with `text`, and with how far the running task has come. */
  interrupted(text: string): void {
    const progress = this.#task && `  ${this.#task.id} was at ${this.#progress()}`;
    this.close();
    this.#terminal.write(`\n${[text, progress].filter(Boolean).join("\n")}\n`);
  }

  close(): void {
    this.#task = undefined;
    clearInterval(this.#timer);
    this.#line.close();
  }

  #liveText(): string | undefined {
    if (this.#task === undefined) return undefined;
    const passed = performance.now() - this.#task.since;
    const spinner = SPINNER[Math.floor(passed / TICK) % SPINNER.length] ?? "";
    const time = `  ${formatSeconds(passed / 1000)}`;
    return `  ${spinner} ${cut(this.#progress(), Math.max(8, this.#line.width - 5 - time.length))}${time}`;
  }

  #log(): void {
    if (this.#task === undefined) return;
    const passed = formatSeconds((performance.now() - this.#task.since) / 1000);
    this.#terminal.write(`  ... after ${passed}: ${this.#progress()}\n`);
  }

  #progress(): string {
    const stages = this.#stages().map(({ name, progress }) =>
      progress === undefined ? name : `${name} (${progress.done} of ${progress.total})`,
    );
    const now = stages.length === 0 ? "" : `; now ${stages.join(", ")}`;
    return oneLine(`${this.#tried} of ${this.#task?.checks ?? 0} checks tried${now}`);
  }
}

/** Returns a whole report as text of `width` columns, as a terminal shows it at the end. */
export function reportText(report: Report, width: number, hasColours = false): string {
  const style = styles(hasColours);
  const tasks = report.tasks.flatMap((task) => [
    style("bold", oneLine(`${task.id}  ${task.title}`)),
    ...taskLines(task, width, style),
    "",
  ]);
  return `${[...tasks, ...summaryLines(report, width, style)].join("\n")}\n`;
}

function taskLines(task: TaskReport, width: number, style: Paint): string[] {
  return [
    ...groupChecks(task.checks).flatMap((entry) => entryLines(entry, width, style)),
    ...sharedLines(task, width, style),
    taskLine(task, width, style),
  ];
}
