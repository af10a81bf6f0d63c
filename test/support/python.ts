/** Python's standard library as a second opinion on what we write. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";

const PYTHON = "/usr/bin/python3";

export const hasPython = existsSync(PYTHON);

/**
 * Runs `script` with `input` on its standard input; returns what it prints, which is JSON.
 *
 * @throws Error when it fails
 */
export function askPython<T>(script: string, input: string | Uint8Array): T {
  const output = execFileSync(PYTHON, ["-c", script], { input, encoding: "utf8", maxBuffer: 1 << 28 });
  const answer: T = JSON.parse(output);
  return answer;
}
