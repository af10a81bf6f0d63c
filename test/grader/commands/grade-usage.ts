/** The flags of `npm run grade`, and its help. */
import type { Flag } from "../../../lib/cli/flags.ts";

export const GRADESCOPE_FILE = "results.json";
const COLUMN = 20;

export const FLAGS: Record<string, Flag> = {
  only: { value: "TASKS", help: "grade only these tasks or checks: part1,03 or part2/unaltered" },
  quick: { help: "a first look: does it work, and the cheapest attack of each kind; no grades" },
  manifest: {
    value: "FILE",
    help: "use this manifest instead of DIR/submission.json; for a class, a folder of manifests too",
  },
  weights: { value: "FILE", help: "other points for the checks, and a pass mark, as JSON" },
  seed: { value: "TEXT", help: "determines every random choice; each report names its seed" },
  timeout: { value: "SECONDS", help: "longest time for a plain exchange, instead of the manifest's" },
  sandbox: { value: "KIND", default: "auto", help: "auto, bwrap or none" },
  json: { value: "FILE", help: "write the report as JSON; - for standard output" },
  html: { value: "FILE", help: "write the report as a page" },
  junit: { value: "FILE", help: "write the report as JUnit XML" },
  gradescope: { help: `write ${GRADESCOPE_FILE} for Gradescope to this folder` },
  transcripts: { value: "DIR", help: "write each check's exchanges to DIR, as text and for Wireshark" },
  class: { value: "DIR", help: "grade every folder in DIR" },
  jobs: { value: "N", default: "1", help: "submissions of a class to grade at a time" },
  csv: { value: "FILE", help: "write the grades of a class" },
  results: { value: "DIR", help: "keep the grades of a class in DIR, and continue from there" },
  again: { help: "grade the whole class again" },
  student: { value: "NAME", help: "grade this student of the class again, and no other" },
  help: { help: "print this help" },
};

export const USAGE = `Grades a submission by attacking it.

Usage: npm run grade -- [flags] [DIR]         one submission; without DIR, this project's own solutions
       npm run grade -- --class DIR [flags]   every folder in DIR
       npm run grade -- init [--help] DIR     writes the manifest of a submission, or of a class
       npm run grade -- template TASK LANGUAGE   prints a manifest to start from
       npm run grade -- selftest [--help]     the grader itself, on submissions with known verdicts
       npm run grade -- doctor                what the grader needs, and whether this machine has it

${Object.entries(FLAGS)
  .map(([name, { value, default: byDefault, help }]) => {
    const left = `--${name}${value ? ` ${value}` : ""}`;
    return `  ${left.padEnd(COLUMN)}  ${help}${byDefault === undefined ? "" : ` (${byDefault})`}`;
  })
  .join("\n")}

Exit status: 0 everything passed; 1 something did not; 2 wrong usage or manifest; 3 the grader itself failed.`;
