/** The mark of each verdict. */
import type { Verdict } from "../model/report.ts";

export const MARKS: Record<Verdict, string> = {
  pass: "✓",
  fail: "✗",
  "not shown": "?",
  "not applicable": "–",
  error: "!",
};

/** In the order in which reports count them. */
export const VERDICTS: readonly Verdict[] = ["pass", "fail", "not shown", "not applicable", "error"];
