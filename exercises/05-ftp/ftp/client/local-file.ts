/**
 * Local files: which names are safe, and how a file is written so that an incomplete one is never
 * mistaken for a complete one.
 */
import { Buffer } from "node:buffer";
import { constants, type Stats } from "node:fs";
import { type FileHandle, lstat, open, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import { printable } from "../../../../lib/bytes/printable.ts";
import { reasonOf } from "../../../../lib/cli/diagnostics.ts";
import { WriteBack } from "../storage/write-back.ts";

/** The suffix of an incomplete file. */
export const PART_SUFFIX = ".sml-part";

// Bytes of the longest name that file systems allow.
const NAME_LIMIT = 255;
const SEPARATORS = process.platform === "win32" ? /[/\\:]/ : /\//;

/**
 * Returns why a local file must not have the `name` that a server sent; undefined if it may.
 *
 * Any other name stays in its folder, is not that of an incomplete file, and cannot drive a
 * terminal that lists the folder.
 */
export function whyUnsafe(name: string): string | undefined {
  if (name === "" || name === "." || name === "..") return "it names a folder";
  if (SEPARATORS.test(name)) return "it contains a path separator";
  if (/\p{Cc}/u.test(name)) return "it contains control characters";
  if (name.endsWith(PART_SUFFIX)) return `it ends with ${PART_SUFFIX}`;
  return undefined;
}

/** Returns the path of the incomplete file for `path`. */
export function partOf(path: string): string {
  const characters = [...basename(path)];
  while (Buffer.byteLength(characters.join("")) + PART_SUFFIX.length > NAME_LIMIT) characters.pop();
  return join(dirname(path), `${characters.join("")}${PART_SUFFIX}`);
}

/** An incomplete file that is being written. */
export class PartFile {
  readonly path: string;
  /** The bytes that existed already. */
  readonly existing: number;
  readonly #part: string;
  readonly #handle: FileHandle;
  readonly #comparison: Comparison;
  readonly #writeBack: WriteBack;

  /**
   * Starts anew, or with `resume` continues the existing file.
   *
   * @throws Error that names the file and the problem
   */
  static async open(path: string, { resume }: { resume: boolean }): Promise<PartFile> {
    await checkTarget(path);
    const part = partOf(path);
    try {
      if (!resume) await rm(part, { force: true });
      // never follows a link, and never waits for the reader of a pipe
      const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
      const handle = await open(part, resume ? flags : flags | constants.O_EXCL, 0o666);
      const { size } = await checkFile(handle);
      return new PartFile(path, { part, handle, existing: size });
    } catch (error) {
      throw explainLocal(part, error);
    }
  }

  private constructor(
    path: string,
    { part, handle, existing }: { part: string; handle: FileHandle; existing: number },
  ) {
    this.path = path;
    this.existing = existing;
    this.#part = part;
    this.#handle = handle;
    this.#comparison = new Comparison(handle);
    this.#writeBack = new WriteBack(handle);
  }

  /**
   * Writes `chunks` at `position`, reads them back and compares. Bytes that existed already are
   * only compared.
   *
   * @throws Error if the write fails, or the bytes differ
   */
  async write(chunks: Bytes[], position: number): Promise<void> {
    const [before, after] = split(chunks, Math.max(0, this.existing - position));
    if (!(await this.#comparison.isSame(before, position).catch((error) => this.#fail(error))))
      throw new Error(
        `${printable(this.#part)} is not the start of the server's file; remove it to start anew`,
      );
    const start = position + lengthOf(before);
    try {
      if (after.length === 0) return;
      const { bytesWritten } = await this.#handle.writev(after, start);
      if (bytesWritten < lengthOf(after)) throw new Error("the disk is full");
      if (!(await this.#comparison.isSame(after, start)))
        throw new Error("the bytes read back differ from those written");
      this.#writeBack.note(bytesWritten);
    } catch (error) {
      this.#fail(error);
    }
  }

  /**
   * Renames the file once it is on the disk.
   *
   * @throws Error if it does not have `length` bytes, or has been replaced
   */
  async finish(length: number): Promise<void> {
    // it may have changed since the start
    await checkTarget(this.path);
    try {
      await this.#writeBack.finish();
      const [mine, there] = [await this.#handle.stat(), await lstat(this.#part)];
      if (mine.size !== length) throw new Error(`it has ${mine.size} bytes, but ${length} arrived`);
      if (mine.ino !== there.ino || mine.dev !== there.dev)
        throw new Error("another process is writing the same file");
      await rename(this.#part, this.path);
    } catch (error) {
      this.#fail(error);
    }
  }

  async close(): Promise<void> {
    await this.#writeBack.end();
    await this.#handle.close();
  }

  #fail(error: unknown): never {
    throw explainLocal(this.#part, error);
  }
}

/** Opens a file to read it. @throws Error that names the file and the problem, such as a pipe */
export async function openLocal(
  path: string,
): Promise<{ handle: FileHandle; size: number; changed: number }> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const { size, mtimeMs } = await checkFile(handle);
    return { handle, size, changed: mtimeMs };
  } catch (error) {
    await handle?.close();
    throw explainLocal(path, error);
  }
}

/** Compares ranges of a file with expected bytes. */
export class Comparison {
  readonly #handle: FileHandle;
  // reused: fresh memory costs as much as reading into it
  #found: Bytes = new Uint8Array();

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /**
   * Reports whether the file has `chunks` at `position`. Do not call it again before it resolves.
   */
  async isSame(chunks: Bytes[], position: number): Promise<boolean> {
    const length = lengthOf(chunks);
    if (this.#found.length < length) this.#found = new Uint8Array(length);
    const found = this.#found.subarray(0, length);
    return (await fill(this.#handle, found, position)) && isJoined(found, chunks);
  }
}

/** Fills `found` from `position` on; returns false if the file ends early. */
async function fill(handle: FileHandle, found: Bytes, position: number): Promise<boolean> {
  let length = 0;
  while (length < found.length) {
    const { bytesRead } = await handle.read(found, length, found.length - length, position + length);
    if (bytesRead === 0) return false;
    length += bytesRead;
  }
  return true;
}

/** Reports whether `whole` is the concatenation of `chunks`. */
function isJoined(whole: Bytes, chunks: Bytes[]): boolean {
  let offset = 0;
  return chunks.every((chunk) => {
    const start = offset;
    offset += chunk.length;
    return Buffer.compare(whole.subarray(start, offset), chunk) === 0;
  });
}

/** Returns the kind of the entry at `path`; follows links. */
export async function kindOf(path: string): Promise<"file" | "folder" | "other" | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() ? "file" : found.isDirectory() ? "folder" : "other";
  } catch {
    return undefined;
  }
}

/** Returns an error that names the file and says what is wrong. */
export function explainLocal(path: string, error: unknown): Error {
  return new Error(`${printable(path)}: ${printable(reasonOf(error))}`);
}

/** Returns the total length of `chunks`. */
export function lengthOf(chunks: readonly Bytes[]): number {
  return chunks.reduce((sum, { length }) => sum + length, 0);
}

/**
 * Checks that a file can be put at `path`: a link, a device or a pipe there would be replaced.
 *
 * @throws Error that names the file and says what is there
 */
async function checkTarget(path: string): Promise<void> {
  try {
    const found = await lstat(path).catch((error) => {
      if (error.code !== "ENOENT") throw error;
    });
    if (found?.isSymbolicLink()) throw new Error("it is a symbolic link, which would be replaced");
    if (found) checkKind(found);
  } catch (error) {
    throw explainLocal(path, error);
  }
}

async function checkFile(handle: FileHandle): Promise<{ size: number; mtimeMs: number }> {
  const found = await handle.stat();
  checkKind(found);
  return found;
}

function checkKind(found: Stats): void {
  if (found.isDirectory()) throw new Error("it is a folder");
  if (!found.isFile()) throw new Error("it is not a regular file");
}

/** Splits `chunks` after `length` bytes. */
function split(chunks: Bytes[], length: number): [Bytes[], Bytes[]] {
  if (length === 0) return [[], chunks];
  const before: Bytes[] = [];
  const after: Bytes[] = [];
  let left = length;
  for (const chunk of chunks) {
    if (left > 0) before.push(chunk.subarray(0, left));
    if (chunk.length > left) after.push(chunk.subarray(left));
    left = Math.max(0, left - chunk.length);
  }
  return [before, after];
}
