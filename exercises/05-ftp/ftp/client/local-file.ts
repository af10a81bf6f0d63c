/** Files on our side: the names that they may have, and how they are written so that nothing half-way passes for whole. */
import { Buffer } from "node:buffer";
import { constants } from "node:fs";
import { type FileHandle, lstat, open, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import { printable } from "../../../../lib/bytes/printable.ts";
import { reasonOf } from "../../../../lib/files/small-file.ts";
import { WriteBack } from "../storage/write-back.ts";

/** What the name of a file ends with that is not whole yet. */
export const PART_SUFFIX = ".sml-part";

// bytes of the longest name that file systems take
const NAME_LIMIT = 255;
const SEPARATORS = process.platform === "win32" ? /[/\\:]/ : /\//;

/**
 * Says why a file of ours must not have the `name` that a server gave; undefined when it may. No other name leads out of the folder
 * that it is put in, nor stands for a file of ours that is not whole, nor drives the terminal of whoever lists the folder.
 */
export function whyUnsafe(name: string): string | undefined {
  if (name === "" || name === "." || name === "..") return "it names a folder";
  if (SEPARATORS.test(name)) return "it leads elsewhere";
  if (/\p{Cc}/u.test(name)) return "it has control characters";
  if (name.endsWith(PART_SUFFIX)) return `it ends with ${PART_SUFFIX}`;
  return undefined;
}

/** Returns the name under which `path` is written until it is whole, beside it. */
export function partOf(path: string): string {
  const characters = [...basename(path)];
  while (Buffer.byteLength(characters.join("")) + PART_SUFFIX.length > NAME_LIMIT) characters.pop();
  return join(dirname(path), `${characters.join("")}${PART_SUFFIX}`);
}

/** A file that is being written under the name that `partOf` gives it. */
export class PartFile {
  readonly path: string;
  /** Bytes that were there already. */
  readonly existing: number;
  readonly #part: string;
  readonly #handle: FileHandle;
  readonly #comparison: Comparison;
  readonly #writeBack: WriteBack;

  /**
   * Begins anew, or with `resume` goes on with what is there.
   *
   * @throws Error that names the file and says what is wrong with it
   */
  static async open(path: string, { resume }: { resume: boolean }): Promise<PartFile> {
    const part = partOf(path);
    try {
      if (!resume) await rm(part, { force: true });
      // never through a link, which would lead elsewhere; nor waiting for who reads a pipe
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
   * Writes `chunks` at `position`, then reads them back and compares. What was there before is not written, only compared.
   *
   * @throws Error when it cannot be written, when it reads back as something else, or what was there before differs
   */
  async write(chunks: Bytes[], position: number): Promise<void> {
    const [before, after] = split(chunks, Math.max(0, this.existing - position));
    if (!(await this.#comparison.isSame(before, position).catch((error) => this.#fail(error))))
      throw new Error(
        `${printable(this.#part)} is not the beginning of the server's file: remove it to start anew`,
      );
    const start = position + lengthOf(before);
    try {
      if (after.length === 0) return;
      const { bytesWritten } = await this.#handle.writev(after, start);
      if (bytesWritten < lengthOf(after)) throw new Error("the disk is full");
      if (!(await this.#comparison.isSame(after, start)))
        throw new Error("what was written reads back as something else");
      this.#writeBack.note(bytesWritten);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Puts the file in its place, once it has reached the disk. @throws Error when it has not `length` bytes, or is another by now */
  async finish(length: number): Promise<void> {
    try {
      await this.#writeBack.finish();
      const [mine, there] = [await this.#handle.stat(), await lstat(this.#part)];
      if (mine.size !== length) throw new Error(`it has ${mine.size} bytes, and ${length} came`);
      if (mine.ino !== there.ino || mine.dev !== there.dev)
        throw new Error("somebody else writes the same file");
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

/** Opens a file to read it. @throws Error that names it and says what is wrong, such as that it is a pipe */
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

/** Compares a file with what it should hold, one stretch at a time. */
export class Comparison {
  readonly #handle: FileHandle;
  // the same memory for each stretch: fresh memory costs as much as reading into it
  #found: Bytes = new Uint8Array();

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** Says whether the file has `chunks` at `position`. To be asked again only once it has answered. */
  async isSame(chunks: Bytes[], position: number): Promise<boolean> {
    const length = lengthOf(chunks);
    if (this.#found.length < length) this.#found = new Uint8Array(length);
    const found = this.#found.subarray(0, length);
    return (await fill(this.#handle, found, position)) && isJoined(found, chunks);
  }
}

/** Fills `found` with what `handle` has at `position`; returns false when it ends before. */
async function fill(handle: FileHandle, found: Bytes, position: number): Promise<boolean> {
  let length = 0;
  while (length < found.length) {
    const { bytesRead } = await handle.read(found, length, found.length - length, position + length);
    if (bytesRead === 0) return false;
    length += bytesRead;
  }
  return true;
}

/** Says whether `whole` is `chunks`, one behind the other. */
function isJoined(whole: Bytes, chunks: Bytes[]): boolean {
  let offset = 0;
  return chunks.every((chunk) => {
    const start = offset;
    offset += chunk.length;
    return Buffer.compare(whole.subarray(start, offset), chunk) === 0;
  });
}

/** Says what is at `path`; follows a link. */
export async function kindOf(path: string): Promise<"file" | "folder" | "other" | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() ? "file" : found.isDirectory() ? "folder" : "other";
  } catch {
    return undefined;
  }
}

/** The error of a file of ours, in plain words. */
export function explainLocal(path: string, error: unknown): Error {
  return new Error(`${printable(path)}: ${printable(reasonOf(error))}`);
}

/** Returns the bytes of all `chunks`. */
export function lengthOf(chunks: readonly Bytes[]): number {
  return chunks.reduce((sum, { length }) => sum + length, 0);
}

async function checkFile(handle: FileHandle): Promise<{ size: number; mtimeMs: number }> {
  const found = await handle.stat();
  if (found.isDirectory()) throw new Error("it is a folder");
  if (!found.isFile()) throw new Error("it is not an ordinary file");
  return found;
}

/** Returns the first `length` bytes of `chunks`, and the rest. */
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
