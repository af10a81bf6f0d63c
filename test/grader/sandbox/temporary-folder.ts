/** Temporary folders, which are removed when the process exits at the latest. */
import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

const folders = new Set<string>();
let removesAtExit = false;

/** Makes a folder whose name starts with `prefix`, owned by `uid` if given. */
export function makeTemporaryFolder(prefix: string, uid?: number): string {
  if (!removesAtExit) process.once("exit", removeAll);
  removesAtExit = true;
  const folder = mkdtempSync(join(tmpdir(), prefix));
  folders.add(folder);
  if (uid !== undefined) chownSync(folder, uid, uid);
  return folder;
}

export async function removeTemporaryFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  folders.delete(folder);
}

function removeAll(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}
