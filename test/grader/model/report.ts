/**
 * What a grading found: plain data, as `--json` prints it. Every report (terminal, HTML, JUnit, Gradescope, CSV) is made from
 * this and nothing else.
 */
import type { AttackKind } from "./attack.ts";
import type { Direction, Side } from "./direction.ts";

/**
 * - pass, fail: it was tried, and this is what came out;
 * - not shown: it could not be tried (a check that it needs did not pass, say), so it scores nothing;
 * - not applicable: the task does not ask for it, so it does not count towards the maximum;
 * - error: the harness itself failed, which says nothing of the submission.
 */
export type Verdict = "pass" | "fail" | "not shown" | "not applicable" | "error";

export const MARKS: Record<Verdict, string> = {
  pass: "✓",
  fail: "✗",
  "not shown": "?",
  "not applicable": "–",
  error: "!",
};

export interface Report {
  version: 1;
  submission: { name: string; folder: string };
  /** Determines every choice of the grading that is left to chance. */
  seed: string;
  /** ISO 8601, UTC. */
  started: string;
  seconds: number;
  /** Whether the programs ran in namespaces of their own, and what that leaves open, or why not. */
  isolation: { kind: "namespaces" | "none"; notes: string[] };
  tasks: TaskReport[];
  points: number;
  /** Of the checks that apply. */
  maximum: number;
}

export interface TaskReport {
  /** `part1`, `part2`, `01` to `07`. */
  id: string;
  title: string;
  seconds: number;
  points: number;
  maximum: number;
  checks: CheckReport[];
}

export interface CheckReport {
  /** Unique within its task, such as `unaltered`. */
  id: string;
  title: string;
  verdict: Verdict;
  points: number;
  maximum: number;
  seconds: number;
  /** One sentence, where the verdict is neither pass nor fail. */
  reason?: string;
  /** Where it is fail. */
  finding?: Finding;
  /** The command that tries just this check again, with the same seed. */
  repeat: string;
}

export interface Finding {
  expected: string;
  happened: string;
  why: string;
  hint: string;
  evidence: Evidence[];
}

/** What proves a finding. */
export interface Evidence {
  caption: string;
  /** The exchange in which it was seen. */
  diagram?: SequenceDiagram;
  /** Bytes worth reading one by one. */
  dump?: Dump;
  /** Text that was recovered, or that a program printed. */
  quote?: string;
}

export interface Dump {
  label: string;
  hex: string;
  /** The offset of the first of these bytes in what they were taken from, by default 0. */
  start?: number;
  /** Ranges of these bytes, counted from 0: the first, and the one past the last. */
  marked: [number, number][];
}

/** One exchange, in order of time. */
export interface SequenceDiagram {
  title: string;
  entries: DiagramEntry[];
}

export type DiagramEntry = ConnectEntry | FrameEntry | EndEntry | PrintedEntry | ExitEntry | NoteEntry;

export interface ConnectEntry extends Moment {
  type: "connect";
  /** Counted from 1. */
  connection: number;
  port: number;
  /** The harness plays this side itself. */
  played?: Side;
}

export interface FrameEntry extends Moment {
  type: "frame";
  connection: number;
  direction: Direction;
  /** Bytes, as they were sent. */
  length: number;
  /** Some of them, in hexadecimal. */
  excerpt: string;
  /** The byte with which the excerpt begins, by default the first. */
  excerptAt?: number;
  attack?: Attack;
}

/** What the harness did to a frame, or read in it. */
export interface Attack {
  kind: AttackKind;
  /** Of the byte that it was done to, in the frame. */
  offset?: number;
  detail: string;
}

export interface EndEntry extends Moment {
  type: "end" | "reset";
  connection: number;
  /** From whom it comes. */
  direction: Direction;
}

export interface PrintedEntry extends Moment {
  type: "printed";
  side: Side;
  /** "file": it stored a file with this content. */
  stream: "stdout" | "stderr" | "file";
  text: string;
  /** This is what is wrong. */
  bad?: true;
}

export interface ExitEntry extends Moment {
  type: "exit";
  side: Side;
  /** Such as `status 1`. */
  ending: string;
}

export interface NoteEntry extends Moment {
  type: "note";
  text: string;
}

interface Moment {
  /** Seconds since the exchange began. */
  at: number;
}
