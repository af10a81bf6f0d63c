/**
 * The frame of all pages: one file, no network, no script, readable in light, in dark and on paper.
 */
import type { Verdict } from "../model/report.ts";
import { MARKS, VERDICTS } from "./marks.ts";
import { Markup, markup } from "./markup.ts";
import { STYLESHEET } from "./stylesheet.ts";
import { formatPoints, oneLine } from "./visible.ts";

/**
 * Returns a whole HTML page. Its policy forbids fetching and running anything, so that even a hole
 * in the escaping would be harmless.
 */
export function page({ title, body }: { title: string; body: Markup }): string {
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${oneLine(title)}</title>
<style>${new Markup(STYLESHEET)}</style>
</head>
<body>
${body}
</body>
</html>
`.source;
}

const CLASSES: Record<Verdict, string> = {
  pass: "pass",
  fail: "fail",
  "not shown": "unshown",
  "not applicable": "without",
  error: "error",
};

/** Returns a verdict as mark and word: colour is never its only sign. */
export function verdictMark(verdict: Verdict): Markup {
  return markup`<span class="verdict ${CLASSES[verdict]}"><span class="mark" aria-hidden="true">${MARKS[verdict]}</span> ${verdict}</span>`;
}

/** Returns a verdict as its mark alone, with the word for screen readers. */
export function verdictSign(verdict: Verdict): Markup {
  return markup`<span class="verdict ${CLASSES[verdict]}" title="${verdict}"><span class="mark" aria-hidden="true">${MARKS[verdict]}</span><span class="aside">${verdict}</span></span>`;
}

/** Returns the number of checks with each verdict that occurs. */
export function verdictCounts(counts: Record<Verdict, number>): Markup {
  return markup`<span class="counts">${VERDICTS.filter((verdict) => counts[verdict] > 0).map(
    (verdict) =>
      markup`<span class="${CLASSES[verdict]}" title="${verdict}"><span aria-hidden="true">${MARKS[verdict]}</span> ${counts[verdict]}<span class="aside"> ${verdict}</span></span> `,
  )}</span>`;
}

/** Returns a bar that shows points. */
export function pointsBar(points: number, maximum: number): Markup {
  const share = maximum > 0 ? Math.max(0, Math.min(100, (100 * points) / maximum)) : 0;
  return markup`<svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect class="empty" width="100" height="4"/><rect class="full" width="${share.toFixed(1)}" height="4"/></svg>`;
}

/** Returns points and maximum, such as `55 / 90`. */
export function ratio(points: number, maximum: number): Markup {
  return markup`<span class="ratio">${formatPoints(points)}<span class="of"> / ${formatPoints(maximum)}</span></span>`;
}
