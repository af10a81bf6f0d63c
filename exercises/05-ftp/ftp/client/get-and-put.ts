/** `get` and `put`: where to, one file or a folder, and what is shown meanwhile. */
import { basename, join } from "node:path";
import { printable } from "../../../../lib/bytes/printable.ts";
import { explain } from "../../../../lib/cli/diagnostics.ts";
import { download, type TransferOptions, upload } from "./file-transfer.ts";
import type { FtpClient } from "./ftp-client.ts";
import { kindOf, whyUnsafe } from "./local-file.ts";
import { Progress } from "./progress.ts";
import type { Flags, Session } from "./session.ts";
import { downloadTree, joinRemote, remoteBasename, type TreeOptions, uploadTree } from "./tree.ts";

type Carry = (client: FtpClient, paths: [string, string], options: TransferOptions) => Promise<void>;

/** `get FILE [LOCAL]`: into LOCAL if that is a folder, else under that name. */
export async function get(session: Session, [remote = "", to]: string[], flags: Flags): Promise<void> {
  const { client } = session;
  const name = remoteBasename(remote);
  const reason = whyUnsafe(name);
  if (reason !== undefined && to === undefined)
    throw new Error(`${printable(remote)} cannot have that name here: ${reason}; say where to put it`);
  const into = to !== undefined && reason === undefined && (await kindOf(to)) === "folder";
  const local = into ? join(to, name) : (to ?? name);

  const isFolder = (await client.stat(remote))?.kind === "folder";
  if (isFolder && !flags.recursive) throw new Error(`${printable(remote)} is a folder; -r fetches it`);
  if (!isFolder) await carryOne(session, download, { from: remote, to: local, flags });
  else await carryAll(session, download, flags, (options) => downloadTree(client, [remote, local], options));
}

/** `put LOCAL [FILE]`: into FILE if that is a folder, else under that name. */
export async function put(session: Session, [local = "", to]: string[], flags: Flags): Promise<void> {
  const { client } = session;
  const kind = await kindOf(local);
  if (kind === "folder" && !flags.recursive) throw new Error(`${printable(local)} is a folder; -r sends it`);
  const name = basename(local);
  const isNamed = name !== "" && name !== "." && name !== "..";
  if (!isNamed && to === undefined) throw new Error(`${printable(local)} has no name; say where to put it`);
  const into = to !== undefined && isNamed && (await client.stat(to))?.kind === "folder";
  const remote = into ? joinRemote(to, name) : (to ?? name);
  if (kind !== "folder") await carryOne(session, upload, { from: local, to: remote, flags });
  else await carryAll(session, upload, flags, (options) => uploadTree(client, [local, remote], options));
}

/** Carries one file, with a bar that shows how it gets on. */
async function carryOne(
  { client, terminal }: Session,
  carry: Carry,
  { from, to, flags }: { from: string; to: string; flags: Flags },
): Promise<void> {
  const progress = new Progress(terminal, from);
  try {
    await carry(client, [from, to], {
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

/** Carries a folder; each file that cannot be carried is told of at once, and the rest goes on. */
async function carryAll(
  session: Session,
  carry: Carry,
  flags: Flags,
  walk: (options: TreeOptions) => Promise<void>,
): Promise<void> {
  const { terminal } = session;
  let failed = 0;
  await walk({
    carry: (from, to) => carryOne(session, carry, { from, to, flags }),
    fail: (error) => {
      failed += 1;
      terminal.write(`error: ${explain(error)}\n`);
    },
    leaveOut: (text) => terminal.write(`left out: ${text}\n`),
  });
  if (failed > 0) throw new Error(`${failed} of what there was could not be carried; the rest is there`);
}
