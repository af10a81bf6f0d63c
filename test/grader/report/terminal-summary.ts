/** The sums of a task and of a whole report, on a terminal. */
import type { CheckReport, Report, TaskReport } from "../model/report.ts";
import { MARKS, VERDICTS } from "./marks.ts";
import {
  allChecks,
  countVerdicts,
  NOT_ISOLATED,
  passLine,
  QUICK,
  slowLines,
  summarize,
  untriedLines,
  WHOLE_EVIDENCE,
} from "./summary.ts";
import { type Paint, type Style, VERDICT_STYLES } from "./terminal-style.ts";
import { cut, pad, widthOf, wrap } from "./text-width.ts";
import { formatPoints, formatSeconds, oneLine, shorten } from "./visible.ts";

export const POINTS_WIDTH = 9;
export const SECONDS_WIDTH = 12;
const MARK_WIDTH = 6;
const TEXT_LIMIT = 600;

/** Returns the line below the checks of a task. */
export function taskLine(task: TaskReport, width: number, style: Paint): string {
  const right = `${ratio(task).padStart(POINTS_WIDTH)}${formatSeconds(task.seconds).padStart(SECONDS_WIDTH)}`;
  const room = Math.max(12, width - 4 - right.length);
  return `    ${pad(cut(summarize(task.checks), room), room)}${style("bold", right)}`;
}

/** Returns a row for each task, if there are several, and the sum. */
export function summaryLines(report: Report, width: number, style: Paint): string[] {
  const checks = allChecks(report);
  const name = cut(oneLine(report.submission.name), Math.max(16, width - 30));
  const points = `${formatPoints(report.points)} of ${formatPoints(report.maximum)} points${report.quick ? ", provisional" : ""}`;
  const lines = [
    ...(report.tasks.length > 1 ? taskTable(report.tasks, width, style) : []),
    `${style("bold", name)}: ${style("bold", style(worstStyle(checks), points))}`,
    ...wrap(`${summarize(checks)}; ${formatSeconds(report.seconds)}, seed ${oneLine(report.seed)}`, width),
  ];
  const pass = passLine(report);
  if (pass !== undefined) lines.push(pass);
  for (const text of slowLines(report))
    lines.push(...wrap(oneLine(text), width).map((line) => style("dim", line)));
  if (report.quick)
    for (const text of [QUICK, ...untriedLines(report)])
      lines.push(...wrap(oneLine(text), width).map((line) => style("yellow", line)));
  if (checks.some(({ finding }) => finding))
    lines.push(...wrap(WHOLE_EVIDENCE, width).map((line) => style("dim", line)));
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

export function ratio({ points, maximum }: { points: number; maximum: number }): string {
  return `${formatPoints(points)}/${formatPoints(maximum)}`;
}
