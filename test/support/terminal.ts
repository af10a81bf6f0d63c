/** Programs on a real terminal, in which a test types. */
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { ROOT } from "./launch.ts";

const PYTHON = "/usr/bin/python3";
const SCRIPT = fileURLToPath(new URL("terminal.py", import.meta.url));

export interface Session {
  /** All that the terminal showed. */
  shown: string;
  /** The exit status; or the signal that ended it, negative. */
  ended: number;
  /**
   * Whether the terminal shows what is typed, when all is over; null when the system does not tell
   * any more.
   */
  echoes: boolean | null;
  /** Steps that never came. */
  left: number;
}

/** Runs `command` on a terminal; when it shows a step's first text, types the second. */
export async function onTerminal(
  command: readonly string[],
  steps: readonly [shown: string, keys: string | Uint8Array][],
): Promise<Session> {
  const coded = steps.map(([shown, keys]) => [
    Buffer.from(shown).toString("hex"),
    Buffer.from(keys).toString("hex"),
  ]);
  const child = spawn(PYTHON, [SCRIPT, JSON.stringify(coded), ...command], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const { shown, ...rest } = JSON.parse(await text(child.stdout));
  return { shown: Buffer.from(shown, "hex").toString(), ...rest };
}
