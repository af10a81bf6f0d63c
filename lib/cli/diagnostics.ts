/**
 * Diagnostics on standard error: why a program failed and, with `--trace`, each step of the
 * protocol.
 */
import process from "node:process";

/** The oldest version of Node that has what the scripts use: major, minor. */
const OLDEST_NODE = [20, 12] as const;

/** A mistake on the command line: one line on standard error, exit status 2. */
export class UsageError extends Error {}

/**
 * Returns the text to print for `error`: its message if it is a plain `Error` or a `UsageError`,
 * which a peer or a user caused, and its stack otherwise, because it is a bug.
 */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (isSystemError(error)) return error.path ? `${error.path}: ${reasonOf(error)}` : reasonOf(error);
  const expected = error.constructor === Error || error instanceof UsageError;
  return expected ? error.message : (error.stack ?? error.message);
}

/** Returns the code of an error of the system, such as `ENOENT`. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

// where the system's own words are unclear, or missing
const REASONS: Partial<Record<string, string>> = {
  ENOENT: "there is no such file or folder",
  EISDIR: "it is a folder",
  ENOTDIR: "what should be its folder is a file",
  EEXIST: "it exists already",
  EPERM: "the system does not permit it",
  EROFS: "the disk is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  ENAMETOOLONG: "its name is too long",
  ELOOP: "its symbolic links lead in a circle",
  EMFILE: "this program has too many files open",
  ENFILE: "this machine has too many files open",
  EIO: "the disk has failed",
  ENXIO: "it is a pipe that nothing reads, or a device that is not there",
  EADDRINUSE: "the port is in use by another program",
  EADDRNOTAVAIL: "it is not an address of this machine",
  ECONNREFUSED: "nothing listens there",
  ECONNRESET: "the peer reset the connection",
  EHOSTUNREACH: "the host cannot be reached",
  ENETUNREACH: "the network cannot be reached",
  ENOTFOUND: "no address is known for the host",
  EPIPE: "the peer has closed the connection",
  ETIMEDOUT: "the host did not answer in time",
};

/**
 * Returns why the system refused an operation on a file or a connection, in words for people; the
 * message of any other error.
 */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!isSystemError(error)) return error.message;
  // such as "EBUSY: resource busy or locked, open 'file'"
  const [, words] = /^[A-Z\d_]+: ([^,]+), /.exec(error.message) ?? [];
  return REASONS[error.code ?? ""] ?? words ?? error.message;
}

function isSystemError(error: Error): error is NodeJS.ErrnoException {
  return "syscall" in error && systemCode(error) !== undefined;
}

/** Prints `error` and ends the program: status 2 for a `UsageError`, 1 for anything else. */
export function exitWith(error: unknown): never {
  console.error(`error: ${explain(error)}`);
  process.exit(error instanceof UsageError ? 2 : 1);
}

/**
 * Ends the program if this is Node, and too old. Called before anything that would fail in other
 * words.
 */
export function requireNode(): void {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const isOlder = major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1]);
  // Deno and Bun give the number of a version of Node that they resemble
  if (!isOlder || "Deno" in globalThis || "Bun" in globalThis) return;
  exitWith(new Error(`Node ${OLDEST_NODE.join(".")} or later is needed, this is ${process.versions.node}`));
}

/**
 * Makes every uncaught error, and a failure of standard output, end the program as `exitWith` does.
 */
export function installErrorHandlers(): void {
  requireNode();
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
