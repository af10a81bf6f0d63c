/**
 * The file of the journal: one line of JSON (RFC 8259) for each message, in the order of arrival.
 *
 *     {"time":"2026-01-31T12:00:00.000Z","user":"alice","key":"SHA256:...","session":"00...0f",
 *      "number":1,"text":"Take off.","check":"0123456789abcdef"}
 *
 * The check is the beginning of SHA-256 over the check of the line before and this line up to its
 * check, so a line that was damaged, dropped or moved is noticed. It has no key: it protects
 * against accidents, not against an attacker who writes to the file.
 */

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { type Bytes, concat, decodeUtf8 } from "../../lib/bytes/bytes.ts";
import { isFingerprint, isName } from "../../lib/bytes/names.ts";
import { reasonOf } from "../../lib/cli/diagnostics.ts";
import { holdLock } from "../../lib/files/lock.ts";
import { followLinks } from "../../lib/files/small-file.ts";
import { MAX_NUMBER, TEXT_LIMIT } from "./protocol.ts";

/** A message of a client. */
export interface Entry {
  /** ISO 8601; from the clock of this machine, for people only. */
  time: string;
  user: string;
  /** The fingerprint of the client's key. */
  key: string;
  /** In hexadecimal. */
  session: string;
  number: number;
  text: string;
}

const MODE = 0o600;
const LINE_FEED = 0x0a;
const PIECE_LENGTH = 64 * 1024;
const CHECK_LENGTH = 16;
// JSON needs up to six characters for a byte
const LINE_LIMIT = 6 * TEXT_LIMIT + 1024;
const LINE = /^(\{.*),"check":"([0-9a-f]{16})"\}$/s;

const ENTRY = z.strictObject({
  time: z.iso.datetime(),
  user: z.string().refine(isName),
  key: z.string().refine(isFingerprint),
  session: z.string().regex(/^[0-9a-f]{32}$/),
  number: z.int().min(1).max(MAX_NUMBER),
  text: z.string(),
});

/** What is left of a line that was not written completely, and was cut off. */
export interface Cut {
  /** The number of its line. */
  line: number;
  bytes: number;
}

export class JournalFile {
  readonly #handle: FileHandle;
  readonly #giveBack: () => Promise<void>;
  /** Bytes that are on disk. */
  #size: number;
  /** The check of the last line. */
  #check: string;
  /** Whether more bytes than `#size` may be in the file. */
  #isDirty = false;

  /**
   * Opens or creates `file`, and locks it.
   *
   * @param take receives each entry that is in the file
   * @returns the file, and what was cut off of its end
   * @throws Error if another process has it open, or if a line is damaged that others follow
   */
  static async open(
    file: string,
    take: (entry: Entry) => void,
  ): Promise<{ journal: JournalFile; cut: Cut | undefined }> {
    let giveBack = async () => {};
    let handle: FileHandle | undefined;
    try {
      const place = await followLinks(file);
      giveBack = await holdLock(place);
      const { O_CREAT, O_NONBLOCK, O_RDWR } = constants;
      handle = await open(place, O_RDWR | O_CREAT | O_NONBLOCK, MODE);
      if (!(await handle.stat()).isFile()) throw new Error("it is not an ordinary file");
      const { size, check, cut } = await recover(handle, take);
      const journal = new JournalFile(handle, giveBack, { size, check });
      // a new file has to survive, too
      await syncFolder(dirname(place));
      return { journal, cut };
    } catch (error) {
      await handle?.close();
      await giveBack();
      throw new Error(`the journal ${file} cannot be used: ${reasonOf(error)}`);
    }
  }

  private constructor(
    handle: FileHandle,
    giveBack: () => Promise<void>,
    { size, check }: { size: number; check: string },
  ) {
    this.#handle = handle;
    this.#giveBack = giveBack;
    this.#size = size;
    this.#check = check;
  }

  /**
   * Appends `entries`, and waits until they are on disk.
   *
   * @throws Error of the system, after which none of them is in the file
   */
  async append(entries: readonly Entry[]): Promise<void> {
    let check = this.#check;
    let text = "";
    for (const entry of entries) {
      const line = formatLine(entry, check);
      check = line.check;
      text += line.text;
    }
    const bytes = Buffer.from(text);
    if (this.#isDirty) await this.#cutBack();
    this.#isDirty = true;
    try {
      await writeAt(this.#handle, bytes, this.#size);
      // with all metadata that reading it takes (POSIX, fdatasync)
      await this.#handle.datasync();
    } catch (error) {
      await this.#cutBack().catch(() => {});
      throw error;
    }
    this.#isDirty = false;
    this.#size += bytes.length;
    this.#check = check;
  }

  async close(): Promise<void> {
    await this.#handle.close();
    await this.#giveBack();
  }

  async #cutBack(): Promise<void> {
    await this.#handle.truncate(this.#size);
    await this.#handle.datasync();
    this.#isDirty = false;
  }
}

/** Returns the line for `entry`, and its check. */
export function formatLine(entry: Entry, before: string): { text: string; check: string } {
  const { time, user, key, session, number, text } = entry;
  const body = JSON.stringify({ time, user, key, session, number, text }).slice(0, -1);
  const check = checkOf(before, body);
  return { text: `${body},"check":"${check}"}\n`, check };
}

/**
 * Parses a line without its line break.
 *
 * @returns the entry, its check, and whether that is right after the line with the check `before`;
 *   undefined if the line is no entry at all
 */
export function parseLine(
  line: string,
  before: string,
): { entry: Entry; check: string; isRight: boolean } | undefined {
  const [, body = "", check = ""] = LINE.exec(line) ?? [];
  try {
    const entry = ENTRY.parse(JSON.parse(`${body}}`));
    return { entry, check, isRight: checkOf(before, body) === check };
  } catch {
    return undefined;
  }
}

function checkOf(before: string, body: string): string {
  return createHash("sha256").update(before).update(body).digest("hex").slice(0, CHECK_LENGTH);
}

/**
 * Reads all entries, and cuts off what follows them. Only a write that was interrupted leaves a
 * line that is no entry, and only at the end: anywhere else, the file was damaged.
 */
async function recover(
  handle: FileHandle,
  take: (entry: Entry) => void,
): Promise<{ size: number; check: string; cut: Cut | undefined }> {
  let [size, check, number] = [0, "", 0];
  let cut: Cut | undefined;
  let isWhole = true;
  for await (const line of readLines(handle)) {
    number += 1;
    const parsed = line.text === undefined ? undefined : parseLine(line.text, check);
    if (!parsed) {
      cut ??= { line: number, bytes: 0 };
      cut.bytes += line.bytes;
      continue;
    }
    if (cut || !parsed.isRight) throw new Error(`line ${cut?.line ?? number} is damaged`);
    take(parsed.entry);
    check = parsed.check;
    size += line.bytes;
    isWhole = line.isWhole;
  }
  if (cut) {
    await handle.truncate(size);
    await handle.datasync();
  }
  if (!isWhole) {
    await writeAt(handle, Uint8Array.of(LINE_FEED), size);
    await handle.datasync();
    size += 1;
  }
  return { size, check, cut };
}

interface Line {
  /** Undefined if it is too long, or not UTF-8. */
  text: string | undefined;
  /** With the line break. */
  bytes: number;
  /** Whether it has a line break. */
  isWhole: boolean;
}

async function* readLines(handle: FileHandle): AsyncGenerator<Line> {
  let pieces: Bytes[] = [];
  let bytes = 0;
  const add = (piece: Bytes) => {
    bytes += piece.length;
    if (bytes <= LINE_LIMIT) pieces.push(piece);
  };
  const finish = (isWhole: boolean): Line => {
    const text = bytes <= LINE_LIMIT ? decode(concat(pieces)) : undefined;
    const line = { text, bytes: bytes + (isWhole ? 1 : 0), isWhole };
    [pieces, bytes] = [[], 0];
    return line;
  };
  for (let position = 0; ; ) {
    const piece = new Uint8Array(PIECE_LENGTH);
    const { bytesRead } = await handle.read(piece, 0, PIECE_LENGTH, position);
    if (bytesRead === 0) break;
    position += bytesRead;
    let start = 0;
    for (
      let end = piece.indexOf(LINE_FEED);
      end >= 0 && end < bytesRead;
      end = piece.indexOf(LINE_FEED, start)
    ) {
      add(piece.subarray(start, end));
      yield finish(true);
      start = end + 1;
    }
    add(piece.subarray(start, bytesRead));
  }
  if (bytes > 0) yield finish(false);
}

function decode(bytes: Bytes): string | undefined {
  try {
    return decodeUtf8(bytes);
  } catch {
    return undefined;
  }
}

async function writeAt(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}

/** Makes the names in `folder` durable. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } catch {
    // not every system syncs folders
  } finally {
    await handle.close();
  }
}
