/** Several commands as one. */
import { shellQuoted } from "../../../lib/bytes/printable.ts";
import type { ProgramManifest } from "../manifest/manifest.ts";
import type { Fill } from "../manifest/placeholders.ts";

/** Returns once a program in the box listens: TCP's state 0A in the kernel's table. */
const UNTIL_LISTENING = "until grep -qs ' 0A ' /proc/net/tcp /proc/net/tcp6; do sleep 0.05; done";

/** Returns the command that runs a program of a manifest: behind its relay, then its next ones. */
export function commandOf({ command, next, relay }: ProgramManifest, fill: Fill): string[] {
  const own = inSequence([command, ...next].map((words) => words.map(fill)));
  if (relay === undefined) return own;
  const [first, rest] = [relay.map(fill), own].map((words) => words.map(shellQuoted).join(" "));
  // what the relay prints is no output of the second client; the grader ends both
  return ["sh", "-c", `${first} <&- >/dev/null & ${UNTIL_LISTENING}\n${rest}\nwait`];
}

/** Returns a command that runs all of them in order; its status is that of the last that failed. */
export function inSequence(commands: readonly string[][]): string[] {
  const [only] = commands;
  if (only && commands.length === 1) return only;
  const lines = commands.map((command) => `${command.map(shellQuoted).join(" ")} || status=$?`);
  return ["sh", "-c", ["status=0", ...lines, 'exit "$status"'].join("\n")];
}
