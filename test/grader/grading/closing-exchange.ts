/**
 * A last plain exchange after all attacks: programs that no longer communicate have not resisted
 * anything.
 */
import type { Check, Task } from "../checks/check.ts";
import type { SharedExchanges } from "../exchange/shared-exchanges.ts";
import { describeEnding } from "../model/ending.ts";
import type { CheckResults } from "./check-results.ts";

const ATTEMPTS = 2;

/** Whether `check` passes because something did not happen. */
export function needsClosing({ needs, showsLife }: Check): boolean {
  return needs.length > 0 && !showsLife;
}

/**
 * Returns why the passed checks that need a closing exchange show nothing; undefined if they do.
 */
export async function findDeadPrograms(
  { checks }: Task,
  exchanges: SharedExchanges,
  results: CheckResults,
): Promise<string | undefined> {
  const passed = await Promise.all(
    checks.map(async (check) => needsClosing(check) && (await results.hasPassed(check.id))),
  );
  if (!passed.includes(true)) return undefined;
  const { first } = await exchanges.baseline();
  let ending = "";
  // one failure may be bad luck, two in a row are not
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const last = await exchanges.run({ title: "after all attacks", patient: true }).catch(() => undefined);
    if (last && last.times.message >= first.times.message && last.times.reply >= first.times.reply)
      return undefined;
    const end = last?.endings.server;
    ending = end === undefined ? "" : `, the server ${describeEnding(end)}`;
  }
  const wedged = await exchanges.wedged();
  return `a plain exchange after the attacks did not work${ending}${wedged === undefined ? "" : `; ${wedged}`}: what does not communicate resists nothing`;
}
