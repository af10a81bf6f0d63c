/** Writes the results of a class: the table, the page of the class, and a page for each student. */
import { dirname, join, relative, sep } from "node:path";
import { replaceSmallFile } from "../../../lib/files/small-file.ts";
import { classPage, failurePage } from "./class-page.ts";
import { gradesCsv } from "./csv.ts";
import { fileNameOf } from "./file-name.ts";
import type { Grade } from "./grade.ts";
import { reportPage } from "./html.ts";

/** Only the teacher may read grades. */
const MODE = 0o600;

/**
 * Writes `csv` and `html` if they are given; the students' pages go to `results`, beside their
 * grades.
 *
 * @throws Error if a file cannot be written
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

async function savePage(file: string, text: string): Promise<void> {
  await replaceSmallFile(file, { text, mode: MODE });
}

/** Returns the reference to the file `to` on the page `from`. */
function link(from: string, to: string): string {
  return relative(dirname(from), to).split(sep).map(encodeURIComponent).join("/");
}
