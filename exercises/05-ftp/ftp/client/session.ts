/** What the client's commands work on, and what may be given with them. */
import type { Writable } from "node:stream";
import type { FtpClient } from "./ftp-client.ts";
import type { Terminal } from "./progress.ts";

export interface Session {
  client: FtpClient;
  /** Where answers go: standard output. */
  output: Writable & { isTTY?: boolean };
  /** Where progress and warnings go: standard error. */
  terminal: Terminal;
}

export type FlagName = "recursive" | "resume" | "verify";
export type Flags = Partial<Record<FlagName, boolean>>;

/** The flags of `get` and `put`, for the command line and the prompt. */
export const TRANSFER_FLAGS = {
  recursive: { short: "r", help: "get, put: a folder with all that is in it" },
  resume: { help: "get, put: go on where a transfer broke off" },
  verify: { help: "get, put: fetch the file once more and compare" },
};

/** Returns which of the transfer flags are among `values`, as `parseFlags` returns them. */
export function pickFlags(values: Partial<Record<string, string>>): Flags {
  return {
    recursive: values["recursive"] !== undefined,
    resume: values["resume"] !== undefined,
    verify: values["verify"] !== undefined,
  };
}
