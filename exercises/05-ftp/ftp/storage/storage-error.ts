/** What can go wrong with a user's files, in words that tell nothing of the machine they are on. */
import { systemCode } from "../../../../lib/cli/diagnostics.ts";

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
  missing: "no such file or folder",
  exists: "something has this name already",
  denied: "permission denied",
  full: "no space is left",
  "not a folder": "it is not a folder",
  "a folder": "it is a folder",
  "not empty": "the folder is not empty",
  name: "the name is not allowed",
  offset: "the file does not reach to where this is to begin",
  busy: "somebody else is changing it, or too much is going on; try again later",
  failed: "the file system has failed",
};

const FAULTS: Partial<Record<string, StorageFault>> = {
  ENOENT: "missing",
  // a symbolic link in the way, of which nothing is told
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

/** A refusal. Its message may go to the client; what the system said is its `cause`, which names paths of the host and may not. */
export class StorageError extends Error {
  readonly code: StorageFault;

  constructor(code: StorageFault, message: string = MEANING[code], options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Runs `work`; what the system refuses becomes a `StorageError`. */
export async function attempt<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asStorageError(error);
  }
}

/** Returns the `StorageError` that an error of the system stands for, and every other error as it is. */
export function asStorageError(error: unknown): unknown {
  const fault = FAULTS[systemCode(error) ?? ""];
  if (fault !== undefined) return new StorageError(fault, MEANING[fault], { cause: error });
  return error;
}
