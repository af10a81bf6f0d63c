/** The flag `--jobs`: submissions at a time. */
import { quoted } from "../../../lib/bytes/printable.ts";
import { UsageError } from "../../../lib/cli/diagnostics.ts";

const MAX_JOBS = 64;

/** Returns the number in `text`. @throws UsageError if it is not from 1 to 64 */
export function parseJobs(text = ""): number {
  const count = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= MAX_JOBS) return count;
  throw new UsageError(`--jobs ${quoted(text)}: expected a whole number from 1 to ${MAX_JOBS}`);
}
