/** A user's home in a folder of its own, for tests of exercise 05's storage. */
import { join } from "node:path";
import process from "node:process";
import type { Entry } from "../../exercises/05-ftp/ftp/protocol/listing.ts";
import type { Download } from "../../exercises/05-ftp/ftp/storage/download.ts";
import type { Way } from "../../exercises/05-ftp/ftp/storage/jail.ts";
import { Storage, type StorageOptions } from "../../exercises/05-ftp/ftp/storage/storage.ts";
import { StorageError } from "../../exercises/05-ftp/ftp/storage/storage-error.ts";
import type { WriteOptions } from "../../exercises/05-ftp/ftp/storage/upload.ts";
import { type Bytes, concat, decodeUtf8, encodeUtf8 } from "../../lib/bytes/bytes.ts";
import { MEMORY, withFolder } from "./temporary.ts";

/** Both ways to reach a name, if the system has both. */
export const WAYS: Way[] = process.platform === "linux" ? ["descriptors", "real paths"] : ["real paths"];

export interface Home {
  storage: Storage;
  /** The home on the host. */
  path: string;
  /** The folder around the home. */
  outside: string;
}

/** Creates a home and a folder around it, runs `use`, and removes both. */
export async function withHome(
  use: (home: Home) => Promise<void>,
  options: StorageOptions = {},
): Promise<void> {
  await withFolder(async (outside) => {
    const storage = await Storage.open(outside, { home: "/home", ...options });
    try {
      await use({ storage, path: join(outside, "home"), outside });
    } finally {
      await storage.close();
    }
  }, MEMORY);
}

/** Writes a whole file. */
export async function put(
  storage: Storage,
  path: string,
  contents: string | Bytes,
  options: WriteOptions = { mode: "replace" },
): Promise<void> {
  const upload = await storage.write(path, options);
  try {
    await upload.write(typeof contents === "string" ? encodeUtf8(contents) : contents);
    await upload.commit();
  } finally {
    await upload.abort();
  }
}

/** Reads a whole file, or the rest of it. */
export async function get(storage: Storage, path: string, offset = 0): Promise<string> {
  return decodeUtf8(await drain(await storage.read(path, offset)));
}

/** Returns all bytes of `download`. */
export async function drain(download: Download): Promise<Bytes> {
  const pieces: Bytes[] = [];
  for await (const piece of download.chunks()) pieces.push(piece.slice());
  return concat(pieces);
}

/** Returns the entries of a folder, sorted by name. */
export async function entries(storage: Storage, path: string): Promise<Entry[]> {
  const all: Entry[] = [];
  for await (const entry of storage.list(path)) all.push(entry);
  return all.sort((a, b) => (a.name < b.name ? -1 : 1));
}

export async function names(storage: Storage, path: string): Promise<string[]> {
  return (await entries(storage, path)).map(({ name }) => name);
}

/**
 * Runs `work`; returns the code of the `StorageError` that it throws, or "done".
 *
 * @throws any other error
 */
export async function outcome(work: Promise<unknown> | (() => Promise<unknown>)): Promise<string> {
  try {
    await (typeof work === "function" ? work() : work);
    return "done";
  } catch (error) {
    if (error instanceof StorageError) return error.code;
    throw error;
  }
}
