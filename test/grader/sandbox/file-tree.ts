/** Copies folders that somebody else has filled: neither links nor anything but files is followed, and not too much. */
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

/** What is too much: bytes of all files together, and how many files and folders there are. */
export const TREE_LIMITS = { bytes: 256 << 20, entries: 20_000 };

export interface CopyOptions {
  /** Whose the copy is to be, where that is not ourselves. */
  uid?: number | undefined;
  /** Names that are left out, wherever they are. */
  leaveOut?: readonly string[];
  limits?: { bytes: number; entries: number };
}

export interface Copied {
  bytes: number;
  /** What was left out, being neither file nor folder: paths relative to the folder. */
  skipped: string[];
}

/**
 * Copies the files and folders of `from`, which nobody changes meanwhile, to `to`.
 *
 * @throws Error when they are too many or too large, or one cannot be read
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
    // last, since without the right to write there would be no filling it
    settle(target, inside === "" ? statSync(source) : lstatSync(source));
  }

  function copy(path: string): void {
    const stat = lstatSync(join(from, path));
    copied.bytes += stat.size;
    if (copied.bytes > limits.bytes)
      throw new Error(`more than ${formatSize(limits.bytes)} of files, up to ${path}`);
    copyFileSync(join(from, path), join(to, path));
    settle(join(to, path), stat);
  }

  function settle(path: string, { mode, atime, mtime }: { mode: number; atime: Date; mtime: Date }): void {
    if (uid !== undefined) chownSync(path, uid, uid);
    chmodSync(path, mode & 0o777);
    utimesSync(path, atime, mtime);
  }

  walk("");
  return copied;
}

/** A file or folder, with a name that we can repeat. */
function isPlain(entry: Dirent): boolean {
  return (entry.isFile() || entry.isDirectory()) && !entry.name.includes("\ufffd");
}
