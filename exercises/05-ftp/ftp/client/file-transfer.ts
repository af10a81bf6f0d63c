/**
 * Downloads and uploads of one file, and how they are verified.
 *
 * A download goes to `NAME.sml-part`. Each piece is read back and compared, the length must be the
 * server's SIZE, and only then the file gets its name. After an upload the server must confirm that
 * it has stored the file (226) and report its size, and the local file must not have changed
 * meanwhile. Encryption protects the bytes on the wire. With `verify` the server's file is
 * downloaded again and compared.
 *
 * With `resume` an interrupted transfer continues, if the last bytes are the same on both sides.
 */
import type { FileHandle } from "node:fs/promises";
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import { printable } from "../../../../lib/bytes/printable.ts";
import { release } from "../../../../lib/bytes/release.ts";
import type { ClientData } from "../../protection.ts";
import { refusalCode } from "./control-connection.ts";
import type { FtpClient } from "./ftp-client.ts";
import { Comparison, explainLocal, lengthOf, openLocal, PartFile } from "./local-file.ts";

/** Bytes that are compared before a transfer is resumed. */
export const OVERLAP = 64 * 1024;
// Bytes that are written to a file at a time.
const PIECE = 1024 * 1024;
// Bytes of a block to send, and the number of blocks in flight. Long messages cost less per byte.
const BLOCK = 512 * 1024;
const IN_FLIGHT = 4;
const NOT_THERE = 550;

export interface TransferOptions {
  resume: boolean;
  verify: boolean;
  /** Called once with the bytes to transfer, if known, and the bytes that exist already. */
  onStart?: (total: number | undefined, existing: number) => void;
  /** Called with the number of bytes of each step. */
  onBytes?: (length: number) => void;
  /** Called with what could not be verified. */
  warn?: (text: string) => void;
}

/** The bytes of a file from `start` up to, but not including, `end`. */
interface Range {
  start: number;
  end: number;
}

/**
 * Downloads the file `remote` to `local`.
 *
 * @throws Error if it is incomplete; what came stays in `local`.sml-part
 */
export async function download(
  client: FtpClient,
  [remote, local]: [string, string],
  { resume, verify, onStart, onBytes, warn }: TransferOptions,
): Promise<void> {
  const size = await client.size(remote);
  const file = await PartFile.open(local, { resume });
  try {
    const { existing } = file;
    if (size !== undefined && existing > size)
      throw new Error(
        `the local part of ${printable(remote)} is longer than the server's file; download it without --resume`,
      );
    onStart?.(size, existing);
    let position = Math.max(0, existing - OVERLAP);
    let storing = Promise.resolve();
    for await (const chunks of pieces(client.read(remote, position))) {
      // one piece is written while the next one arrives
      await storing;
      storing = file.write(chunks, position).then(() => chunks.forEach(release));
      storing.catch(() => {});
      position += lengthOf(chunks);
      onBytes?.(lengthOf(chunks));
      if (size !== undefined && position > size) break;
    }
    await storing;
    if (size === undefined) warn?.(`the server does not report the size of ${printable(remote)}`);
    else if (position !== size)
      throw new Error(`${printable(remote)} has ${size} bytes on the server, but ${position} arrived`);
    await file.finish(position);
  } finally {
    await file.close();
  }
  if (!verify) return;
  const { handle, size: length } = await openLocal(local);
  try {
    await compare(client, remote, handle, { start: 0, end: length });
  } finally {
    await handle.close();
  }
}

/** Uploads the file `local` to `remote`. @throws Error unless the server confirms all of it */
export async function upload(
  client: FtpClient,
  [local, remote]: [string, string],
  { resume, verify, onStart, onBytes, warn }: TransferOptions,
): Promise<void> {
  const { handle, size, changed } = await openLocal(local);
  try {
    const existing = resume ? await overlap(client, remote, handle, size) : 0;
    onStart?.(size, existing);
    if (existing < size || size === 0) {
      const range = { start: existing, end: size };
      await client.write(remote, (data) => sendRange(handle, range, data, onBytes), existing);
    }
    const now = await handle.stat();
    if (now.size !== size || now.mtimeMs !== changed)
      throw new Error(`${printable(local)} changed during the upload`);
    const stored = await client.size(remote);
    if (stored === undefined) warn?.(`the server does not report the size of ${printable(remote)}`);
    else if (stored !== size)
      throw new Error(`${printable(local)} has ${size} bytes, but the server reports ${stored}`);
    if (verify) await compare(client, remote, handle, { start: 0, end: size });
  } finally {
    await handle.close();
  }
}

/** Sends a range of a file, or less if the file ends early. */
async function sendRange(
  handle: FileHandle,
  { start, end }: Range,
  data: ClientData,
  onBytes?: (length: number) => void,
): Promise<void> {
  const sending: Promise<Bytes>[] = [];
  for (let position = start; position < end; ) {
    const free = sending.length < IN_FLIGHT ? new Uint8Array(BLOCK) : await sending.shift();
    const buffer = free ?? new Uint8Array(BLOCK);
    const { bytesRead } = await handle.read(buffer, 0, Math.min(BLOCK, end - position), position);
    if (bytesRead === 0) break;
    position += bytesRead;
    const sent = data.send(buffer.subarray(0, bytesRead)).then(() => {
      onBytes?.(bytesRead);
      return buffer;
    });
    sent.catch(() => {});
    sending.push(sent);
  }
  await Promise.all(sending);
}

/**
 * Returns how much of `handle` the server has as `remote`, after comparing the last bytes of it.
 */
async function overlap(client: FtpClient, remote: string, handle: FileHandle, size: number): Promise<number> {
  const existing = await client.size(remote).catch((error) => {
    if (refusalCode(error) === NOT_THERE) return 0;
    throw error;
  });
  if (existing === undefined)
    throw new Error("the server does not report the size of its file, so the upload cannot be resumed");
  if (existing > size)
    throw new Error(`${printable(remote)} is longer on the server than here: it is a different file`);
  const range = { start: Math.max(0, existing - OVERLAP), end: existing };
  if (existing > 0) await compare(client, remote, handle, range);
  return existing;
}

/**
 * Downloads `remote` from `start` on, and compares it with `handle`.
 *
 * @throws Error if they differ, or it does not end at `end`
 */
async function compare(
  client: FtpClient,
  remote: string,
  handle: FileHandle,
  { start, end }: Range,
): Promise<void> {
  const comparison = new Comparison(handle);
  let position = start;
  for await (const chunks of pieces(client.read(remote, start))) {
    const same = await comparison.isSame(chunks, position).catch((error) => {
      throw explainLocal("the local file", error);
    });
    if (!same) break;
    position += lengthOf(chunks);
    chunks.forEach(release);
  }
  if (position !== end) throw new Error(`${printable(remote)} differs from the local file`);
}

/** Groups the chunks of `stream` into pieces. */
async function* pieces(stream: AsyncIterable<Bytes>): AsyncGenerator<Bytes[]> {
  let chunks: Bytes[] = [];
  let length = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    length += chunk.length;
    if (length < PIECE) continue;
    yield chunks;
    chunks = [];
    length = 0;
  }
  if (length > 0) yield chunks;
}
