/** Writes what a class came to: the table, the page of the class, and a page for each student. */
import { dirname, join, relative, sep } from "node:path";
import { savePage } from "../grading/grade-store.ts";
import { classPage, failurePage } from "./class-page.ts";
import { gradesCsv } from "./csv.ts";
import { fileNameOf } from "./file-name.ts";
import type { Grade } from "./grade.ts";
import { reportPage } from "./html.ts";

/**
 * Writes `csv` and `html`, as far as they are wanted; the pages of the students stand in `results`, beside their grades.
 *
 * @throws Error when one cannot be written
 */
export async function saveClass(
  title: string,
  grades: readonly Grade[],
  { results, csv, html }: { results: string; csv?: string | undefined; html?: string | undefined },
): Promise<void> {
  if (csv !== undefined) await savePage(csv, gradesCsv(grades));
  if (html === undefined) return;
  const pageOf = (student: string) => join(results, `${fileNameOf(student)}.html`);
  for (const grade of grades) {
    const { outcome, student } = grade;
    if (outcome.kind === "waiting") continue;
    const up = { href: link(pageOf(student), html), title };
    const text = outcome.kind === "graded" ? reportPage(outcome.report, up) : failurePage(grade, up);
    await savePage(pageOf(student), text);
  }
  await savePage(html, classPage(title, grades, { href: (student) => link(html, pageOf(student)) }));
}

/** How a page refers to another file. */
function link(from: string, to: string): string {
  return relative(dirname(from), to).split(sep).map(encodeURIComponent).join("/");
}
