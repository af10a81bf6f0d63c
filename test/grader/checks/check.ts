/** A check: data, and one function that runs exchanges and throws what it finds. */
import type { SharedExchanges } from "../exchange/shared-exchanges.ts";
import type { Attempt } from "../model/attempt.ts";

export interface Task {
  /** Such as `part1` or `03`. */
  id: string;
  title: string;
  /** The programs keep their files from one run to the next, as they keep their keys. */
  keepsFolders: boolean;
  /** Characters of a long text. */
  longText: number;
  /** In the order in which they are reported. Their points add up to 100. */
  checks: Check[];
}

export interface Check {
  /** Unique within its task. */
  id: string;
  title: string;
  points: number;
  /** Ids of the checks that must pass before this one can show anything. */
  needs: string[];
  /**
   * The check passes because something happened. It needs no plain exchange afterwards to show that
   * the programs still work.
   */
  showsLife?: true;
  /** A pass says that texts arrive, and nothing about their protection. */
  isFunctional?: true;
  /**
   * Returns what was tried if the submission passes; a pass with nothing tried shows nothing.
   *
   * @throws Found, NotShown or NotApplicable; any other error is the grader's own failure
   */
  run(exchanges: SharedExchanges): Promise<Attempt[]>;
}
