/**
 * Diagnostics on standard error: why a program failed and, with `--trace`, each step of the
 * protocol.
 */
import process from "node:process";

/** A mistake on the command line: one line on standard error, exit status 2. */
export class UsageError extends Error {}

/**
 * Returns the text to print for `error`: its message if it is a plain `Error` or a `UsageError`,
 * which a peer or a user caused, and its stack otherwise, because it is a bug.
 */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const expected = error.constructor === Error || error instanceof UsageError;
  return expected ? error.message : (error.stack ?? error.message);
}

/** Returns the code of an error of the system, such as `ENOENT`. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** Prints `error` and ends the program: status 2 for a `UsageError`, 1 for anything else. */
export function exitWith(error: unknown): never {
  console.error(`error: ${explain(error)}`);
  process.exit(error instanceof UsageError ? 2 : 1);
}

/**
 * Makes every uncaught error, and a failure of standard output, end the program as `exitWith` does.
 */
export function installErrorHandlers(): void {
  if (process.listeners("uncaughtException").includes(exitWith)) return;
  process.on("uncaughtException", exitWith);
  // without a listener, Node drops the output that it cannot write and still exits with status 0
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") throw new Error("standard output is closed");
    if (error.code === "ENOSPC") throw new Error("standard output is full");
    throw new Error(`standard output has failed (${error.code ?? error.message})`);
  });
}

let lastStep: number | undefined;

/** Turns tracing on; the first step is timed from here. */
export function startTrace(): void {
  lastStep = performance.now();
}

/**
 * With `--trace`, prints `step` and the milliseconds since the step before. Never pass it a secret.
 */
export function trace(step: string): void {
  if (lastStep === undefined) return;
  const now = performance.now();
  console.error(`[${(now - lastStep).toFixed(1).padStart(7)} ms] ${step}`);
  lastStep = now;
}
