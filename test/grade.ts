/**
 * Grades a submission by attacking it
 *
 * Run: npm run grade -- [DIR]
 *
 * Starts the two programs of each task, sits on the wire between them, and looks only at what an
 * outsider could see. Without DIR it grades this project's own solutions. `--class DIR` grades
 * every folder in DIR, `init` writes a manifest, `selftest` grades the grader itself, and `doctor`
 * checks this machine.
 */
import process from "node:process";
import { explain, installErrorHandlers, UsageError } from "../lib/cli/diagnostics.ts";
import { GRADER_FAILED } from "./grader/commands/exit-status.ts";
import { readArguments } from "./grader/commands/grade-arguments.ts";
import { USAGE } from "./grader/commands/grade-usage.ts";

installErrorHandlers();
try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  if (error instanceof UsageError) throw error;
  console.error(`error: ${explain(error)}`);
  process.exitCode = GRADER_FAILED;
}
// everything is written; a handle that a box left open must not delay the end
process.exit();

/** Loads a command once it is needed: neither `--help` nor a wrong command line needs one. */
async function run(args: string[]): Promise<number> {
  const [first, ...rest] = args;
  if (first === "doctor") return (await import("./grader/commands/doctor.ts")).doctor(rest);
  if (first === "init") return (await import("./grader/commands/init.ts")).init(rest);
  if (first === "selftest") return (await import("./grader/commands/selftest.ts")).selftest(rest);
  if (first === "template") return (await import("./grader/commands/template.ts")).template(rest);
  const given = readArguments(args);
  if (given !== undefined) return (await import("./grader/commands/grade.ts")).gradeCommand(given);
  console.log(USAGE);
  return 0;
}
