/**
 * One file down or up, and how we know that it has arrived.
 *
 * Down: the bytes go to `NAME.sml-part`, each piece is read back from there and compared, the length must be what the server
 * says that its file has, and only then the file gets its name. Up: the server must say that it has stored it (226), then that
 * its file has as many bytes as ours, which must not have changed meanwhile. On the way nothing can change: TLS and the
 * channel see to that. With `verify` the server's file is fetched once more and compared with ours, byte for byte.
 *
 * With `resume` a transfer goes on where one broke off, if the last bytes that are there are the same on both sides.
 */
import type { FileHandle } from "node:fs/promises";
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import { printable } from "../../../../lib/bytes/printable.ts";
import { release } from "../../../../lib/bytes/release.ts";
import { refusalCode } from "./control-connection.ts";
import type { DataConnection } from "./data.ts";
import type { FtpClient } from "./ftp-client.ts";
import { Comparison, explainLocal, lengthOf, openLocal, PartFile } from "./local-file.ts";

/** Bytes that are compared before a transfer is resumed. */
export const OVERLAP = 64 * 1024;
// bytes that are written to a file at a time
const PIECE = 1024 * 1024;
// bytes that are sent at a time, and how often: each message costs by itself, so they are long
const BLOCK = 512 * 1024;
const IN_FLIGHT = 4;
const NOT_THERE = 550;

export interface TransferOptions {
  resume: boolean;
  verify: boolean;
  /** Is told once what there is to carry, in bytes, where that is known, and how many of them were there already. */
  onStart?: (total: number | undefined, existing: number) => void;
  /** Is told of each few bytes that have been carried. */
  onBytes?: (length: number) => void;
  /** Is told what could not be made sure of. */
  warn?: (text: string) => void;
}

/** A stretch of a file, from the byte `start` to before the byte `end`. */
interface Range {
  start: number;
  end: number;
}

/** Fetches the file `remote` to `local`. @throws Error when it does not arrive whole; what is there stays in `local`.sml-part */
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
      throw new Error(`what is here of ${printable(remote)} is longer than the server's file: start anew`);
    onStart?.(size, existing);
    let position = Math.max(0, existing - OVERLAP);
    let storing = Promise.resolve();
    for await (const chunks of pieces(client.read(remote, position))) {
      // one piece is stored while the next one comes
      await storing;
      storing = file.write(chunks, position).then(() => chunks.forEach(release));
      storing.catch(() => {});
      position += lengthOf(chunks);
      onBytes?.(lengthOf(chunks));
      if (size !== undefined && position > size) break;
    }
    await storing;
    if (size === undefined) warn?.(`the server does not say how long ${printable(remote)} is`);
    else if (position !== size)
      throw new Error(`${printable(remote)} has ${size} bytes on the server, and ${position} came`);
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

/** Sends the file `local` to `remote`. @throws Error when the server does not say that it has it whole */
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
      throw new Error(`${printable(local)} has changed while it was sent`);
    const stored = await client.size(remote);
    if (stored === undefined) warn?.(`the server does not say how much of ${printable(remote)} it has`);
    else if (stored !== size)
      throw new Error(`${printable(local)} has ${size} bytes, and the server says that it has ${stored}`);
    if (verify) await compare(client, remote, handle, { start: 0, end: size });
  } finally {
    await handle.close();
  }
}

/** Sends the bytes of a file from `start` to `end`, or to where it ends. */
async function sendRange(
  handle: FileHandle,
  { start, end }: Range,
  data: DataConnection,
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

/** Returns how much of `handle` the server has as `remote`, once the end of that is known to be the same as here. */
async function overlap(client: FtpClient, remote: string, handle: FileHandle, size: number): Promise<number> {
  const existing = await client.size(remote).catch((error) => {
    if (refusalCode(error) === NOT_THERE) return 0;
    throw error;
  });
  if (existing === undefined)
    throw new Error("the server does not say how much it has: it cannot be resumed");
  if (existing > size)
    throw new Error(`${printable(remote)} is longer on the server than here: it is another file`);
  const range = { start: Math.max(0, existing - OVERLAP), end: existing };
  if (existing > 0) await compare(client, remote, handle, range);
  return existing;
}

/** Fetches `remote` from `start` on, and compares it with `handle`. @throws Error when they differ, or it does not end at `end` */
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
      throw explainLocal("the file here", error);
    });
    if (!same) break;
    position += lengthOf(chunks);
    chunks.forEach(release);
  }
  if (position !== end) throw new Error(`${printable(remote)} differs from the file here`);
}

/** Yields the chunks of `stream`, as many at a time as make a piece. */
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
