/** The page of a class, with a row for each student, and the page of a student without a grade. */
import { type CheckColumn, cellOf, checkColumns } from "./check-matrix.ts";
import { type Grade, hasError, hasPassMark, isCertain, isDead, isQuick, noteOn, tasksOf } from "./grade.ts";
import { drawHistogram } from "./histogram.ts";
import { type Markup, markup } from "./markup.ts";
import { page, pointsBar, ratio, verdictCounts, verdictMark, verdictSign } from "./page.ts";
import { allChecks, countVerdicts, hasPassed } from "./summary.ts";
import { counted, formatPoints, formatSeconds, oneLine, outputLines, shorten } from "./visible.ts";

const LOG_LIMITS = { characters: 8000, lines: 60 };
const NAME_LIMIT = 200;

/**
 * Returns the page of a class.
 *
 * @param options href: returns the address of a student's page
 */
export function classPage(
  title: string,
  grades: readonly Grade[],
  { href }: { href: (student: string) => string },
): string {
  const tasks = tasksOf(grades);
  const sorted = grades.toSorted((a, b) => a.student.localeCompare(b.student, "en", { numeric: true }));
  const shares = grades.flatMap((grade) => shareOf(grade) ?? []);
  const unsure = grades.filter((grade) => grade.outcome.kind !== "waiting" && !isCertain(grade)).length;
  const passed = grades.filter(
    ({ outcome }) => outcome.kind === "graded" && hasPassed(outcome.report) === true,
  ).length;
  const dead = grades.filter(
    ({ outcome }) => outcome.kind === "graded" && outcome.report.tasks.every(isDead),
  ).length;
  const waiting = grades.filter(({ outcome }) => outcome.kind === "waiting").length;
  const body = markup`<header>
<p class="eyebrow">Secure Messaging Lab</p>
<h1>${brief(title)}</h1>
<ul class="meta"><li>${counted(grades.length, "submission")}</li>${shares.length > 0 && markup`<li>mean ${percent(mean(shares))}</li><li>median ${percent(median(shares))}</li>`}${hasPassMark(grades) && markup`<li>${passed} passed</li>`}<li>${formatSeconds(grades.reduce((sum, { seconds }) => sum + seconds, 0))} of grading</li></ul>
${isQuick(grades) && markup`<p class="banner"><strong>Quick: the points are provisional.</strong> Only the cheapest attack of each kind was tried. The same command without <code>--quick</code> gives grades.</p>`}
${unsure > 0 && markup`<p class="banner error"><strong><span class="error">!</span> ${counted(unsure, "grade")} to be looked at:</strong> the grader failed there, which says nothing about the submission. The points are a lower bound, not a grade.</p>`}
${dead > 0 && markup`<p class="banner">${counted(dead, "submission")} did not work: no text arrived, so no attack could be tried. Look at how the manifest starts the programs.</p>`}
${waiting > 0 && markup`<p class="banner">${waiting} not graded yet: run the same command again to continue.</p>`}
</header>
<main>
${shares.length > 0 && markup`<figure class="evidence">${drawHistogram(shares)}<figcaption class="muted">students by their share of the points, in per cent</figcaption></figure>`}
<div class="scroll"><table>
<thead><tr><th scope="col">Student</th><th scope="col" class="number">Points</th><th scope="col" class="grow"><span class="aside">share</span></th>${tasks.map((id) => markup`<th scope="col" class="number">${oneLine(id)}</th>`)}<th scope="col">Checks</th></tr></thead>
<tbody>
${sorted.map((grade) => studentRow(grade, tasks, href(grade.student)))}</tbody>
</table></div>
${tasks.map((task) => matrix(task, sorted))}
</main>`;
  return page({ title, body });
}

function studentRow(grade: Grade, tasks: readonly string[], href: string): Markup {
  const { student, outcome } = grade;
  const note = noteOn(grade);
  const name = outcome.kind === "waiting" ? brief(student) : markup`<a href="${href}">${brief(student)}</a>`;
  const head = markup`<th scope="row">${name}${note !== "" && markup`<span class="reason">${brief(note)}</span>`}</th>`;
  if (outcome.kind !== "graded") {
    const points = outcome.kind === "failed" ? verdictMark("error") : markup`<span class="muted">·</span>`;
    return markup`<tr>${head}<td class="number">${points}</td><td></td>${tasks.map(() => markup`<td></td>`)}<td></td></tr>
`;
  }
  const { report } = outcome;
  const total = markup`${!isCertain(grade) && markup`<span class="error" title="the grader failed">! at least </span>`}${ratio(report.points, report.maximum)}`;
  return markup`<tr>${head}<td class="number">${total}</td><td class="grow">${pointsBar(report.points, report.maximum)}</td>${tasks.map(
    (id) => {
      const task = report.tasks.find((each) => each.id === id);
      const isBroken = task !== undefined && hasError([task]);
      return markup`<td class="number">${task && markup`${isBroken && markup`<span class="error">! </span>`}${formatPoints(task.points)}`}</td>`;
    },
  )}<td>${verdictCounts(countVerdicts(allChecks(report)))}</td></tr>
`;
}

/** Returns a table of the students and the checks of a task. */
function matrix(task: string, grades: readonly Grade[]): Markup {
  const columns = checkColumns(grades).filter((column) => column.task === task);
  const graded = grades.filter((grade) => columns.some((column) => cellOf(grade, column)));
  return markup`<section>
<h2><span><span class="id">${oneLine(task)}</span> Checks, the most missed first</span></h2>
<div class="scroll" tabindex="0" role="region" aria-label="students by checks of ${oneLine(task)}"><table class="matrix">
<thead><tr><th scope="col">Student</th>${columns.map(({ title, id }) => markup`<th scope="col" class="cell" title="${brief(title)}">${oneLine(id)}</th>`)}</tr></thead>
<tbody>${graded.map(
    (
      grade,
    ) => markup`<tr><th scope="row">${brief(grade.student)}</th>${columns.map((column) => markup`<td class="cell">${cell(grade, column)}</td>`)}</tr>
`,
  )}</tbody>
<tfoot><tr><th scope="row">failed by</th>${columns.map(({ missed }) => markup`<td class="cell">${missed}</td>`)}</tr></tfoot>
</table></div>
</section>
`;
}

function cell(grade: Grade, column: CheckColumn): Markup | undefined {
  const check = cellOf(grade, column);
  return check && verdictSign(check.verdict);
}

/** Returns the page of a student whose submission could not be graded. */
export function failurePage(
  { student, seconds, outcome }: Grade,
  up: { href: string; title: string },
): string {
  const failure =
    outcome.kind === "failed" ? outcome : { reason: noteOn({ student, seconds, outcome }), log: "" };
  const body = markup`<header>
<p class="screen"><a href="${up.href}">← ${brief(up.title)}</a></p>
<p class="eyebrow">Secure Messaging Lab</p>
<h1>${brief(student)}</h1>
<p class="banner error"><strong>${verdictMark("error")}: not graded.</strong> ${shorten(failure.reason, 800)}. This says nothing about the submission: look at it, and grade it again.</p>
</header>
<main>
<h2>Last output of the grader</h2>
<pre class="again">${failure.log === "" ? "nothing" : outputLines(failure.log, LOG_LIMITS).join("\n")}</pre>
</main>`;
  return page({ title: `${student}: not graded`, body });
}

/** Returns the points as a share of the maximum; undefined if they are not certain. */
function shareOf(grade: Grade): number | undefined {
  if (grade.outcome.kind !== "graded" || !isCertain(grade)) return undefined;
  const { points, maximum } = grade.outcome.report;
  return maximum > 0 ? points / maximum : undefined;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2;
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

function brief(text: string): string {
  return oneLine(shorten(text, NAME_LIMIT));
}
