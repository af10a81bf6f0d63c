/**
 * Transfers over the data connection: RETR STOR APPE STOU LIST NLST MLSD ABOR (RFC 959 §4.1.3, RFC
 * 3659).
 */
import { encodeUtf8 } from "../../../../lib/bytes/bytes.ts";
import { withoutOptions } from "../protocol/arguments.ts";
import { FromNetwork, toNetwork } from "../protocol/ascii.ts";
import { matchesGlob, parseGlob } from "../protocol/glob.ts";
import { type Entry, formatFacts, formatLong } from "../protocol/listing.ts";
import { Refusal, reply } from "../protocol/reply.ts";
import { StorageError } from "../storage/storage-error.ts";
import type { WriteOptions } from "../storage/upload.ts";
import type { Answer, Session, Verb } from "./session.ts";
import { runTransfer } from "./transfer.ts";

/** Characters of a listing that are sent at a time. */
const LISTING_PIECE = 64 * 1024;

export const TRANSFERS: Record<string, Verb> = {
  LIST: { handle: list, for: "users", argument: "optional text", usage: "LIST [NAME|PATTERN]" },
  NLST: { handle: nlst, for: "users", argument: "optional text", usage: "NLST [FOLDER|PATTERN]" },
  MLSD: { handle: mlsd, for: "users", argument: "optional text", usage: "MLSD [FOLDER]" },
  RETR: { handle: retr, for: "users", argument: "text", usage: "RETR FILE" },
  STOR: { handle: stor, for: "users", argument: "text", usage: "STOR FILE" },
  APPE: { handle: appe, for: "users", argument: "text", usage: "APPE FILE" },
  STOU: { handle: stou, for: "users", argument: "optional text", usage: "STOU [FILE]" },
  ABOR: { handle: abor, for: "users", argument: "none", usage: "ABOR", during: "at once" },
};

async function retr(session: Session, name: string): Promise<Answer> {
  const offset = takeRestart(session);
  const path = session.resolve(name);
  const download = await session.storage.read(path, offset);
  try {
    const isText = session.type === "A";
    return await runTransfer(session, "down", path, async (open, transfer) => {
      const size = isText ? "" : ` (${download.size - offset} bytes)`;
      await session.send(reply(150, `Opening data connection${size}.`));
      const stream = await open();
      for await (const piece of download.chunks()) {
        await stream.send(isText ? toNetwork(piece) : piece);
        transfer.bytes += piece.length;
      }
      await stream.end();
      session.log("downloaded", { path, offset, ...transfer.figures() });
      return reply(226, "Transfer complete.");
    });
  } finally {
    await download.close();
  }
}

function stor(session: Session, name: string): Promise<Answer> {
  const offset = takeRestart(session);
  return receive(session, name, { mode: "replace", ...(offset > 0 && { offset }) });
}

function appe(session: Session, name: string): Promise<Answer> {
  if (takeRestart(session) > 0) throw new Refusal(503, "REST not allowed before APPE.");
  return receive(session, name, { mode: "append" });
}

function stou(session: Session, name: string): Promise<Answer> {
  takeRestart(session);
  return receive(session, name || "file", { mode: "new name" });
}

/** Receives a file, and puts it in place once it is complete. */
async function receive(session: Session, name: string, options: WriteOptions): Promise<Answer> {
  const isText = session.type === "A";
  const upload = await session.storage.write(session.resolve(name), options);
  const { path } = upload;
  try {
    return await runTransfer(session, "up", path, async (open, transfer) => {
      const isNewName = options.mode === "new name";
      await session.send(reply(150, isNewName ? `FILE: ${path}` : "Ok to send data."));
      const stream = await open();
      const text = new FromNetwork();
      await stream.receive((piece) => {
        transfer.bytes += piece.length;
        return upload.write(isText ? text.push(piece) : piece);
      });
      if (isText) await upload.write(text.end());
      transfer.settle();
      await Promise.all([stream.end(), upload.commit()]);
      session.log("uploaded", { path, offset: options.offset, ...transfer.figures() });
      return reply(226, "Transfer complete.");
    });
  } finally {
    await upload.abort();
  }
}

async function list(session: Session, argument: string): Promise<Answer> {
  const { folder, pattern } = await expand(session, withoutOptions(argument));
  return sendEntries(session, folder, (entry) => formatLong(entry), pattern);
}

async function nlst(session: Session, argument: string): Promise<Answer> {
  const { folder, pattern } = await expand(session, withoutOptions(argument));
  // a pattern's matches can be used as names (RFC 1123 §4.1.3.2), so they include the folder
  return sendEntries(session, folder, ({ name }) => `${pattern === undefined ? "" : folder}${name}`, pattern);
}

async function mlsd(session: Session, argument: string): Promise<Answer> {
  const { storage } = session;
  const { kind } = await storage.stat(session.resolve(argument));
  if (kind !== "folder") throw new Refusal(501, "MLSD is for directories; use MLST for files.");
  return sendEntries(session, argument, (entry) => formatFacts(entry, session.facts, storage));
}

/**
 * Returns the folder and the pattern to list. An existing name is not a pattern, even if it looks
 * like one.
 */
async function expand(session: Session, argument: string): Promise<{ folder: string; pattern?: string }> {
  const glob = parseGlob(argument);
  if (!glob) return { folder: argument };
  try {
    await session.storage.stat(session.resolve(argument));
    return { folder: argument };
  } catch (error) {
    if (error instanceof StorageError && (error.code === "missing" || error.code === "name")) return glob;
    throw error;
  }
}

async function sendEntries(
  session: Session,
  name: string,
  format: (entry: Entry) => string,
  pattern?: string,
): Promise<Answer> {
  takeRestart(session);
  const path = session.resolve(name);
  const entry = await session.storage.stat(path);
  if (pattern !== undefined && entry.kind !== "folder") throw new Refusal(550, "Not a directory.");
  return runTransfer(session, "down", path, async (open, transfer) => {
    await session.send(reply(150, "Opening data connection."));
    const stream = await open();
    let lines = "";
    const flush = async () => {
      const piece = encodeUtf8(lines);
      lines = "";
      if (piece.length > 0) await stream.send(piece);
      transfer.bytes += piece.length;
    };
    for await (const each of entry.kind === "folder" ? session.storage.list(path) : [entry]) {
      if (pattern !== undefined && !matchesGlob(each.name, pattern)) continue;
      lines += `${format(each)}\r\n`;
      if (lines.length >= LISTING_PIECE) await flush();
    }
    await flush();
    await stream.end();
    session.log("listed", { path, ...transfer.figures() });
    return reply(226, "Transfer complete.");
  });
}

async function abor(session: Session): Promise<Answer> {
  const { transfer } = session;
  transfer?.abort("aborted by the client");
  // the transfer's own last reply comes first
  await transfer?.over;
  session.prepare(undefined);
  return reply(226, "ABOR command successful.");
}

function takeRestart(session: Session): number {
  const { restart } = session;
  session.restart = 0;
  if (restart > 0 && session.type === "A") throw new Refusal(504, "REST not allowed in ASCII mode.");
  return restart;
}
