/** A kill table as a page. */
import { alternatives, type KillTable, summarizeKills, type Tried } from "./kill-table.ts";
import { CELLS, cellOf, legend, problemLines, sortRows } from "./kill-table-cells.ts";
import { MARKS } from "./marks.ts";
import { type Markup, markup } from "./markup.ts";
import { page } from "./page.ts";
import { formatSeconds, oneLine } from "./visible.ts";

/** Returns the table as a page. */
export function killTablePage(table: KillTable): string {
  const problems = problemLines(table);
  const rows = sortRows(table);
  const body = markup`<header>
<p class="eyebrow">Secure Messaging Lab</p>
<h1>Which check kills which mutant</h1>
<p class="verdict-line">${summarizeKills(table)}.</p>
</header>
<main>
${problems.length > 0 && markup`<h2>Wrong verdicts</h2><ul>${problems.map((line) => markup`<li class="fail">${line}</li>`)}</ul>`}
<h2>All submissions</h2>
<p class="muted">${legend().map(({ mark, name, meaning }) => markup`<span class="${name}">${mark}</span> ${meaning} &nbsp; `)}</p>
<div class="scroll" tabindex="0" role="region" aria-label="mutants by checks"><table class="matrix">
<thead><tr><th scope="col">Task</th><th scope="col">Submission</th>${table.checks.map((check) => markup`<th scope="col" class="cell">${oneLine(check)}</th>`)}<th scope="col" class="number">Time</th></tr></thead>
<tbody>
${rows.map((row) => tableRow(row, table.checks))}</tbody>
</table></div>
</main>`;
  return page({ title: `Kill table: ${summarizeKills(table)}`, body });
}

function tableRow(row: Tried, checks: readonly string[]): Markup {
  const cells = checks.map((check) => {
    const cell = cellOf(row, check);
    const { mark, name, meaning } = CELLS[cell];
    const kind =
      cell === "missed" || cell === "accused"
        ? "wrong"
        : row.expected.some((group) => alternatives(group).includes(check))
          ? "expected"
          : "";
    const verdict = row.verdicts[check];
    const title = verdict === undefined ? meaning : `${check}: ${meaning} (${MARKS[verdict]} ${verdict})`;
    return markup`<td class="cell ${kind}" title="${title}"><span class="${name}">${mark}</span></td>`;
  });
  return markup`<tr><td class="id">${oneLine(row.task)}</td><th scope="row">${oneLine(row.name)}${row.kind === "honest" && markup` <span class="id">honest</span>`}</th>${cells}<td class="number">${formatSeconds(row.seconds)}</td></tr>
`;
}
