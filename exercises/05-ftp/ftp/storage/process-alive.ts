/** Which processes run. */
import process from "node:process";
import { systemCode } from "../../../../lib/cli/diagnostics.ts";

/** Says whether a process has the number `id`, ours or somebody else's. */
export function isAlive(id: number): boolean {
  try {
    return process.kill(id, 0);
  } catch (error) {
    return systemCode(error) === "EPERM";
  }
}
