/** Copies folders with untrusted contents: only files and folders, no links, and within limits. */
import {
  chmodSync,
  chownSync,
  copyFileSync,
  type Dirent,
  lstatSync,
  mkdirSync,
  readdirSync,
  statSync,
  utimesSync,
} from "node:fs";
import { join } from "node:path";
import { formatSize } from "../../../lib/bytes/printable.ts";

/** The most that is copied: bytes of all files together, and the number of files and folders. */
export const TREE_LIMITS = { bytes: 256 << 20, entries: 20_000 };

export interface CopyOptions {
  /** The owner of the copy, if not the current user. */
  uid?: number | undefined;
  /** Names to leave out, in every folder. */
  leaveOut?: readonly string[];
  limits?: { bytes: number; entries: number };
}

export interface Copied {
  bytes: number;
  /** The relative paths of entries that are neither files nor folders. */
  skipped: string[];
}

/**
 * Copies the files and folders of `from`, which must not change meanwhile, to `to`.
 *
 * @throws Error if they are too many or too large, or one cannot be read
 */
export function copyTree(from: string, to: string, options: CopyOptions = {}): Copied {
  const { uid, leaveOut = [], limits = TREE_LIMITS } = options;
  const copied: Copied = { bytes: 0, skipped: [] };
  let entries = 0;

  function walk(inside: string): void {
    const source = join(from, inside);
    const target = join(to, inside);
    mkdirSync(target, { recursive: true });
    for (const entry of readdirSync(source, { withFileTypes: true })) {
      if (leaveOut.includes(entry.name)) continue;
      const path = join(inside, entry.name);
      entries += 1;
      if (entries > limits.entries) throw new Error(`more than ${limits.entries} files and folders`);
      if (!isPlain(entry)) copied.skipped.push(path);
      else if (entry.isDirectory()) walk(path);
      else copy(path);
    }
    // last, since a read-only folder could not be filled
    copyAttributes(target, inside === "" ? statSync(source) : lstatSync(source));
  }

  function copy(path: string): void {
    const stat = lstatSync(join(from, path));
    copied.bytes += stat.size;
    if (copied.bytes > limits.bytes)
      throw new Error(`more than ${formatSize(limits.bytes)} of files, up to ${path}`);
    copyFileSync(join(from, path), join(to, path));
    copyAttributes(join(to, path), stat);
  }

  function copyAttributes(
    path: string,
    { mode, atime, mtime }: { mode: number; atime: Date; mtime: Date },
  ): void {
    if (uid !== undefined) chownSync(path, uid, uid);
    chmodSync(path, mode & 0o777);
    utimesSync(path, atime, mtime);
  }

  walk("");
  return copied;
}

/** Returns whether it is a file or folder whose name is valid UTF-8. */
function isPlain(entry: Dirent): boolean {
  return (entry.isFile() || entry.isDirectory()) && !entry.name.includes("\ufffd");
}
