/**
 * The command line of `npm run grade`, read without loading the checks, so that a wrong one is
 * answered at once.
 */
import { statSync } from "node:fs";
import { quoted } from "../../../lib/bytes/printable.ts";
import { UsageError } from "../../../lib/cli/diagnostics.ts";
import { parseFlags, parseSeconds } from "../../../lib/cli/flags.ts";
import { ROOT } from "../../support/launch.ts";
import { FLAGS } from "./grade-usage.ts";
import { parseJobs } from "./jobs.ts";

const SANDBOXES = ["auto", "bwrap", "none"] as const;
const CLASS_ONLY = ["jobs", "csv", "results", "again", "student"];
const ONE_ONLY = ["json", "junit", "gradescope", "transcripts"];
// a seed that is not given differs from student to student, so that a stored grade can be used
const FOR_EACH_OF_CLASS = ["only", "timeout", "sandbox", "seed"];

export interface GradeArguments {
  /** The folder of one submission, or of a class. */
  folder: string;
  isClass: boolean;
  values: Partial<Record<string, string>>;
  timeout: number | undefined;
  sandbox: (typeof SANDBOXES)[number];
  jobs: number;
  quick: boolean;
  /** The flags that the grader of each submission of a class is given too. */
  passedOn: string[];
}

/** Returns the arguments; undefined if they ask for help. @throws UsageError if they are wrong */
export function readArguments(args: string[]): GradeArguments | undefined {
  const { values, words } = parseFlags(args, FLAGS);
  if (values["help"] !== undefined) return undefined;
  const isGiven = (name: string) => args.some((arg) => arg === `--${name}` || arg.startsWith(`--${name}=`));
  const isClass = values["class"] !== undefined;
  const misplaced = (isClass ? ONE_ONLY : CLASS_ONLY).find(isGiven);
  if (misplaced !== undefined)
    throw new UsageError(
      `--${misplaced} is ${isClass ? "not for a class" : "for a class (--class DIR)"}; see --help`,
    );
  const quick = values["quick"] !== undefined;
  if (quick && values["gradescope"] !== undefined)
    throw new UsageError("--gradescope reports grades, and --quick gives none");
  return {
    folder: readFolder(values["class"], words),
    isClass,
    values,
    timeout: values["timeout"] === undefined ? undefined : parseSeconds("--timeout", values["timeout"]),
    sandbox: parseSandbox(values["sandbox"]),
    jobs: parseJobs(values["jobs"]),
    quick,
    passedOn: [
      ...FOR_EACH_OF_CLASS.flatMap((name) =>
        values[name] !== undefined && isGiven(name) ? [`--${name}`, values[name]] : [],
      ),
      ...(quick ? ["--quick"] : []),
    ],
  };
}

function readFolder(classFolder: string | undefined, words: string[]): string {
  if (classFolder !== undefined && words.length > 0)
    throw new UsageError(`expected no folder beside --class DIR, got ${quoted(words[0] ?? "")}`);
  const [folder = ROOT, ...more] = classFolder === undefined ? words : [classFolder];
  if (more.length > 0) throw new UsageError(`expected one folder, got ${words.length}; see --help`);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new UsageError(`${quoted(folder)}: there is no such folder`);
  return folder;
}

function parseSandbox(text: string | undefined): (typeof SANDBOXES)[number] {
  const kind = SANDBOXES.find((each) => each === text);
  if (kind) return kind;
  throw new UsageError(`--sandbox ${quoted(text ?? "")}: expected ${SANDBOXES.join(", ")}`);
}
