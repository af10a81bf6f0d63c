/** A report as a page. */
import type { CheckReport, Dump, Evidence, Report, SequenceDiagram, TaskReport } from "../model/report.ts";
import { type Entry, groupChecks, isGroup, type UnshownGroup } from "./check-groups.ts";
import { describeEntry, elide, isImportant } from "./diagram-entries.ts";
import { dumpRows } from "./hex-dump.ts";
import { type Markup, markup } from "./markup.ts";
import { page, pointsBar, ratio, verdictCounts, verdictMark } from "./page.ts";
import { drawDiagram } from "./sequence-diagram.ts";
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
import { counted, formatPoints, formatSeconds, oneLine, outputLines, ownTime, shorten } from "./visible.ts";

const TEXT_LIMIT = 800;
const QUOTE_LIMITS = { characters: 3000, lines: 40 };
const ENTRY_LIMITS = { characters: 400, lines: 6 };
const DUMP = { rows: 32, rowLength: 16 };

/** Returns the page of one submission. @param up the page of the class, if this is one of many */
export function reportPage(report: Report, up?: { href: string; title: string }): string {
  const checks = allChecks(report);
  const { name, folder } = report.submission;
  const pass = passLine(report);
  const body = markup`<header>
${up && markup`<p class="screen"><a href="${up.href}">← ${oneLine(up.title)}</a></p>`}
<p class="eyebrow">Secure Messaging Lab</p>
<h1>${brief(name)}</h1>
<p class="score">${ratio(report.points, report.maximum)} <span class="of">points${report.quick && ", provisional"}</span></p>
${pointsBar(report.points, report.maximum)}
<p class="verdict-line">${capitalize(summarize(checks))}.</p>
${pass !== undefined && markup`<p class="verdict-line">${capitalize(pass)}.</p>`}
<ul class="meta"><li>${readableTime(report.started)}</li><li>took ${formatSeconds(report.seconds)}</li><li>seed <code>${brief(report.seed)}</code></li><li>folder <code>${brief(folder)}</code></li></ul>
${slowLines(report).map((line) => markup`<p class="muted">${prose(line)}</p>`)}
${report.quick && markup`<p class="banner"><strong>${capitalize(QUICK)}.</strong>${untriedLines(report).map((line) => markup` ${capitalize(prose(line))}.`)}</p>`}
${report.isolation.kind === "none" && markup`<p class="banner"><strong>${NOT_ISOLATED}</strong></p>`}
${report.isolation.notes.map((note) => markup`<p class="banner">${prose(note)}</p>`)}
</header>
<main>
${report.tasks.length > 1 && taskTable(report)}
${report.tasks.map(taskSection)}
${checks.some(({ finding }) => finding) && markup`<p class="muted">${WHOLE_EVIDENCE}</p>`}
</main>`;
  return page({
    title: `${name}: ${formatPoints(report.points)} of ${formatPoints(report.maximum)} points`,
    body,
  });
}

function taskTable({ tasks, points, maximum }: Report): Markup {
  return markup`<div class="scroll"><table>
<thead><tr><th scope="col">Task</th><th scope="col">Checks</th><th scope="col" class="number">Points</th><th scope="col" class="grow"><span class="aside">share</span></th></tr></thead>
<tbody>${tasks.map(
    (
      task,
      index,
    ) => markup`<tr><th scope="row"><a href="#task-${index}">${oneLine(task.id)}</a> ${brief(task.title)}</th><td>${verdictCounts(countVerdicts(task.checks))}</td><td class="number">${ratio(task.points, task.maximum)}</td><td class="grow">${pointsBar(task.points, task.maximum)}</td></tr>
`,
  )}</tbody>
<tfoot><tr><th scope="row">Sum</th><td></td><td class="number">${ratio(points, maximum)}</td><td></td></tr></tfoot>
</table></div>`;
}

function taskSection(task: TaskReport, index: number): Markup {
  const link = (check: number) => `check-${index}-${check}`;
  return markup`<section aria-labelledby="task-${index}">
<h2 id="task-${index}"><span><span class="id">${oneLine(task.id)}</span> ${brief(task.title)}</span> ${ratio(task.points, task.maximum)}</h2>
<div class="scroll"><table>
<caption>${capitalize(summarize(task.checks))}; ${formatSeconds(task.seconds)}</caption>
<thead><tr><th scope="col">Verdict</th><th scope="col">Check</th><th scope="col" class="number">Points</th><th scope="col" class="number">Time</th></tr></thead>
<tbody>${groupChecks(task.checks).map((entry) => entryRow(entry, (check) => link(task.checks.indexOf(check))))}</tbody>
${task.shared !== undefined && sharedRows(task.shared)}
</table></div>
${task.checks.map((check, number) => check.finding !== undefined && findingArticle(check, link(number)))}
</section>
`;
}

function entryRow(entry: Entry, link: (check: CheckReport) => string): Markup {
  return isGroup(entry) ? groupRow(entry) : checkRow(entry, link(entry));
}

function groupRow({ reason, checks }: UnshownGroup): Markup {
  const sum = (field: "points" | "maximum" | "seconds") =>
    checks.reduce((total, check) => total + check[field], 0);
  return markup`<tr><td>${verdictMark("not shown")}</td><td class="said">${counted(checks.length, "check")} not shown: ${prose(reason)}${checks.map(({ id, title }) => markup`<span class="reason">${brief(title)} <span class="id">${oneLine(id)}</span></span>`)}<span class="reason">again: <code>${prose(checks[0]?.repeat ?? "")}</code></span></td><td class="number">${ratio(sum("points"), sum("maximum"))}</td><td class="number">${ownTime(sum("seconds"))}</td></tr>
`;
}

/** Returns the times that belong to no check alone. */
function sharedRows(shared: NonNullable<TaskReport["shared"]>): Markup {
  return markup`<tbody class="shared">${shared.map(
    ({
      title,
      seconds,
    }) => markup`<tr><td></td><td class="said">shared: ${brief(title)}</td><td></td><td class="number">${formatSeconds(seconds)}</td></tr>
`,
  )}</tbody>`;
}

function checkRow(check: CheckReport, link: string): Markup {
  const { title, id, verdict, reason = check.tried, finding } = check;
  const isOpen = verdict === "not shown" || verdict === "error";
  return markup`<tr><td>${verdictMark(verdict)}</td><td class="said">${finding ? markup`<a href="#${link}">${brief(title)}</a>` : brief(title)} <span class="id">${oneLine(id)}</span>${reason !== undefined && markup`<span class="reason">${prose(reason)}</span>`}${isOpen && markup`<span class="reason">again: <code>${prose(check.repeat)}</code></span>`}</td><td class="number">${verdict === "not applicable" ? "–" : ratio(check.points, check.maximum)}</td><td class="number">${ownTime(check.seconds)}</td></tr>
`;
}

function findingArticle(check: CheckReport, link: string): Markup | undefined {
  const { finding } = check;
  if (finding === undefined) return undefined;
  return markup`<details class="finding" id="${link}" open>
<summary><h3>${brief(check.title)} <span class="id">${oneLine(check.id)}</span></h3>${verdictMark(check.verdict)}</summary>
<div class="inside">
<dl class="said">
<dt>expected</dt><dd>${prose(finding.expected)}</dd>
<dt>happened</dt><dd class="happened">${prose(finding.happened)}</dd>
<dt>why it matters</dt><dd>${prose(finding.why)}</dd>
<dt>hint</dt><dd>${prose(finding.hint)}</dd>
</dl>
${finding.evidence.map((evidence, index) => evidenceFigure(evidence, `${link}-${index}`))}
<h4>Try this check again</h4>
<pre class="again"><code>${oneLine(shorten(check.repeat, TEXT_LIMIT))}</code></pre>
</div>
</details>
`;
}

function evidenceFigure({ caption, diagram, dump, quote }: Evidence, id: string): Markup {
  return markup`<figure class="evidence">
<figcaption>${prose(caption)}</figcaption>
${quote !== undefined && markup`<pre class="quote">${outputLines(quote, QUOTE_LIMITS).join("\n")}</pre>`}
${diagram && markup`<div class="scroll" tabindex="0" role="region" aria-label="${brief(diagram.title)}">${drawDiagram(diagram, id)}</div>${diagramText(diagram)}`}
${dump && hexDump(dump)}
</figure>
`;
}

/** Returns the diagram as text, for screen readers and for copying. */
function diagramText(diagram: SequenceDiagram): Markup {
  const lines = elide(diagram.entries).map((entry) => {
    const at = entry.type === "gap" ? "" : `${entry.at.toFixed(3)} s`;
    const text =
      entry.type === "printed"
        ? outputLines(describeEntry(entry), ENTRY_LIMITS).join("\n")
        : oneLine(describeEntry(entry));
    const isBad = entry.type !== "gap" && isImportant(entry);
    return `${at.padStart(10)}  ${isBad ? "▶" : " "} ${text.replaceAll("\n", `\n${" ".repeat(14)}`)}`;
  });
  return markup`<details class="text"><summary>the same as text</summary><pre>${lines.join("\n")}</pre></details>`;
}

function hexDump(dump: Dump): Markup {
  const rows = dumpRows(dump, DUMP).map((row) => {
    if (typeof row === "number")
      return markup`<span class="muted">⋯ ${row === 1 ? "1 row" : `${row} rows`} more</span>\n`;
    const gap = "   ".repeat(DUMP.rowLength - row.bytes.length);
    return markup`<span class="muted">${row.offset}</span> ${joinMarked(
      row.bytes.map(({ hex, isMarked }) => ({ text: hex, isMarked })),
      " ",
    )}${gap}  ${joinMarked(row.bytes, "")}\n`;
  });
  return markup`<p class="muted">${prose(dump.label)}</p><pre>${rows}</pre>`;
}

/** Joins the parts, with one mark around each run of marked ones. */
function joinMarked(parts: readonly { text: string; isMarked: boolean }[], between: string): Markup {
  const runs: { text: string; isMarked: boolean }[] = [];
  for (const { text, isMarked } of parts) {
    const last = runs.at(-1);
    if (last !== undefined && last.isMarked === isMarked) last.text += between + text;
    else runs.push({ text, isMarked });
  }
  return markup`${runs.map(({ text, isMarked }, index) => markup`${index === 0 ? "" : between}${isMarked ? markup`<mark>${text}</mark>` : text}`)}`;
}

function prose(text: string): string {
  return shorten(text, TEXT_LIMIT);
}

/** Returns a name or a title as one short line. */
function brief(text: string): string {
  return oneLine(shorten(text, 200));
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function readableTime(started: string): string {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(started)
    ? `${started.slice(0, 10)} ${started.slice(11, 16)} UTC`
    : brief(started);
}
