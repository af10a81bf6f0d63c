/**
 * The temporary files of uploads. Each is in the folder of the file that it will replace, under a
 * name that no client can use or see:
 *
 *     .sml-upload-PID-RANDOM      the process that writes it, 32 hexadecimal digits
 */
import type { FileHandle } from "node:fs/promises";
import { unlink } from "node:fs/promises";
import process from "node:process";
import { toHex } from "../../../../lib/bytes/bytes.ts";
import { systemCode } from "../../../../lib/cli/diagnostics.ts";
import { randomBytes } from "../../../../lib/crypto/webcrypto.ts";
import { isAlive } from "../../../../lib/files/lock.ts";
import type { Folder } from "./jail.ts";
import { TEMPORARY_PREFIX } from "./path.ts";

const NAME = new RegExp(`^${TEMPORARY_PREFIX.replace(".", "\\.")}(\\d{1,10})-[0-9a-f]{32}$`);
/** Milliseconds without a write after which a file is stale, even if a process has its number. */
const GIVEN_UP = 24 * 60 * 60 * 1000;

/** The names of the files that this process writes. */
const inUse = new Set<string>();

/**
 * Creates a temporary file in `folder`. The caller must pass it to `removeTemporary` or
 * `forgetTemporary`.
 */
export async function createTemporary(folder: Folder): Promise<{ name: string; handle: FileHandle }> {
  const name = `${TEMPORARY_PREFIX}${process.pid}-${toHex(randomBytes(16))}`;
  inUse.add(name);
  try {
    return { name, handle: await folder.create(name) };
  } catch (error) {
    inUse.delete(name);
    throw error;
  }
}

export async function removeTemporary(folder: Folder, name: string): Promise<void> {
  try {
    await unlink(await folder.path(name));
  } catch (error) {
    // the folder may be gone, which does not concern the client
    if (systemCode(error) === undefined) throw error;
  } finally {
    inUse.delete(name);
  }
}

/** Call this once the file has been renamed. */
export function forgetTemporary(name: string): void {
  inUse.delete(name);
}

/** Removes the entry `name` of `folder` if it is a temporary file of a dead process. */
export async function removeIfStale(folder: Folder, name: string, modified: number): Promise<void> {
  const [, writer] = NAME.exec(name) ?? [];
  if (writer === undefined || inUse.has(name)) return;
  const isOfAnother = Number(writer) !== process.pid && isAlive(Number(writer));
  if (isOfAnother && Date.now() - modified < GIVEN_UP) return;
  await removeTemporary(folder, name);
}
