/**
 * Small text files that several processes share. Each is complete or does not exist, even if
 * processes start together or are killed: it is written under a temporary name first, and a killed
 * process leaves at most that temporary file.
 */
import { constants } from "node:fs";
import { type FileHandle, link, mkdir, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { type Bytes, toHex } from "../bytes/bytes.ts";
import { formatSize, shellWord } from "../bytes/printable.ts";
import { systemCode } from "../cli/diagnostics.ts";
import { randomBytes } from "../crypto/webcrypto.ts";

/** Default maximum size of a file in bytes. */
export const SMALL_FILE_LIMIT = 64 * 1024;

const FOLDER_MODE = 0o700;
/** The permissions of the group and of all other users. */
const OTHERS = 0o077;

export interface SmallFile {
  text: string;
  /** Permissions, as for `chmod`. */
  mode: number;
}

/**
 * Reads `file`; returns undefined if it does not exist.
 *
 * @param limit maximum size in bytes
 * @throws Error that names the file and what is wrong with it
 */
export async function readSmallFile(
  file: string,
  limit: number = SMALL_FILE_LIMIT,
): Promise<SmallFile | undefined> {
  let handle: FileHandle | undefined;
  try {
    // without O_NONBLOCK, opening a pipe would wait for a writer
    handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = await handle.stat();
    if (stat.isDirectory()) throw new Error("it is a folder");
    if (!stat.isFile()) throw new Error("it is not an ordinary file");
    return { text: await readText(handle, limit), mode: stat.mode & 0o777 };
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw new Error(`${file} cannot be used: ${reasonOf(error)}`);
  } finally {
    await handle?.close();
  }
}

/** Says whether only its owner can read and write a file of this mode. */
export function isPrivate(mode: number): boolean {
  return (mode & OTHERS) === 0;
}

/**
 * Returns why the secret `file` is not private, with the command that fixes it; undefined if it is
 * private.
 */
export function findExposure(file: string, { mode }: SmallFile): string | undefined {
  // on Windows the mode says nothing
  if (isPrivate(mode) || process.platform === "win32") return undefined;
  return `others may read or write it; fix that with: chmod 600 ${shellWord(file)}`;
}

/**
 * Creates `file`, and its folder, unless the file exists.
 *
 * @returns false if it existed or another process was quicker; the file is then left as it is
 * @throws Error when it cannot be written
 */
export async function createSmallFile(file: string, { text, mode }: SmallFile): Promise<boolean> {
  return writeTemporary(file, { text, mode }, async (temporary) => {
    try {
      await link(temporary, file);
      return true;
    } catch (error) {
      if (systemCode(error) === "EEXIST") return false;
      throw error;
    }
  });
}

/** Replaces `file` atomically, or creates it. @throws Error when it cannot be written */
export async function replaceSmallFile(file: string, { text, mode }: SmallFile): Promise<void> {
  await writeTemporary(file, { text, mode }, (temporary) => rename(temporary, file));
}

/**
 * Writes the contents of `file` under a temporary name that starts with a dot; `settle` then moves
 * it into place.
 */
async function writeTemporary<T>(
  file: string,
  { text, mode }: SmallFile,
  settle: (temporary: string) => Promise<T>,
): Promise<T> {
  const suffix = `${process.pid}-${toHex(randomBytes(8))}`;
  const temporary = join(dirname(file), `.${basename(file).slice(0, 200)}.${suffix}`);
  try {
    await mkdir(dirname(file), { recursive: true, mode: FOLDER_MODE });
    const handle = await open(temporary, "wx", mode);
    try {
      // regardless of the umask
      await handle.chmod(mode);
      await handle.writeFile(text);
      await handle.sync();
      return await settle(temporary);
    } finally {
      await handle.close();
      await rm(temporary, { force: true });
    }
  } catch (error) {
    throw new Error(`${file} cannot be written: ${reasonOf(error)}`);
  }
}

async function readText(handle: FileHandle, limit: number): Promise<string> {
  const bytes: Bytes = new Uint8Array(limit + 1);
  let length = 0;
  for (;;) {
    const { bytesRead } = await handle.read(bytes, length);
    length += bytesRead;
    if (length > limit) throw new Error(`it is too large, at most ${formatSize(limit)} are read`);
    if (bytesRead === 0) return new TextDecoder().decode(bytes.subarray(0, length));
  }
}

/** Explains why the system refused an operation on a file. */
export function reasonOf(error: unknown): string {
  switch (systemCode(error)) {
    case "ENOENT":
      return "there is no such file or folder";
    case "EISDIR":
      return "it is a folder";
    case "ENAMETOOLONG":
      return "its name is too long";
    case "EACCES":
      return "permission denied";
    case "EEXIST":
    case "ENOTDIR":
      return "what should be its folder is a file";
    case "EDQUOT":
      return "the disk quota is used up";
    case "ENOSPC":
      return "the disk is full";
    case "EROFS":
      return "the disk is read-only";
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
