/**
 * Grades a submission by attacking it
 *
 * Run: npm run grade -- [DIR]
 *
 * Starts the two programs of each task, sits on the wire between them, and looks only at what anyone outside could see. Without
 * DIR it grades this project's own solutions. `--class DIR` grades every folder in DIR, `selftest` the harness itself, and
 * `doctor` tells what of it works on this machine.
 */
import process from "node:process";
import { explain, installErrorHandlers, UsageError } from "../lib/cli/diagnostics.ts";
import { doctor } from "./grader/commands/doctor.ts";
import { GRADER_FAILED, gradeCommand } from "./grader/commands/grade.ts";
import { selftest } from "./grader/commands/selftest.ts";

const COMMANDS = { doctor, selftest };

installErrorHandlers();
try {
  const [first, ...rest] = process.argv.slice(2);
  const command = first === "doctor" || first === "selftest" ? COMMANDS[first] : undefined;
  process.exitCode = await (command ? command(rest) : gradeCommand(process.argv.slice(2)));
} catch (error) {
  if (error instanceof UsageError) throw error;
  console.error(`error: ${explain(error)}`);
  process.exitCode = GRADER_FAILED;
}
// all is written; what a box may have left open must not keep anybody waiting
process.exit();
