/**
 * A lock for programs that edit one file: the process that has created `FILE.lock`, with its
 * process id in it, may read, change and replace FILE. The lock of a process that has died is
 * removed.
 */
import { rm } from "node:fs/promises";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { toHex } from "../bytes/bytes.ts";
import { systemCode } from "../cli/diagnostics.ts";
import { randomBytes } from "../crypto/webcrypto.ts";
import { createSmallFile, readSmallFile } from "./small-file.ts";

/** Milliseconds to wait for the lock. */
const PATIENCE = 10_000;
const LOOK_INTERVAL = 20;
const MODE = 0o600;
const LOCK = /^(\d{1,10}) [0-9a-f]{32}\n$/;

/** The contents of the locks that this process holds. */
const held = new Set<string>();

/**
 * Runs `work` while no other caller of this function, in this process or another of the machine,
 * runs it for the same `file`.
 *
 * @throws Error if another caller holds the lock for more than ten seconds
 */
export async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  const lock = `${file}.lock`;
  const text = newLock();
  held.add(text);
  try {
    await take(lock, text, patience(lock));
    try {
      return await work();
    } finally {
      await removeIf(lock, text);
    }
  } finally {
    // not before the file is gone: a lock that is not in the set counts as abandoned
    held.delete(text);
  }
}

/**
 * Takes the lock of `file` for as long as a program runs; returns a function that gives it back.
 *
 * @throws Error at once if another process holds it
 */
export async function holdLock(file: string): Promise<() => Promise<void>> {
  const lock = `${file}.lock`;
  const text = newLock();
  held.add(text);
  const giveBack = async () => {
    await removeIf(lock, text);
    held.delete(text);
  };
  try {
    await take(lock, text, async (other) => {
      const [, holder = "?"] = LOCK.exec(other) ?? [];
      throw new Error(`process ${holder} is using it; if that is no such program, remove ${lock}`);
    });
  } catch (error) {
    held.delete(text);
    throw error;
  }
  return giveBack;
}

function newLock(): string {
  return `${process.pid} ${toHex(randomBytes(16))}\n`;
}

/** @param wait called while the lock contains `other`; throws to give up */
async function take(lock: string, text: string, wait: (other: string) => Promise<void>): Promise<void> {
  for (;;) {
    const other = (await readSmallFile(lock))?.text;
    if (other === undefined) {
      if (await createSmallFile(lock, { text, mode: MODE })) return;
    } else if (isAbandoned(other)) {
      // of several that find it abandoned, only one at a time may remove it: a second one would
      // remove the lock of the next holder
      await withLock(lock, () => removeIf(lock, other));
    } else await wait(other);
  }
}

/** Returns a function that waits for a moment, and throws when one holder has had its time. */
function patience(lock: string): (other: string) => Promise<void> {
  let holder = "";
  let since = Date.now();
  return async (other) => {
    if (other !== holder) [holder, since] = [other, Date.now()];
    else if (Date.now() - since > PATIENCE)
      throw new Error(`another process is editing the file; if none is, remove ${lock} and try again`);
    else await sleep(LOOK_INTERVAL * (1 + Math.random()));
  };
}

/** Removes the lock if it contains `text`. */
async function removeIf(lock: string, text: string): Promise<void> {
  if ((await readSmallFile(lock))?.text === text) await rm(lock, { force: true });
}

function isAbandoned(text: string): boolean {
  const [, holder] = LOCK.exec(text) ?? [];
  if (holder === undefined) return false;
  return Number(holder) === process.pid ? !held.has(text) : !isAlive(Number(holder));
}

/** Says whether a process has the number `id`, even one of another user. */
export function isAlive(id: number): boolean {
  try {
    return process.kill(id, 0);
  } catch (error) {
    return systemCode(error) === "EPERM";
  }
}
