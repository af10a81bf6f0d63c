/** What the grading works on: one check, or a stage whose result several checks share. */
export interface Stage {
  /** The id of the check, or the name of the shared stage. */
  name: string;
  /** The check that began it; undefined outside of all checks. */
  check: string | undefined;
  /** How far it has come, where that is known. */
  progress?: { done: number; total: number };
}
