/** Which check kills which mutant: the proof that the checks work, and the wrong verdicts in it. */
import type { Verdict } from "../model/report.ts";
import { counted, formatSeconds } from "./visible.ts";

export interface KillTable {
  submissions: Tried[];
  /** Ids of all checks, in the order of the columns. */
  checks: string[];
}

export interface Tried {
  name: string;
  kind: "mutant" | "honest";
  task: string;
  /**
   * Ids of checks that must fail; of `a|b`, one of them. An honest submission must pass all others
   * that apply.
   */
  expected: string[];
  /** Ids of the checks that a mutant must pass, so that it is killed for its own flaw. */
  passes?: string[];
  verdicts: Record<string, Verdict>;
  seconds: number;
}

/** A submission with wrong verdicts, and the checks that gave them. */
export interface Problem {
  task: string;
  name: string;
  checks: string[];
}

/**
 * Returns the mutants that did not fail the checks that they must; none is named if no check was
 * expected.
 */
export function survivors({ submissions }: KillTable): Problem[] {
  return submissions.flatMap(({ name, kind, task, expected, verdicts }) => {
    const checks = expected.filter(
      (group) => !alternatives(group).some((check) => verdicts[check] === "fail"),
    );
    const isUnkilled = expected.length === 0 && !Object.values(verdicts).includes("fail");
    return kind === "mutant" && (checks.length > 0 || isUnkilled) ? [{ name, task, checks }] : [];
  });
}

/**
 * Returns the submissions that did not pass the checks that they must: honest ones, and mutants in
 * what they do right. No check is named if nothing passed at all.
 */
export function accused({ submissions }: KillTable): Problem[] {
  return submissions.flatMap(({ name, kind, task, expected, passes = [], verdicts }) => {
    const must =
      kind === "mutant" ? passes : Object.keys(verdicts).filter((check) => !expected.includes(check));
    const checks = must.filter((check) => !HARMLESS.includes(verdicts[check] ?? "not shown"));
    const isUntried = kind === "honest" && !Object.values(verdicts).includes("pass");
    return checks.length > 0 || isUntried ? [{ name, task, checks }] : [];
  });
}

/** `broken` finds the errors. */
const HARMLESS: readonly Verdict[] = ["pass", "not applicable", "error"];

/** Returns the honest submissions that pass checks that they are expected to fail. */
export function better({ submissions }: KillTable): Problem[] {
  return submissions.flatMap(({ name, kind, task, expected, verdicts }) => {
    const checks = expected.filter((check) => verdicts[check] === "pass");
    return kind === "honest" && checks.length > 0 ? [{ name, task, checks }] : [];
  });
}

/** Returns the submissions on which the grader itself failed. */
export function broken({ submissions }: KillTable): Problem[] {
  return submissions.flatMap(({ name, task, verdicts }) => {
    const checks = Object.keys(verdicts).filter((check) => verdicts[check] === "error");
    return checks.length > 0 ? [{ name, task, checks }] : [];
  });
}

/** Returns the checks that killed no mutant: nothing proves that they can fail. */
export function idleChecks({ submissions, checks }: KillTable): string[] {
  return checks.filter(
    (check) => !submissions.some(({ kind, verdicts }) => kind === "mutant" && verdicts[check] === "fail"),
  );
}

/** Returns a summary in one line. */
export function summarizeKills(table: KillTable): string {
  const count = (kind: Tried["kind"]) => table.submissions.filter((one) => one.kind === kind).length;
  const [mutants, honest] = [count("mutant"), count("honest")];
  const wronged = new Set([...accused(table), ...broken(table)].map(keyOf));
  const kept = table.submissions.filter((one) => one.kind === "honest" && !wronged.has(keyOf(one))).length;
  const seconds = table.submissions.reduce((sum, one) => sum + one.seconds, 0);
  const idle = idleChecks(table).length;
  return [
    `${mutants - survivors(table).length} of ${counted(mutants, "mutant")} killed`,
    `${kept} of ${counted(honest, "honest program")} kept every point`,
    idle === 0
      ? "every check killed something"
      : `${idle} of ${counted(table.checks.length, "check")} killed nothing`,
    formatSeconds(seconds),
  ].join("; ");
}

export function alternatives(group: string): string[] {
  return group.split("|");
}

export function keyOf({ task, name }: { task: string; name: string }): string {
  return JSON.stringify([task, name]);
}
