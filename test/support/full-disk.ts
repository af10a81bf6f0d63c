/**
 * Uploads to a disk that fills up, and prints the outcomes. Run it where `mount` may create a small
 * file system:
 *
 *     unshare --user --map-root-user --mount sh -c
 *         'mount -t tmpfs -o size=1m none FOLDER && node --import tsx full-disk.ts FOLDER'
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { Storage } from "../../exercises/05-ftp/ftp/storage/storage.ts";
import { StorageError } from "../../exercises/05-ftp/ftp/storage/storage-error.ts";
import type { WriteOptions } from "../../exercises/05-ftp/ftp/storage/upload.ts";

const [root = ""] = process.argv.slice(2);
const storage = await Storage.open(root);
await upload("/old", 1000, { mode: "replace" });
const outcomes = {
  new: await upload("/new", 3_000_000, { mode: "replace" }),
  replaced: await upload("/old", 3_000_000, { mode: "replace" }),
  appended: await upload("/old", 3_000_000, { mode: "append" }),
  within: await upload("/old", 3_000_000, { mode: "replace", offset: 500 }),
  "new name": await upload("/old", 3_000_000, { mode: "new name" }),
};
const old = (await readFile(join(root, "old"), "utf8")) === "x".repeat(1000);
const files = await readdir(root);
const after = await upload("/fits", 600_000, { mode: "replace" });
console.log(JSON.stringify({ ...outcomes, old, files, after }));
await storage.close();

async function upload(path: string, length: number, options: WriteOptions): Promise<string> {
  const target = await storage.write(path, options);
  try {
    for (let left = length; left > 0; left -= 100_000)
      await target.write(new Uint8Array(Math.min(left, 100_000)).fill(0x78));
    await target.commit();
    return "done";
  } catch (error) {
    if (error instanceof StorageError) return error.code;
    throw error;
  } finally {
    await target.abort();
  }
}
