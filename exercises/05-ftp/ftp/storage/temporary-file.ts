/**
 * The files in which uploads wait until they are whole: beside the file that they are to become, under a name that no
 * client can name or see.
 *
 *     .sml-upload-PROCESS-RANDOM      the process that writes it, 32 hexadecimal digits
 */
import type { FileHandle } from "node:fs/promises";
import { unlink } from "node:fs/promises";
import process from "node:process";
import { toHex } from "../../../../lib/bytes/bytes.ts";
import { systemCode } from "../../../../lib/cli/diagnostics.ts";
import { randomBytes } from "../../../../lib/crypto/webcrypto.ts";
import type { Folder } from "./jail.ts";
import { TEMPORARY_PREFIX } from "./path.ts";
import { isAlive } from "./process-alive.ts";

const NAME = new RegExp(`^${TEMPORARY_PREFIX.replace(".", "\\.")}(\\d{1,10})-[0-9a-f]{32}$`);
/** Milliseconds after which one that nobody has written to is given up, even if a process has its number. */
const GIVEN_UP = 24 * 60 * 60 * 1000;

/** The names of those that this process is writing. */
const inUse = new Set<string>();

/** Makes a temporary file in `folder`; to be given to `removeTemporary` or `forgetTemporary` in the end. */
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

/** Removes it. */
export async function removeTemporary(folder: Folder, name: string): Promise<void> {
  try {
    await unlink(await folder.path(name));
  } catch (error) {
    // its folder may be gone, and is not what the client should hear about
    if (systemCode(error) === undefined) throw error;
  } finally {
    inUse.delete(name);
  }
}

/** To be called when it has become a file of its own name. */
export function forgetTemporary(name: string): void {
  inUse.delete(name);
}

/** Removes the entry `name` of `folder` if it is what an upload of a process that was killed has left. */
export async function removeIfStale(folder: Folder, name: string, modified: number): Promise<void> {
  const [, writer] = NAME.exec(name) ?? [];
  if (writer === undefined || inUse.has(name)) return;
  const isOfAnother = Number(writer) !== process.pid && isAlive(Number(writer));
  if (isOfAnother && Date.now() - modified < GIVEN_UP) return;
  await removeTemporary(folder, name);
}
