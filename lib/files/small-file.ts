/**
 * Small text files that several processes share. Each is complete or does not exist, even if
 * processes start together or are killed: it is written under a temporary name first, and a killed
 * process leaves at most that temporary file.
 */
import { constants } from "node:fs";
import { type FileHandle, link, lstat, open, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { type Bytes, decodeUtf8, toHex } from "../bytes/bytes.ts";
import { formatSize, shellWord } from "../bytes/printable.ts";
import { reasonOf, systemCode } from "../cli/diagnostics.ts";
import { randomBytes } from "../crypto/webcrypto.ts";
import { makeFolder } from "./make-folder.ts";

/** Default maximum size of a file in bytes. */
export const SMALL_FILE_LIMIT = 64 * 1024;

const FOLDER_MODE = 0o700;
/** Until the temporary file has its final owner and permissions. */
const TEMPORARY_MODE = 0o600;
/** The permissions of the group and of all other users. */
const OTHERS = 0o077;
const LINE_FEED = 0x0a;

export interface SmallFile {
  /** The whole text; a byte order mark is part of it. */
  text: string;
  /** Permissions, as for `chmod`. */
  mode: number;
}

/**
 * Reads `file`, which must be UTF-8; returns undefined if it does not exist.
 *
 * @param limit maximum size in bytes
 * @throws Error that names the file and what is wrong with it, with the line that is not UTF-8; a
 *   symbolic link that leads nowhere is an error, too
 */
export async function readSmallFile(file: string, limit?: number): Promise<SmallFile | undefined> {
  const contents = await readSmallBytes(file, limit);
  return contents && { text: decodeFile(file, contents.bytes), mode: contents.mode };
}

/** Like `readSmallFile`, for any bytes. */
export async function readSmallBytes(
  file: string,
  limit: number = SMALL_FILE_LIMIT,
): Promise<{ bytes: Bytes; mode: number } | undefined> {
  let handle: FileHandle | undefined;
  try {
    // without O_NONBLOCK, opening a pipe would wait for a writer
    handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const found = await handle.stat();
    if (found.isDirectory()) throw new Error("it is a folder");
    if (!found.isFile()) throw new Error("it is not an ordinary file");
    return { bytes: await readBytes(handle, limit), mode: found.mode & 0o777 };
  } catch (error) {
    if (systemCode(error) === "ENOENT" && !(await isLink(file))) return undefined;
    throw unusable(file, reasonOfMissing(error));
  } finally {
    await handle?.close();
  }
}

/** Decodes the `bytes` of `file`. @throws Error that names the file and the line */
export function decodeFile(file: string, bytes: Bytes): string {
  if (isUtf16(bytes)) {
    const [kept, shown] = [shellWord(`${file}.utf16`), shellWord(file)];
    const command = `cp ${shown} ${kept} && iconv -f UTF-16 -t UTF-8 ${kept} > ${shown}`;
    throw unusable(file, `it is UTF-16, and UTF-8 is expected; convert it with: ${command}`);
  }
  try {
    return decodeUtf8(bytes);
  } catch {
    throw unusable(file, `line ${lineOfError(bytes)} is not UTF-8`);
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
export function findExposure(file: string, { mode }: { mode: number }): string | undefined {
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
export async function createSmallFile(file: string, contents: SmallFile): Promise<boolean> {
  return writing(file, async () => {
    await makeFolder(dirname(file), FOLDER_MODE);
    return writeTemporary(file, contents, async (temporary) => {
      try {
        await link(temporary, file);
        return true;
      } catch (error) {
        if (systemCode(error) === "EEXIST") return false;
        throw error;
      }
    });
  });
}

/**
 * Replaces `file` atomically, or creates it, and its folder. Where `file` is a symbolic link, the
 * file that it leads to is replaced. A file that is replaced keeps its permissions and its owner;
 * `mode` is for a new one.
 *
 * @param check is called right before the replacement, which does not happen if it throws
 * @throws Error when it cannot be written
 */
export async function replaceSmallFile(
  file: string,
  contents: SmallFile,
  check: () => Promise<void> = async () => {},
): Promise<void> {
  await writing(file, async () => {
    const place = await followLinks(file);
    if (place === file) await makeFolder(dirname(file), FOLDER_MODE);
    await writeTemporary(place, contents, async (temporary, handle) => {
      await copyOwner(place, handle);
      await check();
      await rename(temporary, place);
    });
  });
}

/**
 * Returns the path that `file` leads to through symbolic links; `file` itself if nothing is there.
 *
 * @throws Error if it is a link that leads nowhere
 */
export async function followLinks(file: string): Promise<string> {
  try {
    return await realpath(file);
  } catch (error) {
    if (systemCode(error) === "ENOENT" && !(await isLink(file))) return file;
    throw unusable(file, reasonOfMissing(error));
  }
}

/**
 * Writes the contents of `file` under a temporary name that starts with a dot; `settle` then moves
 * it into place.
 */
async function writeTemporary<T>(
  file: string,
  { text, mode }: SmallFile,
  settle: (temporary: string, handle: FileHandle) => Promise<T>,
): Promise<T> {
  const suffix = `${process.pid}-${toHex(randomBytes(8))}`;
  const temporary = join(dirname(file), `.${basename(file).slice(0, 200)}.${suffix}`);
  const handle = await open(temporary, "wx", TEMPORARY_MODE);
  try {
    // regardless of the umask
    await handle.chmod(mode);
    await handle.writeFile(text);
    await handle.sync();
    return await settle(temporary, handle);
  } finally {
    await handle.close();
    await rm(temporary, { force: true });
  }
}

/** Gives the file of `handle` the owner, group and permissions of `file`, if that exists. */
async function copyOwner(file: string, handle: FileHandle): Promise<void> {
  const old = await stat(file).catch((error) => {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  });
  if (!old) return;
  const own = await handle.stat();
  try {
    if (old.uid !== own.uid || old.gid !== own.gid) await handle.chown(old.uid, old.gid);
  } catch {
    throw new Error("its owner or group is another, which could not be kept; write it as its owner");
  }
  // after the owner, whose change may reset it
  await handle.chmod(old.mode & 0o777);
}

/** Runs `write`, and adds the name of `file` to its errors. */
async function writing<T>(file: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    throw new Error(`${file} cannot be written: ${reasonOf(error)}`);
  }
}

async function readBytes(handle: FileHandle, limit: number): Promise<Bytes> {
  const bytes: Bytes = new Uint8Array(limit + 1);
  let length = 0;
  for (;;) {
    const { bytesRead } = await handle.read(bytes, length);
    length += bytesRead;
    if (length > limit) throw new Error(`it is too large, at most ${formatSize(limit)} are read`);
    if (bytesRead === 0) return bytes.subarray(0, length);
  }
}

/** Like `reasonOf`, for a file that is not there although there is a link to it. */
function reasonOfMissing(error: unknown): string {
  return systemCode(error) === "ENOENT" ? "it is a symbolic link that leads nowhere" : reasonOf(error);
}

async function isLink(file: string): Promise<boolean> {
  return lstat(file).then(
    (found) => found.isSymbolicLink(),
    () => false,
  );
}

/** Says whether `bytes` begin like UTF-16: with its byte order mark, or two letters of ASCII. */
function isUtf16([first, second, third, fourth]: Bytes): boolean {
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return true;
  const [bigEndian, littleEndian] = [first === 0 && third === 0, second === 0 && fourth === 0];
  return fourth !== undefined && bigEndian !== littleEndian;
}

/** Returns the number of the first line that is not UTF-8. */
function lineOfError(bytes: Bytes): number {
  for (let [line, start] = [1, 0]; ; line += 1) {
    const end = bytes.indexOf(LINE_FEED, start);
    if (end < 0) return line;
    try {
      decodeUtf8(bytes.subarray(start, end));
    } catch {
      return line;
    }
    start = end + 1;
  }
}

function unusable(file: string, reason: string): Error {
  return new Error(`${file} cannot be used: ${reason}`);
}
