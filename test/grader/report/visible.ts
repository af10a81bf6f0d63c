/** Text from a submission, made safe to show: visible, and not endless. */
import { printable } from "../../../lib/bytes/printable.ts";

/**
 * Returns `text` with every character escaped that could control a terminal or deceive a reader, as
 * `printable` does. Line breaks and backslashes stay, because the grader's own sentences may quote
 * text that is escaped already.
 */
export function visible(text: string): string {
  return text
    .split("\n")
    .map((line) => line.split("\\").map(printable).join("\\"))
    .join("\n")
    .replace(/[\ufffe\uffff]/g, "\ufffd");
}

/** Returns `text` as `visible` does, with line breaks escaped too. */
export function oneLine(text: string): string {
  return visible(text).replaceAll("\n", "\\n");
}

/**
 * Returns the lines of a program's output, escaped so that different texts look different.
 *
 * @param limits the approximate number of characters and lines to show; the omitted ones are
 *   counted
 */
export function outputLines(text: string, limits: { characters: number; lines: number }): string[] {
  const lines = text.replace(/\r?\n$/, "").split(/\r?\n/);
  const kept = Math.min(lines.length, limits.lines);
  const show = (line: string) => printable(shorten(line, Math.floor(limits.characters / kept)));
  if (kept === lines.length) return lines.map(show);
  const head = Math.ceil((kept * 2) / 3);
  const left = `[… ${counted(lines.length - kept, "line")} …]`;
  return [...lines.slice(0, head).map(show), left, ...lines.slice(lines.length - kept + head).map(show)];
}

/** Returns `text`, or if it exceeds `limit` characters, its start and end, with a count between. */
export function shorten(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const head = text.slice(0, Math.ceil((limit * 2) / 3)).replace(/[\ud800-\udbff]$/, "");
  const tail = text.slice(text.length - Math.floor(limit / 3)).replace(/^[\udc00-\udfff]/, "");
  return `${head} [… ${formatCount(text.length - head.length - tail.length)} characters …] ${tail}`;
}

/** Returns a whole number with a comma between thousands, such as `12,345`. */
export function formatCount(count: number): string {
  return count.toLocaleString("en");
}

/** Returns `count` and the noun, such as `1 byte` or `12,345 bytes`. */
export function counted(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** Returns a duration such as `0.4 s`, `12 s` or `3 min 20 s`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** Returns the time of a check; empty if it took none of its own, but only shared stages. */
export function ownTime(seconds: number): string {
  return seconds < 0.05 ? "" : formatSeconds(seconds);
}

/** Returns points with at most two decimals, such as `12`, `7.5` or `33.33`. */
export function formatPoints(points: number): string {
  return String(Math.round(points * 100) / 100);
}
