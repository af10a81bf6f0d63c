/** The cells, rows and problems of a kill table, for all its forms. */
import {
  accused,
  alternatives,
  better,
  broken,
  idleChecks,
  type KillTable,
  keyOf,
  type Problem,
  survivors,
  type Tried,
} from "./kill-table.ts";
import type { Style } from "./terminal-style.ts";
import { oneLine } from "./visible.ts";

/** A cell of the table: whether the check gave the verdict that it must. */
type Cell = "killed" | "also" | "missed" | "accused" | "kept" | "spared" | "untold" | "broken" | "none";

export const CELLS: Record<Cell, { mark: string; style: Style; name: string; meaning: string }> = {
  killed: { mark: "✗", style: "green", name: "pass", meaning: "failed, as it must" },
  kept: { mark: "✓", style: "green", name: "pass", meaning: "passed, as it must" },
  missed: { mark: "M", style: "red", name: "fail", meaning: "should have failed" },
  accused: { mark: "A", style: "red", name: "fail", meaning: "should have passed" },
  also: { mark: "×", style: "dim", name: "without", meaning: "failed too" },
  spared: { mark: "·", style: "dim", name: "without", meaning: "passed" },
  untold: { mark: "?", style: "yellow", name: "unshown", meaning: "could not be shown" },
  broken: { mark: "!", style: "magenta", name: "error", meaning: "the grader failed" },
  none: { mark: " ", style: "dim", name: "without", meaning: "does not apply" },
};

export function cellOf({ kind, expected, passes = [], verdicts }: Tried, check: string): Cell {
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

export function problemLines(table: KillTable): string[] {
  const list = (problems: Problem[], phrase: string, none: string) =>
    problems.map(({ task, name, checks }) => {
      const shown = checks.map(oneLine).join(", ");
      return `${oneLine(`${task} ${name}`)} ${checks.length > 0 ? `${phrase} ${shown}` : none}`;
    });
  const idle = idleChecks(table);
  return [
    ...list(survivors(table), "survives", "survives: no check failed it"),
    ...list(accused(table), "is wrongly accused by", "passed nothing at all"),
    ...list(better(table), "passes what it should fail:", ""),
    ...list(broken(table), "made the grader itself fail in", ""),
    ...(idle.length > 0 ? [`no mutant proves that these can fail: ${idle.map(oneLine).join(", ")}`] : []),
  ];
}

/**
 * Returns the rows: wrong verdicts first, then mutants before honest submissions, by task and name.
 */
export function sortRows(table: KillTable): Tried[] {
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

/** Returns each mark with its meaning, except for the empty one. */
export function legend(): { mark: string; name: string; meaning: string }[] {
  return Object.values(CELLS).filter(({ mark }) => mark !== " ");
}
