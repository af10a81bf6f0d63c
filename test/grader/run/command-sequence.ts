/** Several commands as one. */
import { shellQuoted } from "../../../lib/bytes/printable.ts";

/** Returns a command that runs all of them in order; its status is that of the last that failed. */
export function inSequence(commands: readonly string[][]): string[] {
  const [only] = commands;
  if (only && commands.length === 1) return only;
  const lines = commands.map((command) => `${command.map(shellQuoted).join(" ")} || status=$?`);
  return ["sh", "-c", ["status=0", ...lines, 'exit "$status"'].join("\n")];
}
