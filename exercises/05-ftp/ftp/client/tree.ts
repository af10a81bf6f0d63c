/** Downloads and uploads of whole folders. */
import { lstat, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { printable } from "../../../../lib/bytes/printable.ts";
import { makeFolder } from "../../../../lib/files/make-folder.ts";
import { LISTING_LIMIT } from "../protocol/listing.ts";
import { refusalCode } from "./control-connection.ts";
import type { FtpClient } from "./ftp-client.ts";
import { explainLocal, whyUnsafe } from "./local-file.ts";

/** The depth at which a download stops: a server can fake endless nesting. */
export const DEPTH_LIMIT = 64;
/** Entries of the largest tree that is downloaded. */
export const TREE_LIMIT = 1_000_000;

export interface TreeOptions {
  /** Transfers one file, from the first path to the second. */
  transfer: (from: string, to: string) => Promise<void>;
  /** Receives the error of an entry; the rest continues. */
  fail: (error: unknown) => void;
  /** Receives the reason why an entry is skipped. */
  skip: (text: string) => void;
}

/** The place in a tree that is being downloaded. */
interface Place {
  depth: number;
  /** Bytes of the listings of the folders above, which are in memory. */
  held: number;
  /** Counts the entries of the whole tree. */
  tally: { entries: number };
}

class TreeTooLarge extends Error {}

/**
 * Downloads the folder `remote` to `local`, which is created if missing. Names from the server
 * cannot lead out of `local`, and no link in it is followed.
 *
 * @throws Error if the connection fails, or the tree is too large
 */
export async function downloadTree(
  client: FtpClient,
  [remote, local]: [string, string],
  options: TreeOptions,
  { depth, held, tally }: Place = { depth: 0, held: 0, tally: { entries: 0 } },
): Promise<void> {
  const { transfer, fail, skip } = options;
  await makeLocalFolder(local, depth > 0);
  const { entries, unreadable, length } = await client.list(remote, LISTING_LIMIT - held);
  const below = { depth: depth + 1, held: held + length, tally };
  tally.entries += entries.length;
  if (tally.entries > TREE_LIMIT)
    throw new TreeTooLarge(`the tree has more than ${TREE_LIMIT} entries; download its folders one by one`);
  if (unreadable > 0)
    fail(
      new Error(
        `${printable(remote)}: unreadable entries: ${unreadable} (malformed lines, or names that are not UTF-8)`,
      ),
    );
  for (const { name, kind } of entries) {
    const [from, to] = [joinRemote(remote, name), join(local, name)];
    const reason = whyUnsafe(name);
    if (reason !== undefined) fail(new Error(`${printable(from)} is skipped: ${reason}`));
    else if (kind === "file") await attempt(client, fail, () => transfer(from, to));
    else if (kind === "other") skip(`${printable(from)} is neither a file nor a folder`);
    else if (depth >= DEPTH_LIMIT) fail(new Error(`${printable(from)} is skipped: it is nested too deeply`));
    else await attempt(client, fail, () => downloadTree(client, [from, to], options, below));
  }
}

/**
 * Uploads the folder `local` to `remote`, which is created if missing. Skips links, and everything
 * that is neither a file nor a folder.
 *
 * @throws Error if the connection fails
 */
export async function uploadTree(
  client: FtpClient,
  [local, remote]: [string, string],
  options: TreeOptions,
): Promise<void> {
  const { transfer, fail, skip } = options;
  const entries = await readdir(local, { withFileTypes: true }).catch((error) => {
    throw explainLocal(local, error);
  });
  await makeRemoteFolder(client, remote);
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const [from, to] = [join(local, entry.name), joinRemote(remote, entry.name)];
    if (entry.isFile()) await attempt(client, fail, () => transfer(from, to));
    else if (entry.isDirectory()) await attempt(client, fail, () => uploadTree(client, [from, to], options));
    else if (entry.isSymbolicLink()) skip(`${printable(from)} is a symbolic link`);
    else skip(`${printable(from)} is neither a file nor a folder`);
  }
}

/** Returns the path of `name` in the remote `folder`. */
export function joinRemote(folder: string, name: string): string {
  if (folder === "") return name;
  return folder.endsWith("/") ? `${folder}${name}` : `${folder}/${name}`;
}

/** Returns the last name in the remote `path`. */
export function remoteBasename(path: string): string {
  return path.replace(/\/+$/, "").split("/").at(-1) ?? "";
}

/** Runs `work`, and passes its error to `fail` unless nothing more can be transferred. */
async function attempt(
  client: FtpClient,
  fail: (error: unknown) => void,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (client.failure || error instanceof TreeTooLarge) throw error;
    fail(error);
  }
}

/**
 * Creates the folder `path`, or uses the existing one. For a name from the server, a link to a
 * folder is an error: it could lead anywhere.
 */
async function makeLocalFolder(path: string, isNamedByServer: boolean): Promise<void> {
  try {
    await makeFolder(path);
    const found = await (isNamedByServer ? lstat(path) : stat(path));
    if (found.isSymbolicLink()) throw new Error("it is a symbolic link");
    if (!found.isDirectory()) throw new Error("it is not a folder");
  } catch (error) {
    throw explainLocal(path, error);
  }
}

async function makeRemoteFolder(client: FtpClient, path: string): Promise<void> {
  try {
    await client.makeFolder(path);
  } catch (error) {
    // perhaps it exists already
    const isRefused = refusalCode(error) !== undefined;
    if (!isRefused || (await client.stat(path))?.kind !== "folder") throw error;
  }
}
