/**
 * Programs of the grader that compute for seconds, each in a process of its own: the wire must keep
 * moving meanwhile.
 *
 * A file is both sides. Started as a program, it answers one request.
 */
import { type ChildProcess, fork } from "node:child_process";
import { constants, setPriority } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { killAtExit } from "../sandbox/kill-at-exit.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
/** Milliseconds. A search takes about ten seconds, on a busy machine more than ten minutes. */
const TIME_LIMIT = 1_800_000;

/** Starts `file`, a module that calls `serve`. */
export function startProcess(file: string): ChildProcess {
  const child = fork(file, ["serve"], {
    // not the options with which this process was started
    execArgv: ["--import", "tsx"],
    // where tsx is found
    cwd: ROOT,
    serialization: "advanced",
    timeout: TIME_LIMIT,
  });
  killAtExit(child);
  return child;
}

/** Sends `request` to a process, and ends it after its answer. @throws Error if it gives none */
export function ask<Request extends object, Answer>(child: ChildProcess, request: Request): Promise<Answer> {
  return new Promise((resolve, reject) => {
    child.once("message", ({ answer }: { answer: Answer }) => {
      resolve(answer);
      child.disconnect();
    });
    child.once("error", reject);
    child.once("exit", (status, signal) => reject(new Error(`the search ended with ${status ?? signal}`)));
    child.send(request);
  });
}

/** Answers a request with `answerTo`, if `file` was started by `startProcess`. */
export function serve<Request>(file: string, answerTo: (request: Request) => unknown): void {
  if (process.argv[1] !== file || process.argv[2] !== "serve" || !process.send) return;
  // leave the processor to programs that are being timed
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  // stay until disconnected: the parent might see the exit before the answer
  process.on("message", (request: Request) => {
    // an answer may be undefined, a message may not; a parent that has ended meanwhile needs none
    process.send?.({ answer: answerTo(request) }, undefined, undefined, () => {});
  });
}
