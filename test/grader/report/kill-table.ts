/** Which check kills which mutant: what shows that the checks work. As data, as text, and as a page. */
import type { Verdict } from "../model/report.ts";
import { MARKS } from "./marks.ts";
import { type Markup, markup } from "./markup.ts";
import { page } from "./page.ts";
import { type Style, styles } from "./terminal-style.ts";
import { cut, pad, widthOf, wrap } from "./text-width.ts";
import { counted, formatSeconds, oneLine } from "./visible.ts";

export interface KillTable {
  submissions: Tried[];
  /** Ids of all checks, in the order of the columns. */
  checks: string[];
}

export interface Tried {
  name: string;
  kind: "mutant" | "honest";
  task: string;
  /**
   * Ids of checks. A mutant must be failed by each; with `a|b` by one of them. An honest submission fails these rightly, and must
   * pass all others that apply.
   */
  expected: string[];
  /** Ids of the checks that a mutant must pass all the same, so that it is not killed for another reason. */
  passes?: string[];
  verdicts: Record<string, Verdict>;
  seconds: number;
}

/** A submission with which something is wrong, and the checks in which that shows. */
export interface Problem {
  task: string;
  name: string;
  checks: string[];
}

/** Returns the mutants that a check did not fail though it must, with those checks; none is named where none failed at all. */
export function survivors({ submissions }: KillTable): Problem[] {
  return submissions.flatMap(({ name, kind, task, expected, verdicts }) => {
    const checks = expected.filter(
      (group) => !alternatives(group).some((check) => verdicts[check] === "fail"),
    );
    const isUnkilled = expected.length === 0 && !Object.values(verdicts).includes("fail");
    return kind === "mutant" && (checks.length > 0 || isUnkilled) ? [{ name, task, checks }] : [];
  });
}

/**
 * Returns the submissions that lost points wrongly, with the checks that did not pass though they must: honest ones, and mutants
 * in what they do right. None is named where nothing passed at all.
 */
export function accused({ submissions }: KillTable): Problem[] {
  return submissions.flatMap(({ name, kind, task, expected, passes = [], verdicts }) => {
    const must =
      kind === "mutant" ? passes : Object.keys(verdicts).filter((check) => !expected.includes(check));
    const checks = must.filter((check) => !MAY_BE_KEPT.includes(verdicts[check] ?? "not shown"));
    const isUntried = kind === "honest" && !Object.values(verdicts).includes("pass");
    return checks.length > 0 || isUntried ? [{ name, task, checks }] : [];
  });
}

// an error is the harness's own, and found as such
const MAY_BE_KEPT: Verdict[] = ["pass", "not applicable", "error"];

/** Returns the honest submissions that pass what they should fail, with those checks. */
export function better({ submissions }: KillTable): Problem[] {
  return submissions.flatMap(({ name, kind, task, expected, verdicts }) => {
    const checks = expected.filter((check) => verdicts[check] === "pass");
    return kind === "honest" && checks.length > 0 ? [{ name, task, checks }] : [];
  });
}

/** Returns the submissions in which the harness itself failed, with those checks. */
export function broken({ submissions }: KillTable): Problem[] {
  return submissions.flatMap(({ name, task, verdicts }) => {
    const checks = Object.keys(verdicts).filter((check) => verdicts[check] === "error");
    return checks.length > 0 ? [{ name, task, checks }] : [];
  });
}

/** Returns the checks that killed no mutant: nothing shows that they can fail. */
export function idleChecks({ submissions, checks }: KillTable): string[] {
  return checks.filter(
    (check) => !submissions.some(({ kind, verdicts }) => kind === "mutant" && verdicts[check] === "fail"),
  );
}

/** Returns the outcome in one line. */
export function summarizeKills(table: KillTable): string {
  const count = (kind: Tried["kind"]) => table.submissions.filter((one) => one.kind === kind).length;
  const [mutants, honest] = [count("mutant"), count("honest")];
  const wronged = new Set([...accused(table), ...broken(table)].map(keyOf));
  const kept = table.submissions.filter((one) => one.kind === "honest" && !wronged.has(keyOf(one))).length;
  const seconds = table.submissions.reduce((sum, one) => sum + one.seconds, 0);
  const idle = idleChecks(table).length;
  return [
    `${mutants - survivors(table).length} of ${counted(mutants, "mutant")} killed`,
    `${kept} of ${counted(honest, "honest program")} kept every point`,
    idle === 0
      ? "every check killed something"
      : `${idle} of ${counted(table.checks.length, "check")} killed nothing`,
    formatSeconds(seconds),
  ].join("; ");
}

/** What a cell says: whether the check did what it must. */
type Cell = "killed" | "also" | "missed" | "accused" | "kept" | "spared" | "untold" | "broken" | "none";

const CELLS: Record<Cell, { mark: string; style: Style; name: string; meaning: string }> = {
  killed: { mark: "✗", style: "green", name: "pass", meaning: "failed, as it must" },
  kept: { mark: "✓", style: "green", name: "pass", meaning: "passed, as it must" },
  missed: { mark: "M", style: "red", name: "fail", meaning: "did not fail, though it must" },
  accused: { mark: "A", style: "red", name: "fail", meaning: "did not pass, though it must" },
  also: { mark: "×", style: "dim", name: "without", meaning: "failed too" },
  spared: { mark: "·", style: "dim", name: "without", meaning: "passed" },
  untold: { mark: "?", style: "yellow", name: "unshown", meaning: "could not be shown" },
  broken: { mark: "!", style: "magenta", name: "error", meaning: "the harness failed" },
  none: { mark: " ", style: "dim", name: "without", meaning: "does not apply" },
};

function cellOf({ kind, expected, passes = [], verdicts }: Tried, check: string): Cell {
  const verdict = verdicts[check];
  const group = expected.find((group) => alternatives(group).includes(check));
  if (verdict === "error") return "broken";
  if (group !== undefined) {
    if (verdict === "fail") return "killed";
    if (kind === "honest") return verdict === "pass" ? "missed" : "untold";
    if (!alternatives(group).some((other) => verdicts[other] === "fail")) return "missed";
  }
  if (verdict === undefined || verdict === "not applicable") return "none";
  if (kind === "honest" || passes.includes(check)) return verdict === "pass" ? "kept" : "accused";
  return ({ pass: "spared", fail: "also", "not shown": "untold" } as const)[verdict];
}

function alternatives(group: string): string[] {
  return group.split("|");
}

function keyOf({ task, name }: { task: string; name: string }): string {
  return JSON.stringify([task, name]);
}

/** Returns the table as text for `width` places: what is wrong first, then a row for each submission. */
export function killTableText(table: KillTable, width: number, hasColours = false): string {
  const style = styles(hasColours);
  const problems = problemLines(table).flatMap((line) => wrap(line, width).map((part) => style("red", part)));
  const rows = sorted(table);
  const longest = Math.max(4, ...rows.map(({ task, name }) => widthOf(oneLine(`${task} ${name}`))));
  const room = Math.min(longest, Math.max(16, width - 32));
  // as many columns as fit at a time, with the name of the last one
  const label = 3 + Math.min(16, Math.max(0, ...table.checks.map((check) => oneLine(check).length)));
  const perBlock = Math.max(4, Math.floor((width - room - label) / 2));
  const blocks: string[] = [];
  for (let from = 0; from < Math.max(1, table.checks.length); from += perBlock) {
    const checks = table.checks.slice(from, from + perBlock);
    const lines = [...headLines(checks, room, width)];
    for (const row of rows) {
      const cells = checks.map((check) => {
        const { mark, style: colour } = CELLS[cellOf(row, check)];
        return style(colour, mark);
      });
      lines.push(`${pad(cut(oneLine(`${row.task} ${row.name}`), room), room)}  ${cells.join(" ")}`.trimEnd());
    }
    blocks.push(lines.join("\n"));
  }
  const legend = Object.values(CELLS)
    .filter(({ mark }) => mark !== " ")
    .map(({ mark, meaning }) => `${mark} ${meaning}`)
    .join("   ");
  return [
    ...problems,
    ...(problems.length > 0 ? [""] : []),
    blocks.join("\n\n"),
    "",
    ...wrap(legend, width),
    ...wrap(summarizeKills(table), width),
    "",
  ].join("\n");
}

/** The names of the columns, each as a staircase down to its column. */
function headLines(checks: readonly string[], room: number, width: number): string[] {
  const bars = (count: number) => "│ ".repeat(count);
  return checks.map((check, index) => cut(`${" ".repeat(room)}  ${bars(index)}┌ ${oneLine(check)}`, width));
}

function problemLines(table: KillTable): string[] {
  const list = (problems: Problem[], what: string, none: string) =>
    problems.map(({ task, name, checks }) => {
      const shown = checks.map(oneLine).join(", ");
      return `${oneLine(`${task} ${name}`)} ${checks.length > 0 ? `${what} ${shown}` : none}`;
    });
  const idle = idleChecks(table);
  return [
    ...list(survivors(table), "survives", "survives: no check failed it"),
    ...list(accused(table), "is wrongly accused by", "passed nothing at all"),
    ...list(better(table), "passes what it should fail:", ""),
    ...list(broken(table), "made the harness itself fail in", ""),
    ...(idle.length > 0 ? [`no mutant shows that these can fail: ${idle.map(oneLine).join(", ")}`] : []),
  ];
}

/** What is wrong first, then mutants before honest ones, by task and name. */
function sorted(table: KillTable): Tried[] {
  const wrong = new Set([survivors, accused, better, broken].flatMap((find) => find(table)).map(keyOf));
  const rank = (one: Tried) =>
    [
      wrong.has(keyOf(one)) ? 0 : 1,
      one.kind === "mutant" ? 0 : 1,
      one.task.startsWith("part") ? 0 : 1,
      one.task,
      one.name,
    ].join(" ");
  return table.submissions.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

/** Returns the table as a page. */
export function killTablePage(table: KillTable): string {
  const problems = problemLines(table);
  const rows = sorted(table);
  const body = markup`<header>
<p class="eyebrow">Secure Messaging Lab</p>
<h1>Which check kills which mutant</h1>
<p class="verdict-line">${summarizeKills(table)}.</p>
</header>
<main>
${problems.length > 0 && markup`<h2>What is wrong</h2><ul>${problems.map((line) => markup`<li class="fail">${line}</li>`)}</ul>`}
<h2>All of them</h2>
<p class="muted">${Object.values(CELLS)
    .filter(({ mark }) => mark !== " ")
    .map(({ mark, name, meaning }) => markup`<span class="${name}">${mark}</span> ${meaning} &nbsp; `)}</p>
<div class="scroll" tabindex="0" role="region" aria-label="mutants by checks"><table class="kills">
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
