/** A grading on a terminal, while it runs and when it is done; in a pipe, a line for each check. */
import type { CheckReport, Evidence, Finding, Report, TaskReport, Verdict } from "../model/report.ts";
import { describeEntry, elide, isImportant } from "./diagram-entries.ts";
import { dumpLine, dumpRows } from "./hex-dump.ts";
import { MARKS } from "./marks.ts";
import { allChecks, countVerdicts, NOT_ISOLATED, summarize } from "./summary.ts";
import { type Style, styles, type Terminal } from "./terminal-style.ts";
import { cut, pad, widthOf, wrap } from "./text-width.ts";
import { formatPoints, formatSeconds, oneLine, outputLines, shorten, visible } from "./visible.ts";

const POINTS_WIDTH = 9;
const SECONDS_WIDTH = 12;
const LABEL_WIDTH = 10;
const MAX_WIDTH = 110;
const EVIDENCE_RUNGS = 12;
const DUMP_ROWS = 6;
const TEXT_LIMIT = 600;
const QUOTE_LIMITS = { characters: 600, lines: 8 };
const MARK_WIDTH = 6;
const VERDICTS: Verdict[] = ["pass", "fail", "not shown", "not applicable", "error"];
const TICK = 100;
const SPINNER = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

const VERDICT_STYLES: Record<Verdict, Style> = {
  pass: "green",
  fail: "red",
  "not shown": "yellow",
  "not applicable": "dim",
  error: "magenta",
};

/**
 * Writes a grading as it goes on. On a terminal, what runs now is on a line of its own, which is rewritten.
 *
 * Call its methods in the order in which things happen; several checks may run at a time. `close` at the end, also after an error,
 * or the timer keeps the line.
 */
export class TerminalReport {
  readonly #terminal: Terminal;
  readonly #style: (style: Style, text: string) => string;
  /** What runs now, in the order in which it began. */
  readonly #running = new Map<string, { text: string; since: number }>();
  #done = 0;
  #total = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.#style = styles(terminal.hasColours);
  }

  /** A task begins, of which `checks` checks will be tried. */
  taskStarted(task: { id: string; title: string; checks: number }): void {
    this.#done = 0;
    this.#total = task.checks;
    this.#print(`\n${this.#style("bold", oneLine(`${task.id}  ${task.title}`))}`);
  }

  /** A check begins. */
  checkStarted(check: { id: string; title: string }): void {
    this.#running.set(check.id, { text: oneLine(check.title), since: performance.now() });
    if (!this.#terminal.isLive) return;
    this.#draw();
    this.#timer ??= setInterval(() => this.#draw(), TICK).unref();
  }

  /** A check came to its end. */
  checkFinished(check: CheckReport): void {
    this.#running.delete(check.id);
    this.#done += 1;
    this.#print(checkLines(check, this.#width, this.#style).join("\n"));
  }

  /** A task came to its end. */
  taskFinished(task: TaskReport): void {
    this.#print(taskLine(task, this.#width, this.#style));
  }

  /** Everything came to its end: a table of the tasks, and the sum. */
  finished(report: Report): void {
    this.#print(`\n${summaryLines(report, this.#width, this.#style).join("\n")}`);
    this.close();
  }

  /** Takes the line that is rewritten away. */
  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#running.clear();
    this.#clear();
  }

  get #width(): number {
    return Math.min(this.#terminal.columns(), MAX_WIDTH);
  }

  #print(text: string): void {
    this.#clear();
    this.#terminal.write(`${text}\n`);
    this.#draw();
  }

  #clear(): void {
    if (this.#terminal.isLive) this.#terminal.write("\r\u001b[2K");
  }

  /** Shows what has run for the longest time, and how much else runs beside it. */
  #draw(): void {
    const [oldest] = this.#running.values();
    if (!this.#terminal.isLive || oldest === undefined) return;
    const passed = performance.now() - oldest.since;
    const spinner = SPINNER[Math.floor(passed / TICK) % SPINNER.length] ?? "";
    const others = this.#running.size > 1 ? `, ${this.#running.size - 1} more` : "";
    const rest = `${others}  ${this.#done} of ${this.#total} done  ${formatSeconds(passed / 1000)}`;
    // one place stays free: a full line would wrap, and could not be rewritten
    const line = `  ${spinner} ${cut(oldest.text, Math.max(8, this.#width - 5 - rest.length))}${rest}`;
    this.#terminal.write(`\r\u001b[2K${this.#style("cyan", cut(line, this.#width - 1))}`);
  }
}

/** Returns a whole report as text, as a terminal that is `width` places wide shows it when all is done. */
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

type Paint = (style: Style, text: string) => string;

function checkLines(check: CheckReport, width: number, style: Paint): string[] {
  const { verdict, finding, reason } = check;
  const applies = verdict !== "not applicable";
  const right = `${(applies ? ratio(check) : "").padStart(POINTS_WIDTH)}${(applies ? formatSeconds(check.seconds) : "").padStart(SECONDS_WIDTH)}`;
  const room = Math.max(12, width - 4 - right.length);
  const [first = "", ...rest] = wrap(shorten(oneLine(check.title), TEXT_LIMIT), room);
  const mark = style(VERDICT_STYLES[verdict], MARKS[verdict]);
  const lines = [`  ${mark} ${pad(first, room)}${style("dim", right)}`, ...rest.map((line) => `    ${line}`)];
  if (reason !== undefined) lines.push(...labelled("reason", reason, width, style));
  if (finding !== undefined) lines.push(...findingLines(finding, check.repeat, width, style), "");
  else if (verdict === "error" || verdict === "not shown")
    lines.push(...labelled("again", oneLine(check.repeat), width, style));
  return lines;
}

function findingLines(finding: Finding, repeat: string, width: number, style: Paint): string[] {
  return [
    ...labelled("expected", finding.expected, width, style),
    ...labelled("happened", finding.happened, width, style, "red"),
    ...labelled("why", finding.why, width, style),
    ...labelled("hint", finding.hint, width, style),
    ...finding.evidence.flatMap((evidence) => evidenceLines(evidence, width, style)),
    ...labelled("again", oneLine(repeat), width, style, "cyan"),
  ];
}

/** A label, and beside it the text, wrapped; on a narrow terminal below it. */
function labelled(label: string, text: string, width: number, style: Paint, textStyle?: Style): string[] {
  const indent = width < 50 ? 6 : 4 + LABEL_WIDTH;
  const lines = wrap(shorten(visible(text), TEXT_LIMIT), Math.max(16, width - indent)).map((line) =>
    textStyle === undefined ? line : style(textStyle, line),
  );
  const name = style("dim", label);
  if (width < 50 || label.length >= LABEL_WIDTH)
    return [`    ${name}`, ...lines.map((line) => " ".repeat(indent) + line)];
  return lines.map(
    (line, index) =>
      `    ${index === 0 ? name + " ".repeat(LABEL_WIDTH - label.length) : " ".repeat(LABEL_WIDTH)}${line}`,
  );
}

function evidenceLines({ caption, diagram, dump, quote }: Evidence, width: number, style: Paint): string[] {
  const indent = " ".repeat(width < 50 ? 6 : 4 + LABEL_WIDTH);
  const room = Math.max(16, width - indent.length);
  const lines: string[] = [];
  if (quote !== undefined)
    lines.push(
      ...outputLines(quote, QUOTE_LIMITS).flatMap((line) => wrap(line, room - 2).map((part) => `│ ${part}`)),
    );
  if (diagram !== undefined)
    for (const entry of elide(diagram.entries, EVIDENCE_RUNGS)) {
      const at = entry.type === "gap" ? "" : `${entry.at.toFixed(3)} s`;
      const isBad = entry.type !== "gap" && isImportant(entry);
      const text =
        entry.type === "printed"
          ? outputLines(describeEntry(entry), QUOTE_LIMITS).join(" ")
          : visible(describeEntry(entry));
      const [first = "", ...rest] = isBad
        ? wrap(text, Math.max(16, room - 13))
        : [cut(text.replaceAll("\n", " "), Math.max(16, room - 13))];
      const shown = [
        `${at.padStart(9)}  ${isBad ? "▶" : " "} ${first}`,
        ...rest.map((line) => " ".repeat(13) + line),
      ];
      lines.push(...shown.map((line) => style(isBad ? "red" : "dim", line)));
    }
  if (dump !== undefined) {
    lines.push(...wrap(oneLine(dump.label), room));
    const rowLength = room < 42 ? 4 : room < 76 ? 8 : 16;
    for (const row of dumpRows(dump, { rows: DUMP_ROWS, rowLength }))
      lines.push(
        dumpLine(row, { rowLength, paint: (part, text) => style(part === "marked" ? "red" : "dim", text) }),
      );
  }
  return [...labelled("evidence", caption, width, style), ...lines.map((line) => indent + line)];
}

function taskLine(task: TaskReport, width: number, style: Paint): string {
  const right = `${ratio(task).padStart(POINTS_WIDTH)}${formatSeconds(task.seconds).padStart(SECONDS_WIDTH)}`;
  const room = Math.max(12, width - 4 - right.length);
  return `    ${pad(cut(summarize(task.checks), room), room)}${style("bold", right)}`;
}

/** A row for each task, where there are several, and the sum. */
function summaryLines(report: Report, width: number, style: Paint): string[] {
  const checks = allChecks(report);
  const name = cut(oneLine(report.submission.name), Math.max(16, width - 30));
  const points = `${formatPoints(report.points)} of ${formatPoints(report.maximum)} points`;
  const lines = [
    ...(report.tasks.length > 1 ? taskTable(report.tasks, width, style) : []),
    `${style("bold", name)}: ${style("bold", style(worstStyle(checks), points))}`,
    ...wrap(`${summarize(checks)}; ${formatSeconds(report.seconds)}, seed ${oneLine(report.seed)}`, width),
  ];
  if (report.isolation.kind === "none")
    lines.push(...wrap(NOT_ISOLATED, width).map((line) => style("yellow", line)));
  for (const note of report.isolation.notes)
    lines.push(...wrap(shorten(oneLine(note), TEXT_LIMIT), width).map((line) => style("dim", line)));
  return lines;
}

function taskTable(tasks: readonly TaskReport[], width: number, style: Paint): string[] {
  const titles = tasks.map((task) => oneLine(`${task.id}  ${task.title}`));
  const isNarrow = width < 64;
  const others = POINTS_WIDTH + 2 + (isNarrow ? 0 : 2 + VERDICTS.length * MARK_WIDTH);
  const room = Math.min(Math.max(...titles.map(widthOf)), width - others);
  const rows = tasks.map((task, index) => {
    const counts = countVerdicts(task.checks);
    const marks = VERDICTS.map((verdict) => {
      const text = counts[verdict] === 0 ? "" : `${MARKS[verdict]} ${counts[verdict]}`;
      return style(VERDICT_STYLES[verdict], text.padEnd(MARK_WIDTH));
    }).join("");
    const row = `${pad(cut(titles[index] ?? "", room), room)}${style("bold", ratio(task).padStart(POINTS_WIDTH + 2))}`;
    return isNarrow ? `${row}\n  ${marks.trim()}` : `${row}  ${marks}`.trimEnd();
  });
  return [...rows, style("dim", "─".repeat(Math.min(width, room + others)))];
}

function worstStyle(checks: readonly CheckReport[]): Style {
  const counts = countVerdicts(checks);
  const worst = (["error", "fail", "not shown"] as const).find((verdict) => counts[verdict] > 0);
  return VERDICT_STYLES[worst ?? "pass"];
}

function ratio({ points, maximum }: { points: number; maximum: number }): string {
  return `${formatPoints(points)}/${formatPoints(maximum)}`;
}
