/** Failures of file operations, in words that reveal nothing about the host. */
import { reasonOf, systemCode } from "../../../../lib/cli/diagnostics.ts";

export type StorageFault =
  | "missing"
  | "exists"
  | "denied"
  | "full"
  | "not a folder"
  | "a folder"
  | "not empty"
  | "name"
  | "offset"
  | "busy"
  | "failed";

const MEANING: Record<StorageFault, string> = {
  missing: "no such file or directory",
  exists: "file exists",
  denied: "permission denied",
  full: "exceeded storage allocation",
  "not a folder": "not a directory",
  "a folder": "is a directory",
  "not empty": "directory not empty",
  name: "file name not allowed",
  offset: "restart position is beyond the end of the file",
  busy: "file or server busy; try again later",
  failed: "file system error",
};

const FAULTS: Partial<Record<string, StorageFault>> = {
  ENOENT: "missing",
  // a symbolic link, which the client must not learn about
  ELOOP: "missing",
  EEXIST: "exists",
  EACCES: "denied",
  EPERM: "denied",
  EROFS: "denied",
  EXDEV: "denied",
  ENXIO: "denied",
  ENOSPC: "full",
  EDQUOT: "full",
  EFBIG: "full",
  EMLINK: "full",
  ENOTDIR: "not a folder",
  EISDIR: "a folder",
  ENOTEMPTY: "not empty",
  ENAMETOOLONG: "name",
  EINVAL: "name",
  EILSEQ: "name",
  EBUSY: "busy",
  ETXTBSY: "busy",
  EMFILE: "busy",
  ENFILE: "busy",
  ENOMEM: "busy",
  EAGAIN: "busy",
  EIO: "failed",
};

/**
 * A refusal. The client may see its message; its `cause` contains paths of the host, and the client
 * may not see that.
 */
export class StorageError extends Error {
  readonly code: StorageFault;

  constructor(code: StorageFault, message: string = MEANING[code], options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Returns why an operation failed, in words for the operator: those of the system, if any. */
export function explainToOperator(error: unknown): string {
  const { cause } = error instanceof StorageError ? error : {};
  return cause === undefined ? reasonOf(error) : explainToOperator(cause);
}

/** Runs `work`, and turns errors of the system into a `StorageError`. */
export async function attempt<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asStorageError(error);
  }
}

/** Returns the `StorageError` for an error of the system, and any other error unchanged. */
export function asStorageError(error: unknown): unknown {
  const fault = FAULTS[systemCode(error) ?? ""];
  if (fault !== undefined) return new StorageError(fault, MEANING[fault], { cause: error });
  return error;
}
