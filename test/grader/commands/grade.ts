/** `npm run grade -- DIR`: grades one submission, or a class. */
import { randomBytes } from "node:crypto";
import { statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import process from "node:process";
import { toHex } from "../../../lib/bytes/bytes.ts";
import { quoted } from "../../../lib/bytes/printable.ts";
import { UsageError } from "../../../lib/cli/diagnostics.ts";
import { parseFlags, parseSeconds } from "../../../lib/cli/flags.ts";
import { ROOT } from "../../support/launch.ts";
import { loadWeights, OWN_WEIGHTS, type Weights } from "../grading/weights.ts";
import type { Report } from "../model/report.ts";
import { gradescopeResults } from "../report/gradescope.ts";
import { reportPage } from "../report/html.ts";
import { encodeReport } from "../report/json.ts";
import { junitReport } from "../report/junit.ts";
import { runClass } from "./class.ts";
import { statusOf } from "./exit-status.ts";
import { type GradeOptions, gradeFolder } from "./grade-one.ts";
import { FLAGS, GRADESCOPE_FILE } from "./grade-usage.ts";
import { parseJobs } from "./jobs.ts";
import { parseOnly } from "./only.ts";

type Values = Partial<Record<string, string>>;

const SANDBOXES = ["auto", "bwrap", "none"] as const;
const CLASS_ONLY = ["jobs", "csv", "results", "again", "student"];
const ONE_ONLY = ["json", "junit", "gradescope", "transcripts"];
// a seed that is not given differs from student to student, so that a stored grade can be used
const FOR_EACH_OF_CLASS = ["only", "timeout", "sandbox", "seed"];

/** Runs the command with `args`; returns the exit status. @throws UsageError if they are wrong */
export async function gradeCommand(args: string[]): Promise<number> {
  const { values, words } = parseFlags(args, FLAGS);
  const isGiven = (name: string) => args.some((arg) => arg === `--${name}` || arg.startsWith(`--${name}=`));
  const isClass = values["class"] !== undefined;
  const misplaced = (isClass ? ONE_ONLY : CLASS_ONLY).find(isGiven);
  if (misplaced !== undefined)
    throw new UsageError(
      `--${misplaced} is ${isClass ? "not for a class" : "for a class (--class DIR)"}; see --help`,
    );
  const options: GradeOptions = {
    seed: values["seed"] ?? toHex(new Uint8Array(randomBytes(6))),
    wanted: parseOnly(values["only"]),
    timeout: values["timeout"] === undefined ? undefined : parseSeconds("--timeout", values["timeout"]),
    sandbox: parseSandbox(values["sandbox"]),
    manifest: values["manifest"],
    weights: readWeights(values["weights"]),
    transcripts: values["transcripts"],
  };
  if (values["class"] !== undefined) {
    if (words.length > 0)
      throw new UsageError(`expected no folder beside --class DIR, got ${quoted(words[0] ?? "")}`);
    const passedOn = FOR_EACH_OF_CLASS.flatMap((name) =>
      values[name] !== undefined && isGiven(name) ? [`--${name}`, values[name]] : [],
    );
    return gradeClass(values["class"], values, { weights: options.weights, flags: passedOn });
  }
  const [folder = ROOT, ...more] = words;
  if (more.length > 0) throw new UsageError(`expected one folder, got ${words.length}; see --help`);
  requireFolder(folder);
  const report = await gradeFolder(folder, options, values["json"] === "-");
  await writeReports(report, values);
  return statusOf(report);
}

async function gradeClass(
  folder: string,
  values: Values,
  given: { weights: Weights; flags: string[] },
): Promise<number> {
  requireFolder(folder);
  return runClass({
    folder,
    jobs: parseJobs(values["jobs"]),
    csv: values["csv"],
    html: values["html"],
    results: values["results"],
    manifest: values["manifest"],
    again: values["again"] !== undefined,
    student: values["student"],
    ...given,
  });
}

async function writeReports(report: Report, values: Values): Promise<void> {
  const results = values["gradescope"] === undefined ? undefined : GRADESCOPE_FILE;
  const files: [string | undefined, () => string][] = [
    [values["json"], () => encodeReport(report)],
    [values["html"], () => reportPage(report)],
    [values["junit"], () => junitReport(report)],
    [results, () => `${JSON.stringify(gradescopeResults(report), null, 2)}\n`],
  ];
  for (const [file, encode] of files) {
    if (file === "-") process.stdout.write(encode());
    else if (file !== undefined) await writeFile(file, encode());
  }
}

function parseSandbox(text: string | undefined): (typeof SANDBOXES)[number] {
  const kind = SANDBOXES.find((each) => each === text);
  if (kind) return kind;
  throw new UsageError(`--sandbox ${quoted(text ?? "")}: expected ${SANDBOXES.join(", ")}`);
}

function readWeights(file: string | undefined): Weights {
  try {
    return file === undefined ? OWN_WEIGHTS : loadWeights(file);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function requireFolder(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return;
  throw new UsageError(`${quoted(folder)}: there is no such folder`);
}
