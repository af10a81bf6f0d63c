/** A running program of a submission, as its user sees it. */
import type { Side } from "./direction.ts";

export interface RunningProgram {
  readonly side: Side;
  /** Counted from 1 among the programs of a session. */
  readonly number: number;
  /** The output so far. */
  readonly stdout: string;
  readonly stderr: string;
  /**
   * The files that it stored, in their present state: one line for each, by path. Empty for
   * programs that print.
   */
  readonly stored: ReadonlyMap<string, string>;
  /** Resolves once the program has ended. */
  readonly ending: Promise<Ending>;
  /** How it ended; undefined while it runs. */
  readonly ended: Ending | undefined;
  /** The text that it must print before the next line is typed, if the manifest names one. */
  readonly awaitedText: string | undefined;
  /**
   * Resolves to true once the output contains `text`, or to false if the program ends first or
   * `seconds` pass.
   */
  waitForOutput(text: string, seconds: number): Promise<boolean>;
  /** Writes a line to its standard input. */
  typeLine(line: string): void;
  stop(): Promise<void>;
}

export interface Ending {
  /** The exit status; undefined if a signal ended the program. */
  status: number | undefined;
  /** Why the grader ended it, if it did: "output", "memory", "files", "time" or "stopped". */
  stopReason: string | undefined;
}
