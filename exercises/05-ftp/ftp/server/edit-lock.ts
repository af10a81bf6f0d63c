/**
 * Turns for those who edit one file: who has made `FILE.lock`, with the number of its process in it, may read, change and
 * replace FILE. One that was killed does not hold it for ever: its lock goes to whoever comes next.
 */
import { link, rename, rm } from "node:fs/promises";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { toHex } from "../../../../lib/bytes/bytes.ts";
import { systemCode } from "../../../../lib/cli/diagnostics.ts";
import { randomBytes } from "../../../../lib/crypto/webcrypto.ts";
import { createSmallFile, readSmallFile } from "../../../../lib/files/small-file.ts";
import { isAlive } from "../storage/process-alive.ts";

/** Milliseconds that one waits for the others. */
const PATIENCE = 10_000;
const LOOK_INTERVAL = 20;
const MODE = 0o600;
const LOCK = /^(\d{1,10}) [0-9a-f]{32}\n$/;

/** What stands in the locks that this process holds. */
const held = new Set<string>();

/**
 * Runs `work` while nobody else who asks here edits `file`.
 *
 * @param work is given a function that throws when the lock was lost, to be called just before the file is replaced
 * @throws Error when somebody else keeps it for more than ten seconds
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
      if (!(await isMine())) throw new Error(`${lock} was taken away; nothing is changed, try again`);
    });
  } finally {
    try {
      if (await isMine()) await rm(lock, { force: true });
    } finally {
      // not before it is gone: what nobody holds may be broken, and the next one's removed in its place
      held.delete(text);
    }
  }
}

async function take(lock: string, text: string): Promise<void> {
  const end = Date.now() + PATIENCE;
  while (!(await createSmallFile(lock, { text, mode: MODE }))) {
    const other = await readSmallFile(lock);
    // read twice: it may have been let go of, and be another's, since it was read
    if (other && isAbandoned(other.text) && (await readSmallFile(lock))?.text === other.text)
      await breakLock(lock, other.text);
    else if (Date.now() > end)
      throw new Error(`somebody else is editing; if nobody is, remove ${lock} and try again`);
    else await sleep(LOOK_INTERVAL * (1 + Math.random()));
  }
}

function isAbandoned(text: string): boolean {
  const [, holder] = LOCK.exec(text) ?? [];
  if (holder === undefined) return false;
  return Number(holder) === process.pid ? !held.has(text) : !isAlive(Number(holder));
}

/** Removes the lock if `text` still stands in it. */
async function breakLock(lock: string, text: string): Promise<void> {
  const aside = `${lock}.${toHex(randomBytes(8))}`;
  try {
    // of several who find it abandoned, one succeeds
    await rename(lock, aside);
    // it may have been somebody's who was quicker: she gets it back
    if ((await readSmallFile(aside))?.text !== text) await link(aside, lock);
  } catch (error) {
    if (systemCode(error) !== "ENOENT" && systemCode(error) !== "EEXIST") throw error;
  } finally {
    await rm(aside, { force: true });
  }
}
