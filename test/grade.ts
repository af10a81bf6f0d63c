/**
 * Grades a submission by attacking it
 *
 * Run: npm run grade -- [DIR]
 *
 * Starts the two programs of each task, sits on the wire between them, and looks only at what anyone outside could see. Without
 * DIR it grades this project's own solutions.
 */
import { randomBytes } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import process from "node:process";
import { parseFlags, parseSeconds } from "../lib/cli.ts";
import { quoted } from "../lib/printable.ts";
import { UsageError } from "../lib/usage-error.ts";
import { TASKS } from "./checks/tasks.ts";
import { gradeTask } from "./harness/grade.ts";
import { ROOT } from "./harness/launch.ts";
import { TerminalReport } from "./harness/report/terminal.ts";
import { terminalOf } from "./harness/report/terminal-style.ts";
import type { Report, TaskReport } from "./harness/report.ts";
import { openSubmission } from "./harness/submission.ts";

const FLAGS = {
  only: { value: "TASKS", help: "these tasks or checks only: part1,03 or part2/unaltered" },
  seed: { value: "SEED", help: "determines every choice by chance; each report names its own" },
  help: { help: "print this" },
};

const { values, words } = parseFlags(process.argv.slice(2), FLAGS);
const [folder = ROOT] = words;
if (!existsSync(folder) || !statSync(folder).isDirectory())
  throw new UsageError(`${quoted(folder)}: there is no such folder`);
const seed = values["seed"] ?? randomBytes(6).toString("hex");
const started = new Date();
const terminal = new TerminalReport(terminalOf(process.stdout));
const submission = await openSubmission(folder, { seed });
const wanted = (values["only"] ?? "").split(",").filter((word) => word !== "");
const tasks: TaskReport[] = [];
try {
  for (const task of TASKS) {
    const checks = wanted
      .filter((word) => word.startsWith(`${task.id}/`))
      .map((word) => word.slice(task.id.length + 1));
    if (wanted.length > 0 && !wanted.includes(task.id) && checks.length === 0) continue;
    if (!submission.manifest.tasks[task.id]) continue;
    terminal.taskStarted({ ...task, checks: task.checks.length });
    const report = await gradeTask(task, await submission.lab(task.id), {
      only: checks.length > 0 ? new Set(checks) : undefined,
      repeat: (id) => `npm run grade -- ${folder} --only ${task.id}/${id} --seed ${seed}`,
      started: (check) => terminal.checkStarted(check),
      finished: (check) => terminal.checkFinished(check),
    });
    terminal.taskFinished(report);
    tasks.push(report);
  }
} finally {
  await submission.close();
  terminal.close();
}
const sum = (field: "points" | "maximum") => tasks.reduce((total, task) => total + task[field], 0);
const report: Report = {
  version: 1,
  submission: { name: submission.manifest.name, folder },
  seed,
  started: started.toISOString(),
  seconds: (Date.now() - started.getTime()) / 1000,
  isolation: submission.isolation,
  tasks,
  points: sum("points"),
  maximum: sum("maximum"),
};
terminal.finished(report);
process.exitCode = tasks.every(({ checks }) => checks.every(({ verdict }) => verdict === "pass")) ? 0 : 1;
void parseSeconds;
