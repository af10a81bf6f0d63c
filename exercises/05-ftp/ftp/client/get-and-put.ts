/**
 * The commands `get` and `put`: source, destination, and progress, for a file or a whole folder.
 */
import { basename, join } from "node:path";
import type { Writable } from "node:stream";
import { printable } from "../../../../lib/bytes/printable.ts";
import { explain } from "../../../../lib/cli/diagnostics.ts";
import { download, type TransferOptions, upload } from "./file-transfer.ts";
import type { FtpClient } from "./ftp-client.ts";
import { kindOf, whyUnsafe } from "./local-file.ts";
import { Progress, type Terminal } from "./progress.ts";
import { downloadTree, joinRemote, remoteBasename, type TreeOptions, uploadTree } from "./tree.ts";

/** What commands work with. */
export interface Shell {
  client: FtpClient;
  /** Standard output: the answers. */
  output: Writable & { isTTY?: boolean };
  /** Standard error: progress and warnings. */
  terminal: Terminal;
}

export type FlagName = "recursive" | "resume" | "verify";
export type Flags = Partial<Record<FlagName, boolean>>;

/** The flags of `get` and `put`, for the command line and the prompt. */
export const TRANSFER_FLAGS = {
  recursive: { short: "r", help: "get, put: transfer a folder and everything in it" },
  resume: { help: "get, put: resume an interrupted transfer" },
  verify: { help: "get, put: download the file again and compare" },
};

/** Returns the transfer flags among the `values` that `parseFlags` returned. */
export function pickFlags(values: Partial<Record<string, string>>): Flags {
  return {
    recursive: values["recursive"] !== undefined,
    resume: values["resume"] !== undefined,
    verify: values["verify"] !== undefined,
  };
}

type Transfer = (client: FtpClient, paths: [string, string], options: TransferOptions) => Promise<void>;

/** `get FILE [LOCAL]`: into LOCAL if that is a folder, else under that name. */
export async function get(shell: Shell, [remote = "", to]: string[], flags: Flags): Promise<void> {
  const { client } = shell;
  const name = remoteBasename(remote);
  const reason = whyUnsafe(name);
  if (reason !== undefined && to === undefined)
    throw new Error(`${printable(remote)} cannot have that name here: ${reason}; name a destination`);
  const into = to !== undefined && reason === undefined && (await kindOf(to)) === "folder";
  const local = into ? join(to, name) : (to ?? name);

  const isFolder = (await client.stat(remote))?.kind === "folder";
  if (isFolder && !flags.recursive)
    throw new Error(`${printable(remote)} is a folder; use -r to download it`);
  if (!isFolder) await transferFile(shell, download, { from: remote, to: local, flags });
  else
    await transferTree(shell, download, flags, (options) => downloadTree(client, [remote, local], options));
}

/** `put LOCAL [FILE]`: into FILE if that is a folder, else under that name. */
export async function put(shell: Shell, [local = "", to]: string[], flags: Flags): Promise<void> {
  const { client } = shell;
  const kind = await kindOf(local);
  if (kind === "folder" && !flags.recursive)
    throw new Error(`${printable(local)} is a folder; use -r to upload it`);
  const name = basename(local);
  const isNamed = name !== "" && name !== "." && name !== "..";
  if (!isNamed && to === undefined) throw new Error(`${printable(local)} has no name; name a destination`);
  const into = to !== undefined && isNamed && (await client.stat(to))?.kind === "folder";
  const remote = into ? joinRemote(to, name) : (to ?? name);
  if (kind !== "folder") await transferFile(shell, upload, { from: local, to: remote, flags });
  else await transferTree(shell, upload, flags, (options) => uploadTree(client, [local, remote], options));
}

/** Transfers one file, and shows its progress. */
async function transferFile(
  { client, terminal }: Shell,
  transfer: Transfer,
  { from, to, flags }: { from: string; to: string; flags: Flags },
): Promise<void> {
  const progress = new Progress(terminal, from);
  try {
    await transfer(client, [from, to], {
      resume: flags.resume ?? false,
      verify: flags.verify ?? false,
      onStart: (total, existing) => progress.begin(total, existing),
      onBytes: (length) => progress.advance(length),
      warn: (text) => terminal.write(`warning: ${text}\n`),
    });
  } catch (error) {
    progress.clear();
    throw error;
  }
  progress.end();
}

/** Transfers a folder. Reports each file that fails, and continues with the rest. */
async function transferTree(
  shell: Shell,
  transfer: Transfer,
  flags: Flags,
  walk: (options: TreeOptions) => Promise<void>,
): Promise<void> {
  const { terminal } = shell;
  let failed = 0;
  await walk({
    transfer: (from, to) => transferFile(shell, transfer, { from, to, flags }),
    fail: (error) => {
      failed += 1;
      terminal.write(`error: ${explain(error)}\n`);
    },
    skip: (text) => terminal.write(`skipped: ${text}\n`),
  });
  if (failed > 0) throw new Error(`${failed} entries failed; everything else was transferred`);
}
