/**
 * A lock for programs that edit one file: the process that has created `FILE.lock`, with its
 * process id in it, may read, change and replace FILE. The lock of a process that has died is
 * broken.
 */
import { link, rename, rm } from "node:fs/promises";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { toHex } from "../../../../lib/bytes/bytes.ts";
import { systemCode } from "../../../../lib/cli/diagnostics.ts";
import { randomBytes } from "../../../../lib/crypto/webcrypto.ts";
import { createSmallFile, readSmallFile } from "../../../../lib/files/small-file.ts";
import { isAlive } from "../storage/temporary-file.ts";

/** Milliseconds to wait for the lock. */
const PATIENCE = 10_000;
const LOOK_INTERVAL = 20;
const MODE = 0o600;
const LOCK = /^(\d{1,10}) [0-9a-f]{32}\n$/;

/** The contents of the locks that this process holds. */
const held = new Set<string>();

/**
 * Runs `work` while no other caller of this function edits `file`.
 *
 * @param work receives a function that throws if the lock was lost; call it right before you
 * replace the file
 * @throws Error if another process holds the lock for more than ten seconds
 */
export async function withLock<T>(
  file: string,
  work: (checkLock: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const lock = `${file}.lock`;
  const text = `${process.pid} ${toHex(randomBytes(16))}\n`;
  const isMine = async () => (await readSmallFile(lock))?.text === text;
  held.add(text);
  try {
    await take(lock, text);
    return await work(async () => {
      if (!(await isMine())) throw new Error(`lost the lock ${lock}; nothing was changed, try again`);
    });
  } finally {
    try {
      if (await isMine()) await rm(lock, { force: true });
    } finally {
      // not before the file is gone: a lock that is not in the set may be broken, and its successor
      // removed
      held.delete(text);
    }
  }
}

async function take(lock: string, text: string): Promise<void> {
  const end = Date.now() + PATIENCE;
  while (!(await createSmallFile(lock, { text, mode: MODE }))) {
    const other = await readSmallFile(lock);
    // read twice: it may have been released and taken by another process since the first read
    if (other && isAbandoned(other.text) && (await readSmallFile(lock))?.text === other.text)
      await breakLock(lock, other.text);
    else if (Date.now() > end)
      throw new Error(`another process is editing the file; if none is, remove ${lock} and try again`);
    else await sleep(LOOK_INTERVAL * (1 + Math.random()));
  }
}

function isAbandoned(text: string): boolean {
  const [, holder] = LOCK.exec(text) ?? [];
  if (holder === undefined) return false;
  return Number(holder) === process.pid ? !held.has(text) : !isAlive(Number(holder));
}

/** Removes the lock if it still contains `text`. */
async function breakLock(lock: string, text: string): Promise<void> {
  const aside = `${lock}.${toHex(randomBytes(8))}`;
  try {
    // of several processes that find it abandoned, one succeeds
    await rename(lock, aside);
    // another process may have taken it meanwhile: give it back
    if ((await readSmallFile(aside))?.text !== text) await link(aside, lock);
  } catch (error) {
    if (systemCode(error) !== "ENOENT" && systemCode(error) !== "EEXIST") throw error;
  } finally {
    await rm(aside, { force: true });
  }
}
