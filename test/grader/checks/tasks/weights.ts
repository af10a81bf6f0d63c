/** The points of each check of a task, as the README of the exercise states them. */
import type { Task } from "../check.ts";

/** The README that states the weights of each task. */
export const README: Record<string, string> = {
  part1: "part1/README.md",
  part2: "part2/README.md",
  "01": "exercises/01-persisted-keys/README.md",
  "02": "exercises/02-refactor/README.md",
  "03": "exercises/03-allow-list/README.md",
  "04": "exercises/04-port-switching/README.md",
  "05": "exercises/05-ftp/README.md",
};

/** Returns the table of weights, in Markdown. */
export function weightsTable({ checks }: Task): string {
  const rows = checks.map(({ id, title, points }) => `| \`${id}\` | ${title} | ${points} |`);
  return ["| check | what is tried | points |", "|---|---|---|", ...rows].join("\n");
}
