/** Folders with all that is in them, down and up. */
import { lstat, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { printable } from "../../../../lib/bytes/printable.ts";
import { refusalCode } from "./control-connection.ts";
import type { FtpClient } from "./ftp-client.ts";
import { explainLocal, whyUnsafe } from "./local-file.ts";

/** Folders within folders, at most: a server can pretend that there is no end of them. */
export const DEPTH_LIMIT = 64;

export interface TreeOptions {
  /** Carries one file, from the first path to the second. */
  carry: (from: string, to: string) => Promise<void>;
  /** Is told what could not be carried, and why; the rest goes on. */
  fail: (error: unknown) => void;
  /** Is told what was left out on purpose. */
  leaveOut: (text: string) => void;
}

/**
 * Fetches the folder `remote`, and all that is in it, to `local`, which is made when it is not there. What a server names
 * stays within `local`: no name leads out of it, and no link there is followed.
 *
 * @throws Error when the connection has failed
 */
export async function downloadTree(
  client: FtpClient,
  [remote, local]: [string, string],
  options: TreeOptions,
  depth = 0,
): Promise<void> {
  const { carry, fail, leaveOut } = options;
  await makeLocalFolder(local, depth > 0);
  const { entries, unreadable } = await client.list(remote);
  if (unreadable > 0)
    fail(
      new Error(`${printable(remote)}: ${unreadable} names are not UTF-8, or cannot be told from the rest`),
    );
  for (const { name, kind } of entries) {
    const [from, to] = [joinRemote(remote, name), join(local, name)];
    const reason = whyUnsafe(name);
    if (reason !== undefined) fail(new Error(`${printable(from)} is left out: ${reason}`));
    else if (kind === "file") await attempt(client, fail, () => carry(from, to));
    else if (kind === "other") leaveOut(`${printable(from)} is neither file nor folder`);
    else if (depth >= DEPTH_LIMIT) fail(new Error(`${printable(from)} is left out: it lies too deep`));
    else await attempt(client, fail, () => downloadTree(client, [from, to], options, depth + 1));
  }
}

/**
 * Sends the folder `local`, and all that is in it, to `remote`, which is made when it is not there. Links are left out, whatever
 * they lead to, and so is what is neither file nor folder.
 *
 * @throws Error when the connection has failed
 */
export async function uploadTree(
  client: FtpClient,
  [local, remote]: [string, string],
  options: TreeOptions,
): Promise<void> {
  const { carry, fail, leaveOut } = options;
  const entries = await readdir(local, { withFileTypes: true }).catch((error) => {
    throw explainLocal(local, error);
  });
  await makeRemoteFolder(client, remote);
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const [from, to] = [join(local, entry.name), joinRemote(remote, entry.name)];
    if (entry.isFile()) await attempt(client, fail, () => carry(from, to));
    else if (entry.isDirectory()) await attempt(client, fail, () => uploadTree(client, [from, to], options));
    else if (entry.isSymbolicLink()) leaveOut(`${printable(from)} is a symbolic link`);
    else leaveOut(`${printable(from)} is neither file nor folder`);
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

/** Does `work`; tells `fail` when that goes wrong, unless nothing else can go well. */
async function attempt(
  client: FtpClient,
  fail: (error: unknown) => void,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (client.failure) throw error;
    fail(error);
  }
}

/** Makes the folder `path`. A link in its place is none, if the name is the server's: it could lead anywhere. */
async function makeLocalFolder(path: string, isNamedByServer: boolean): Promise<void> {
  try {
    await mkdir(path, { recursive: !isNamedByServer }).catch((error) => {
      if (error.code !== "EEXIST") throw error;
    });
    if (isNamedByServer && !(await lstat(path)).isDirectory())
      throw new Error("it is no folder, or a link to one");
  } catch (error) {
    throw explainLocal(path, error);
  }
}

async function makeRemoteFolder(client: FtpClient, path: string): Promise<void> {
  try {
    await client.makeFolder(path);
  } catch (error) {
    // perhaps it is there already
    const isRefused = refusalCode(error) !== undefined;
    if (!isRefused || (await client.stat(path))?.kind !== "folder") throw error;
  }
}
