/** Which students of a class have missed which checks. */
import type { CheckReport } from "../model/report.ts";
import { type Grade, tasksOf } from "./grade.ts";

/** A check that was graded for at least one student. */
export interface CheckColumn {
  task: string;
  id: string;
  title: string;
  /** How many students have failed it. */
  missed: number;
}

/** Returns the checks in `grades`, task by task, those that most students have failed first. */
export function checkColumns(grades: readonly Grade[]): CheckColumn[] {
  return tasksOf(grades).flatMap((task) => {
    const columns = new Map<string, CheckColumn>();
    for (const { id, title, verdict } of grades.flatMap((grade) => checksOf(grade, task))) {
      const column = columns.get(id) ?? { task, id, title, missed: 0 };
      columns.set(id, { ...column, missed: column.missed + (verdict === "fail" ? 1 : 0) });
    }
    return [...columns.values()].toSorted((a, b) => b.missed - a.missed);
  });
}

/** Returns the result of a check for one student; undefined if it was not graded. */
export function cellOf(grade: Grade, { task, id }: CheckColumn): CheckReport | undefined {
  return checksOf(grade, task).find((check) => check.id === id);
}

function checksOf({ outcome }: Grade, task: string): readonly CheckReport[] {
  if (outcome.kind !== "graded") return [];
  return outcome.report.tasks.find(({ id }) => id === task)?.checks ?? [];
}
