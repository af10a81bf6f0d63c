/** `npm run grade -- DIR`: grades one submission, or a class. */
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import process from "node:process";
import { toHex } from "../../../lib/bytes/bytes.ts";
import { UsageError } from "../../../lib/cli/diagnostics.ts";
import { loadWeights, OWN_WEIGHTS, type Weights } from "../grading/weights.ts";
import type { Report } from "../model/report.ts";
import { gradescopeResults } from "../report/gradescope.ts";
import { reportPage } from "../report/html.ts";
import { encodeReport } from "../report/json.ts";
import { junitReport } from "../report/junit.ts";
import { runClass } from "./class.ts";
import { statusOf } from "./exit-status.ts";
import type { GradeArguments } from "./grade-arguments.ts";
import { gradeFolder } from "./grade-one.ts";
import { GRADESCOPE_FILE } from "./grade-usage.ts";
import { parseOnly } from "./only.ts";

/** Runs the command; returns the exit status. @throws UsageError if its arguments are wrong */
export async function gradeCommand(given: GradeArguments): Promise<number> {
  const { folder, values, timeout, sandbox, quick } = given;
  const { manifest, transcripts } = values;
  const wanted = parseOnly(values["only"]);
  const weights = readWeights(values["weights"]);
  if (given.isClass) return gradeClass(given, weights);
  const seed = values["seed"] ?? toHex(new Uint8Array(randomBytes(6)));
  const options = { seed, wanted, quick, timeout, sandbox, manifest, weights, transcripts };
  const report = await gradeFolder(folder, options, values["json"] === "-");
  await writeReports(report, values);
  return statusOf(report);
}

function gradeClass(given: GradeArguments, weights: Weights): Promise<number> {
  const { folder, values, jobs, quick, passedOn } = given;
  const { csv, html, results, manifest, student } = values;
  const again = values["again"] !== undefined;
  const files = { folder, csv, html, results, manifest };
  return runClass({ ...files, jobs, quick, again, student, weights, flags: passedOn });
}

async function writeReports(report: Report, values: GradeArguments["values"]): Promise<void> {
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

function readWeights(file: string | undefined): Weights {
  try {
    return file === undefined ? OWN_WEIGHTS : loadWeights(file);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
