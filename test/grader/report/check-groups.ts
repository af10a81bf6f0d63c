/** Puts checks that are not shown for the same reason together: each cause appears once. */
import type { CheckReport } from "../model/report.ts";

/** Several checks, none of which was shown, for one reason. */
export interface UnshownGroup {
  reason: string;
  checks: CheckReport[];
}

export type Entry = CheckReport | UnshownGroup;

/** Returns the checks in their order, each group where its first check was. */
export function groupChecks(checks: readonly CheckReport[]): Entry[] {
  const groups = new Map<string, UnshownGroup>();
  const entries: Entry[] = [];
  for (const check of checks) {
    const { verdict, reason = "" } = check;
    const group = groups.get(reason) ?? { reason, checks: [] };
    if (verdict !== "not shown") entries.push(check);
    else if (group.checks.push(check) === 1) entries.push(group);
    if (verdict === "not shown") groups.set(reason, group);
  }
  return entries.flatMap((entry) => (isGroup(entry) && entry.checks.length === 1 ? entry.checks : entry));
}

export function isGroup(entry: Entry): entry is UnshownGroup {
  return "checks" in entry;
}
