/** Data connections, and what goes over them: TYPE to ABOR (RFC 959 §4.1.2, RFC 2428, RFC 3659). */

import { encodeUtf8 } from "../../../../lib/bytes/bytes.ts";
import type { DataStream, Direction } from "../../protection.ts";
import {
  parseEprt,
  parseEpsv,
  parseOffset,
  parsePort,
  parseType,
  withoutOptions,
} from "../protocol/arguments.ts";
import { FromNetwork, toNetwork } from "../protocol/ascii.ts";
import { isLike, parseGlob } from "../protocol/glob.ts";
import { formatFacts, formatLong } from "../protocol/listing.ts";
import { Refusal, type Reply, reply } from "../protocol/reply.ts";
import type { Entry, WriteOptions } from "../storage/storage.ts";
import { StorageError } from "../storage/storage-error.ts";
import { DataConnection } from "./data-connection.ts";
import { ActivePort, type DataPort, NoConnection, PassivePort } from "./data-port.ts";
import { inClear } from "./data-stream.ts";
import { type Answer, refusalOf, type Session, type Verb } from "./session.ts";
import { Aborted, Transfer } from "./transfer.ts";

/** Bytes of a listing that are sent at a time. */
const LISTING_PIECE = 64 * 1024;

export const TRANSFER: Record<string, Verb> = {
  TYPE: { handle: type, for: "users", argument: "needed", usage: "TYPE A|I" },
  STRU: { handle: only("F", "STRU"), for: "users", argument: "needed", usage: "STRU F" },
  MODE: { handle: only("S", "MODE"), for: "users", argument: "needed", usage: "MODE S" },
  ALLO: {
    handle: () => reply(202, "There is no need to."),
    for: "users",
    argument: "needed",
    usage: "ALLO BYTES",
  },
  REST: { handle: rest, for: "users", argument: "needed", usage: "REST BYTES" },
  EPSV: { handle: epsv, for: "users", argument: "optional", usage: "EPSV [1|2|ALL]" },
  PASV: { handle: pasv, for: "users", argument: "none", usage: "PASV" },
  EPRT: { handle: eprt, for: "users", argument: "needed", usage: "EPRT |1|ADDRESS|PORT|" },
  PORT: { handle: port, for: "users", argument: "needed", usage: "PORT H1,H2,H3,H4,P1,P2" },
  LIST: { handle: list, for: "users", argument: "optional", usage: "LIST [NAME|PATTERN]" },
  NLST: { handle: nlst, for: "users", argument: "optional", usage: "NLST [FOLDER|PATTERN]" },
  MLSD: { handle: mlsd, for: "users", argument: "optional", usage: "MLSD [FOLDER]" },
  RETR: { handle: retr, for: "users", argument: "needed", usage: "RETR FILE" },
  STOR: { handle: stor, for: "users", argument: "needed", usage: "STOR FILE" },
  APPE: { handle: appe, for: "users", argument: "needed", usage: "APPE FILE" },
  STOU: { handle: stou, for: "users", argument: "optional", usage: "STOU [FILE]" },
  ABOR: { handle: abor, for: "users", argument: "none", usage: "ABOR", during: "at once" },
};

function type(session: Session, argument: string): Answer {
  session.type = parseType(argument);
  return reply(200, session.type === "A" ? "Text: lines end with CR LF." : "Bytes, as they are.");
}

/** STRU and MODE know one value each. */
function only(value: string, verb: string): Verb["handle"] {
  return (_, argument) => {
    if (argument.toUpperCase() === value) return reply(200, "Fine.");
    throw new Refusal(504, `There is ${verb} ${value}.`);
  };
}

function rest(session: Session, argument: string): Answer {
  const offset = parseOffset(argument);
  if (session.type === "A" && offset > 0) throw new Refusal(504, "Not in TYPE A; say TYPE I first.");
  session.restart = offset;
  return reply(350, `The next transfer begins at byte ${offset}.`);
}

async function epsv(session: Session, argument: string): Promise<Answer> {
  const wish = parseEpsv(argument);
  if (wish === "all") {
    session.onlyEpsv = true;
    return reply(200, "Nothing but EPSV from now on.");
  }
  const family = familyOf(session);
  if (wish !== undefined && wish !== family)
    throw new Refusal(522, `Network protocol not supported, use (${family === 4 ? 1 : 2})`);
  const { port } = await listen(session);
  return reply(229, `Connect there. (|||${port}|)`);
}

async function pasv(session: Session): Promise<Answer> {
  checkNotOnlyEpsv(session);
  if (familyOf(session) !== 4) throw new Refusal(425, "PASV knows no IPv6; say EPSV.");
  const { port } = await listen(session);
  const octets = [...session.control.local.split("."), port >> 8, port & 255];
  return reply(227, `Connect there. (${octets.join(",")})`);
}

function eprt(session: Session, argument: string): Answer {
  checkNotOnlyEpsv(session);
  return connectTo(session, parseEprt(argument));
}

function port(session: Session, argument: string): Answer {
  checkNotOnlyEpsv(session);
  return connectTo(session, parsePort(argument));
}

async function retr(session: Session, name: string): Promise<Answer> {
  const offset = takeRestart(session);
  const path = session.resolve(name);
  const download = await session.user.storage.read(path, offset);
  try {
    const isText = session.type === "A";
    return await transfer(session, "down", path, async (data, progress) => {
      const note = isText ? "" : ` (${download.size - offset} bytes)`;
      await session.send(reply(150, `Here it comes${note}.`));
      const stream = await data();
      for await (const piece of download.chunks()) {
        await stream.send(isText ? toNetwork(piece) : piece);
        progress.bytes += piece.length;
      }
      await stream.end();
      session.log("downloaded", { path, offset, ...progress.figures() });
      return reply(226, "That was all.");
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
  if (takeRestart(session) > 0) throw new Refusal(503, "REST does not go with APPE.");
  return receive(session, name, { mode: "append" });
}

function stou(session: Session, name: string): Promise<Answer> {
  takeRestart(session);
  return receive(session, name || "file", { mode: "new name" });
}

async function list(session: Session, argument: string): Promise<Answer> {
  const { folder, pattern } = await expand(session, withoutOptions(argument));
  return sendEntries(session, folder, (entry) => formatLong(entry), pattern);
}

async function nlst(session: Session, argument: string): Promise<Answer> {
  const { folder, pattern } = await expand(session, withoutOptions(argument));
  // what a pattern finds can be used as a name (RFC 1123 §4.1.3.2), so its folder stands before it
  return sendEntries(session, folder, ({ name }) => `${pattern === undefined ? "" : folder}${name}`, pattern);
}

/** Returns where to look, and for what; a name that is there is no pattern, be it spelled like one. */
async function expand(session: Session, argument: string): Promise<{ folder: string; pattern?: string }> {
  const glob = parseGlob(argument);
  if (!glob) return { folder: argument };
  try {
    await session.user.storage.stat(session.resolve(argument));
    return { folder: argument };
  } catch (error) {
    if (error instanceof StorageError && (error.code === "missing" || error.code === "name")) return glob;
    throw error;
  }
}

async function mlsd(session: Session, argument: string): Promise<Answer> {
  const { storage } = session.user;
  const { kind } = await storage.stat(session.resolve(argument));
  if (kind !== "folder") throw new Refusal(501, "MLSD is for folders; MLST is for files.");
  return sendEntries(session, argument, (entry) => formatFacts(entry, session.facts, storage));
}

async function abor(session: Session): Promise<Answer> {
  const { transfer } = session;
  transfer?.abort("aborted");
  // its own last reply comes first
  await transfer?.over;
  session.prepare(undefined);
  return reply(226, "Nothing is under way any more.");
}

/** Listens for the next data connection. */
async function listen(session: Session): Promise<PassivePort> {
  // the one before gives its port back first
  session.prepare(undefined);
  const { local, peer } = session.control;
  const { pool, timeout } = session.settings;
  const passive = await PassivePort.listen(pool, { local, peer, timeout });
  if (!passive) throw new Refusal(425, "No port is free; try again later.");
  prepare(session, passive);
  return passive;
}

/** Prepares to connect to the client. It may name no one but itself, or we would knock at doors for it (RFC 2577 §3). */
function connectTo(session: Session, { host, port }: { host: string; port: number }): Answer {
  const { local, peer } = session.control;
  if (canonical(host) !== canonical(peer)) throw new Refusal(501, "That is not your own address.");
  prepare(session, new ActivePort(port, { local, peer, timeout: session.settings.timeout }));
  return reply(200, "I shall connect there.");
}

function prepare(session: Session, port: DataPort): void {
  // counted in any case: both sides count the replies
  const encrypt = session.control.protection?.nextData();
  const protect = session.isPrivate && encrypt ? encrypt : inClear(session.settings.stall);
  const connection = new DataConnection(port, (socket, direction) => {
    session.settings.onData(socket);
    return protect(socket, direction);
  });
  session.prepare(connection);
}

/** Receives a file, and puts it in place once all of it is here. */
async function receive(session: Session, name: string, options: WriteOptions): Promise<Answer> {
  const { storage } = session.user;
  const isText = session.type === "A";
  const upload = await storage.write(session.resolve(name), options);
  const { path } = upload;
  try {
    return await transfer(session, "up", path, async (data, progress) => {
      await session.send(options.mode === "new name" ? reply(150, `FILE: ${path}`) : reply(150, "Send it."));
      const stream = await data();
      const text = new FromNetwork();
      await stream.receive((piece) => {
        progress.bytes += piece.length;
        return upload.write(isText ? text.push(piece) : piece);
      });
      if (isText) await upload.write(text.end());
      progress.settle();
      await Promise.all([stream.end(), upload.commit()]);
      session.log("uploaded", { path, offset: options.offset, ...progress.figures() });
      return reply(226, "It is here, and safe.");
    });
  } finally {
    await upload.abort();
  }
}

async function sendEntries(
  session: Session,
  name: string,
  format: (entry: Entry) => string,
  pattern?: string,
): Promise<Answer> {
  takeRestart(session);
  const { storage } = session.user;
  const path = session.resolve(name);
  const entry = await storage.stat(path);
  if (pattern !== undefined && entry.kind !== "folder") throw new Refusal(550, "It is not a folder.");
  return transfer(session, "down", path, async (data, progress) => {
    await session.send(reply(150, "Here it comes."));
    const stream = await data();
    let lines = "";
    const flush = async () => {
      const piece = encodeUtf8(lines);
      lines = "";
      if (piece.length > 0) await stream.send(piece);
      progress.bytes += piece.length;
    };
    for await (const each of entry.kind === "folder" ? storage.list(path) : [entry]) {
      if (pattern !== undefined && !isLike(each.name, pattern)) continue;
      lines += `${format(each)}\r\n`;
      if (lines.length >= LISTING_PIECE) await flush();
    }
    await flush();
    await stream.end();
    session.log("listed", { path, ...progress.figures() });
    return reply(226, "That was all.");
  });
}

/**
 * Runs `work` over the data connection that was prepared.
 *
 * @param work is given what waits for the connection, to be called when the client has been told to go on
 */
async function transfer(
  session: Session,
  direction: Direction,
  path: string,
  work: (data: () => Promise<DataStream>, progress: Transfer) => Promise<Reply>,
): Promise<Answer> {
  if (!session.isPrivate && !session.settings.allowPlaintext)
    throw new Refusal(521, "Files travel encrypted here: PBSZ 0, then PROT P.");
  const connection = session.takeData();
  const progress = new Transfer(connection, direction, path);
  await connection.greet(direction);
  let stream: DataStream | undefined;
  const data = async () => {
    session.begin(progress);
    stream = await progress.open();
    return stream;
  };
  let answer: Reply;
  try {
    answer = await work(data, progress);
  } catch (error) {
    answer = explainFailure(session, progress, error).reply;
    stream?.destroy(error instanceof Error ? error : new Error(String(error)));
    connection.close();
    const outcome = error instanceof Error ? error.message : String(error);
    session.log("transfer failed", { path, ...progress.figures(), outcome });
  }
  session.transfer = undefined;
  await session.send(answer);
  progress.finish();
  return undefined;
}

/** Returns what the client is told of a transfer that has failed. */
function explainFailure(session: Session, progress: Transfer, error: unknown): Refusal {
  try {
    progress.check();
  } catch (aborted) {
    if (aborted instanceof Aborted) return new Refusal(426, `The transfer was given up: ${aborted.message}.`);
  }
  if (error instanceof Refusal) return error;
  if (error instanceof StorageError) return refusalOf(error);
  if (error instanceof NoConnection)
    return new Refusal(425, `There is no data connection: ${error.message}.`);
  if (!(error instanceof Error)) return new Refusal(451, "The server has made a mistake.");
  if (error instanceof TypeError || error instanceof RangeError) session.settings.report(error);
  return new Refusal(426, "The data connection broke off, or was not vouched for; what came may not be all.");
}

function takeRestart(session: Session): number {
  const { restart } = session;
  session.restart = 0;
  if (restart > 0 && session.type === "A") throw new Refusal(504, "REST does not go with TYPE A.");
  return restart;
}

function checkNotOnlyEpsv({ onlyEpsv }: Session): void {
  if (onlyEpsv) throw new Refusal(501, "You have said EPSV ALL.");
}

function familyOf({ control }: Session): 4 | 6 {
  return control.local.includes(":") ? 6 : 4;
}

/** Returns the one spelling of an address that is compared. */
function canonical(address: string): string {
  return address.includes(":") ? new URL(`http://[${address.replace(/%.*/, "")}]`).hostname : address;
}
