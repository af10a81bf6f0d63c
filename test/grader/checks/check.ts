/** What a check is: data, and one function that runs exchanges and returns, or throws what it found. */

import type { SharedExchanges } from "../exchange/shared-exchanges.ts";

export interface Task {
  /** `part1`, `part2`, `01` to `07`. */
  id: string;
  title: string;
  /** The programs keep their files from one run to the next, as they keep their keys. */
  keepsFolders: boolean;
  /** In the order in which they are reported; the points are 100 together. */
  checks: Check[];
}

export interface Check {
  /** Unique within its task. */
  id: string;
  title: string;
  points: number;
  /** Ids of the checks that must have passed before this one can show anything. */
  needs: string[];
  /** It passes because something happened, and so needs no plain exchange after it to show that the programs are alive. */
  showsLife?: true;
  /**
   * Returns when all is well.
   *
   * @throws Found, NotShown, NotApplicable; anything else is the harness's own failure
   */
  run(exchanges: SharedExchanges): Promise<void>;
}
