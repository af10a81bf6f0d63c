/**
 * The result of a grading, as `--json` prints it. Every report (terminal, HTML, JUnit, Gradescope,
 * CSV) is made from this alone.
 *
 * The schemas below are the one source of the types, of the validation and of
 * report/report.schema.json.
 */
import { z } from "zod";
import { ATTACK_KINDS } from "./attack.ts";
import { DIRECTIONS, SIDES } from "./direction.ts";

/** Counts up when a reader of the previous format would misread this one. */
export const REPORT_VERSION = 2;

const sideSchema = z.enum(SIDES);
const directionSchema = z.enum(DIRECTIONS);
const hexSchema = z.string().regex(/^([0-9a-fA-F]{2})*$/, "hexadecimal");

const moment = { at: z.number().describe("Seconds since the exchange began.") };
const connection = z.number().describe("Counted from 1.");

const attackSchema = z
  .object({
    kind: z.enum(ATTACK_KINDS),
    offset: z.number().describe("The attacked byte, counted from the start of the frame.").exactOptional(),
    detail: z.string(),
  })
  .describe("What the grader did to a frame, or read in it.");

const connectSchema = z.object({
  type: z.literal("connect"),
  ...moment,
  connection,
  port: z.number(),
  played: sideSchema.describe("The side that the grader plays itself.").exactOptional(),
});

const frameSchema = z.object({
  type: z.literal("frame"),
  ...moment,
  connection,
  direction: directionSchema,
  length: z.number().describe("Bytes, as they were sent."),
  excerpt: hexSchema.describe("Some of these bytes."),
  excerptAt: z.number().describe("The offset of the excerpt's first byte; 0 by default.").exactOptional(),
  attack: attackSchema.exactOptional(),
});

const endSchema = z.object({
  type: z.enum(["end", "reset"]),
  ...moment,
  connection,
  direction: directionSchema.describe("The sender comes first."),
});

const printedSchema = z.object({
  type: z.literal("printed"),
  ...moment,
  side: sideSchema,
  stream: z.enum(["stdout", "stderr", "file"]).describe("file: it stored a file with this content."),
  text: z.string(),
  bad: z.literal(true).describe("This output proves the finding.").exactOptional(),
});

const exitSchema = z.object({
  type: z.literal("exit"),
  ...moment,
  side: sideSchema,
  ending: z.string().describe("Such as `ended with status 1`."),
});

const noteSchema = z.object({ type: z.literal("note"), ...moment, text: z.string() });

const entrySchema = z.discriminatedUnion("type", [
  connectSchema,
  frameSchema,
  endSchema,
  printedSchema,
  exitSchema,
  noteSchema,
]);

const diagramSchema = z
  .object({ title: z.string(), entries: z.array(entrySchema) })
  .describe("One exchange, in order of time.");

const dumpSchema = z.object({
  label: z.string(),
  hex: hexSchema,
  start: z.number().describe("The offset of the first of these bytes; 0 by default.").exactOptional(),
  marked: z
    .array(z.tuple([z.number(), z.number()], "two numbers"))
    .describe("Ranges of these bytes, counted from 0: the first byte, and the byte after the last."),
});

const evidenceSchema = z
  .object({
    caption: z.string(),
    diagram: diagramSchema.exactOptional(),
    dump: dumpSchema.exactOptional(),
    quote: z.string().describe("Text that was recovered, or that a program printed.").exactOptional(),
  })
  .describe("Proof of a finding.");

const findingSchema = z.object({
  expected: z.string(),
  happened: z.string(),
  why: z.string(),
  hint: z.string(),
  evidence: z.array(evidenceSchema),
});

export const verdictSchema = z.enum(["pass", "fail", "not shown", "not applicable", "error"]).describe(
  `pass, fail: the check was tried, and this is its result;
not shown: the check could not be tried (a check that it needs did not pass, for example), so it scores nothing;
not applicable: the task does not ask for it, so it does not count towards the maximum;
error: the grader itself failed, which says nothing about the submission.`,
);

const checkSchema = z.object({
  id: z.string().describe("Unique within its task, such as `unaltered`."),
  title: z.string(),
  verdict: verdictSchema,
  points: z.number(),
  maximum: z.number(),
  seconds: z
    .number()
    .describe(
      "Time spent on this check alone. Several run at a time: a moment counts for each in equal parts.",
    ),
  tried: z.string().describe("What was tried and what became of it, if the verdict is pass.").exactOptional(),
  reason: z.string().describe("One sentence, if the verdict is neither pass nor fail.").exactOptional(),
  finding: findingSchema.describe("Present if the verdict is fail.").exactOptional(),
  repeat: z.string().describe("The command that runs only this check again, with the same seed."),
});

const taskSchema = z.object({
  id: z.string().describe("`part1`, `part2`, `01` to `07`."),
  title: z.string(),
  seconds: z.number(),
  points: z.number(),
  maximum: z.number(),
  checks: z.array(checkSchema),
  untried: z
    .array(z.string())
    .describe("Ids of the task's other checks, which a quick grading leaves out.")
    .exactOptional(),
  shared: z
    .array(z.object({ title: z.string(), seconds: z.number() }))
    .describe("Time spent on what several checks share. With the checks' own times it adds up to `seconds`.")
    .exactOptional(),
  exchanges: z
    .object({ count: z.number(), seconds: z.number() })
    .describe("How many exchanges were run, and how long the first one took.")
    .exactOptional(),
});

export const reportSchema = z
  .object({
    version: z.literal(REPORT_VERSION),
    submission: z.object({ name: z.string(), folder: z.string() }),
    seed: z.string().describe("Determines every random choice of the grading."),
    started: z.string().describe("ISO 8601, UTC."),
    seconds: z.number(),
    isolation: z
      .object({ kind: z.enum(["namespaces", "none"]), notes: z.array(z.string()) })
      .describe(
        "Whether the programs ran in namespaces of their own, and what that leaves open, or why not.",
      ),
    quick: z
      .literal(true)
      .describe("Only the cheapest attack of each kind was tried: the points are provisional.")
      .exactOptional(),
    tasks: z.array(taskSchema),
    points: z.number(),
    maximum: z.number().describe("The sum over the checks that apply."),
    passMark: z
      .number()
      .describe("The share of the maximum that passes, in per cent, if the teacher has set one.")
      .exactOptional(),
  })
  .meta({ title: "Report of the Secure Messaging Lab's grader" });

export type Report = z.infer<typeof reportSchema>;
export type TaskReport = z.infer<typeof taskSchema>;
export type CheckReport = z.infer<typeof checkSchema>;
export type Verdict = z.infer<typeof verdictSchema>;
export type Finding = z.infer<typeof findingSchema>;
export type Evidence = z.infer<typeof evidenceSchema>;
export type Dump = z.infer<typeof dumpSchema>;
export type SequenceDiagram = z.infer<typeof diagramSchema>;
export type DiagramEntry = z.infer<typeof entrySchema>;
export type ConnectEntry = z.infer<typeof connectSchema>;
export type FrameEntry = z.infer<typeof frameSchema>;
export type EndEntry = z.infer<typeof endSchema>;
export type PrintedEntry = z.infer<typeof printedSchema>;
export type ExitEntry = z.infer<typeof exitSchema>;
export type NoteEntry = z.infer<typeof noteSchema>;
export type Attack = z.infer<typeof attackSchema>;
