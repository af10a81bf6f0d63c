/** One check on a terminal, with its finding and the evidence. */
import type { CheckReport, Dump, Evidence, Finding, SequenceDiagram, TaskReport } from "../model/report.ts";
import { type Entry, isGroup, type UnshownGroup } from "./check-groups.ts";
import { describeEntry, elide, isImportant } from "./diagram-entries.ts";
import { dumpLine, dumpRows } from "./hex-dump.ts";
import { MARKS } from "./marks.ts";
import { type Paint, type Style, VERDICT_STYLES } from "./terminal-style.ts";
import { POINTS_WIDTH, ratio, SECONDS_WIDTH } from "./terminal-summary.ts";
import { cut, pad, wrap } from "./text-width.ts";
import { formatSeconds, oneLine, outputLines, ownTime, shorten, visible } from "./visible.ts";

const LABEL_WIDTH = 10;
/** On a narrower terminal, texts stand below their labels. */
const NARROW = 50;
const EVIDENCE_ENTRIES = 12;
const DUMP_ROWS = 6;
const TEXT_LIMIT = 600;
const QUOTE_LIMITS = { characters: 600, lines: 8 };

/** Returns a check, or several that are not shown for one reason. */
export function entryLines(entry: Entry, width: number, style: Paint): string[] {
  return isGroup(entry) ? groupLines(entry, width, style) : checkLines(entry, width, style);
}

function groupLines({ reason, checks }: UnshownGroup, width: number, style: Paint): string[] {
  const sum = (field: "points" | "maximum" | "seconds") =>
    checks.reduce((total, check) => total + check[field], 0);
  const group = { points: sum("points"), maximum: sum("maximum") };
  const right = `${ratio(group).padStart(POINTS_WIDTH)}${ownTime(sum("seconds")).padStart(SECONDS_WIDTH)}`;
  const room = Math.max(12, width - 4 - right.length);
  const mark = style(VERDICT_STYLES["not shown"], MARKS["not shown"]);
  return [
    `  ${mark} ${pad(cut(`${checks.length} checks not shown`, room), room)}${style("dim", right)}`,
    ...labelled("reason", reason, width, style),
    ...labelled("checks", checks.map(({ id }) => id).join(", "), width, style),
    ...labelled("again", oneLine(checks[0]?.repeat ?? ""), width, style),
  ];
}

/** Returns the times that belong to no check alone. */
export function sharedLines({ shared = [] }: TaskReport, width: number, style: Paint): string[] {
  return shared.map(({ title, seconds }) => {
    const right = formatSeconds(seconds).padStart(POINTS_WIDTH + SECONDS_WIDTH);
    const room = Math.max(12, width - 4 - right.length);
    return style("dim", `    ${pad(cut(oneLine(`shared: ${title}`), room), room)}${right}`);
  });
}

function checkLines(check: CheckReport, width: number, style: Paint): string[] {
  const { verdict, finding, reason, tried } = check;
  const applies = verdict !== "not applicable";
  const right = `${(applies ? ratio(check) : "").padStart(POINTS_WIDTH)}${(applies ? ownTime(check.seconds) : "").padStart(SECONDS_WIDTH)}`;
  const room = Math.max(12, width - 4 - right.length);
  const [first = "", ...rest] = wrap(shorten(oneLine(check.title), TEXT_LIMIT), room);
  const mark = style(VERDICT_STYLES[verdict], MARKS[verdict]);
  const lines = [`  ${mark} ${pad(first, room)}${style("dim", right)}`, ...rest.map((line) => `    ${line}`)];
  if (tried !== undefined) lines.push(...labelled("tried", tried, width, style));
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

/** Returns a label with the wrapped text beside it, or on a narrow terminal below it. */
function labelled(label: string, text: string, width: number, style: Paint, textStyle?: Style): string[] {
  const indent = width < NARROW ? 6 : 4 + LABEL_WIDTH;
  const lines = wrap(shorten(visible(text), TEXT_LIMIT), Math.max(16, width - indent)).map((line) =>
    textStyle === undefined ? line : style(textStyle, line),
  );
  const name = style("dim", label);
  if (width < NARROW || label.length >= LABEL_WIDTH)
    return [`    ${name}`, ...lines.map((line) => " ".repeat(indent) + line)];
  return lines.map(
    (line, index) =>
      `    ${index === 0 ? name + " ".repeat(LABEL_WIDTH - label.length) : " ".repeat(LABEL_WIDTH)}${line}`,
  );
}

function evidenceLines({ caption, diagram, dump, quote }: Evidence, width: number, style: Paint): string[] {
  const indent = " ".repeat(width < NARROW ? 6 : 4 + LABEL_WIDTH);
  const room = Math.max(16, width - indent.length);
  const lines = [
    ...(quote === undefined ? [] : quoteLines(quote, room)),
    ...(diagram === undefined ? [] : diagramLines(diagram, room, style)),
    ...(dump === undefined ? [] : dumpLines(dump, room, style)),
  ];
  return [...labelled("evidence", caption, width, style), ...lines.map((line) => indent + line)];
}

function quoteLines(quote: string, room: number): string[] {
  return outputLines(quote, QUOTE_LIMITS)
    .flatMap((line) => wrap(line, room - 2))
    .map((part) => `│ ${part}`);
}

/** Returns the steps of an exchange; only those that matter may take more than one line. */
function diagramLines(diagram: SequenceDiagram, room: number, style: Paint): string[] {
  const textRoom = Math.max(16, room - 13);
  return elide(diagram.entries, EVIDENCE_ENTRIES).flatMap((entry) => {
    const at = entry.type === "gap" ? "" : `${entry.at.toFixed(3)} s`;
    const isBad = entry.type !== "gap" && isImportant(entry);
    const text =
      entry.type === "printed"
        ? outputLines(describeEntry(entry), QUOTE_LIMITS).join(" ")
        : visible(describeEntry(entry));
    const [first = "", ...rest] = isBad ? wrap(text, textRoom) : [cut(text.replaceAll("\n", " "), textRoom)];
    const head = `${at.padStart(9)}  ${isBad ? "▶" : " "} ${first}`;
    return [head, ...rest.map((line) => " ".repeat(13) + line)].map((line) =>
      style(isBad ? "red" : "dim", line),
    );
  });
}

function dumpLines(dump: Dump, room: number, style: Paint): string[] {
  const rowLength = room < 42 ? 4 : room < 76 ? 8 : 16;
  const paint = (part: "marked" | "aside", text: string) => style(part === "marked" ? "red" : "dim", text);
  return [
    ...wrap(oneLine(dump.label), room),
    ...dumpRows(dump, { rows: DUMP_ROWS, rowLength }).map((row) => dumpLine(row, { rowLength, paint })),
  ];
}
