/**
 * Names and their properties: CWD CDUP PWD MKD RMD DELE RNFR RNTO SIZE MDTM MFMT MLST (RFC 959, RFC
 * 3659).
 */
import { parseTimeAndName } from "../protocol/arguments.ts";
import { formatFacts, formatTime } from "../protocol/listing.ts";
import { quotePath, Refusal, reply } from "../protocol/reply.ts";
import type { Answer, Session, Verb } from "./session.ts";

export const FILES: Record<string, Verb> = {
  PWD: { handle: pwd, for: "users", argument: "none", usage: "PWD" },
  CWD: { handle: cwd, for: "users", argument: "text", usage: "CWD FOLDER" },
  CDUP: { handle: (session) => cwd(session, ".."), for: "users", argument: "none", usage: "CDUP" },
  MKD: { handle: mkd, for: "users", argument: "text", usage: "MKD FOLDER" },
  RMD: { handle: rmd, for: "users", argument: "text", usage: "RMD FOLDER" },
  DELE: { handle: dele, for: "users", argument: "text", usage: "DELE FILE" },
  RNFR: { handle: rnfr, for: "users", argument: "text", usage: "RNFR NAME" },
  RNTO: { handle: rnto, for: "users", argument: "text", usage: "RNTO NAME" },
  SIZE: { handle: size, for: "users", argument: "text", usage: "SIZE FILE" },
  MDTM: { handle: mdtm, for: "users", argument: "text", usage: "MDTM FILE" },
  MFMT: { handle: mfmt, for: "users", argument: "text", usage: "MFMT YYYYMMDDHHMMSS NAME" },
  MLST: { handle: mlst, for: "users", argument: "optional text", usage: "MLST [NAME]" },
};

function pwd({ folder }: Session): Answer {
  return reply(257, `${quotePath(folder)} is the current directory.`);
}

async function cwd(session: Session, name: string): Promise<Answer> {
  const path = session.resolve(name);
  const { kind } = await session.storage.stat(path);
  if (kind !== "folder") throw new Refusal(550, "Not a directory.");
  session.folder = path;
  return reply(250, `Directory changed to ${quotePath(path)}.`);
}

async function mkd(session: Session, name: string): Promise<Answer> {
  const path = session.resolve(name);
  await session.storage.makeFolder(path);
  session.log("folder made", { path });
  return reply(257, `${quotePath(path)} created.`);
}

async function rmd(session: Session, name: string): Promise<Answer> {
  const path = session.resolve(name);
  await session.storage.removeFolder(path);
  session.log("folder removed", { path });
  return reply(250, "Directory removed.");
}

async function dele(session: Session, name: string): Promise<Answer> {
  const path = session.resolve(name);
  await session.storage.remove(path);
  session.log("removed", { path });
  return reply(250, "File deleted.");
}

async function rnfr(session: Session, name: string): Promise<Answer> {
  const path = session.resolve(name);
  await session.storage.stat(path);
  session.renameFrom = path;
  return reply(350, "Ready for RNTO.");
}

async function rnto(session: Session, name: string): Promise<Answer> {
  const { renameFrom: path } = session;
  if (path === undefined) throw new Refusal(503, "RNFR required first.");
  session.renameFrom = undefined;
  const to = session.resolve(name);
  await session.storage.rename(path, to);
  session.log("renamed", { path, to });
  return reply(250, "Rename successful.");
}

async function size(session: Session, name: string): Promise<Answer> {
  // the size with other line breaks would require reading the whole file
  if (session.type === "A") throw new Refusal(550, "SIZE not allowed in ASCII mode; use TYPE I.");
  const entry = await session.storage.stat(session.resolve(name));
  if (entry.kind !== "file") throw new Refusal(550, "Not a regular file.");
  return reply(213, String(entry.size));
}

async function mdtm(session: Session, name: string): Promise<Answer> {
  const entry = await session.storage.stat(session.resolve(name));
  if (!entry.modified) throw new Refusal(550, "The time is not between the years 1 and 9999.");
  return reply(213, formatTime(entry.modified));
}

async function mfmt(session: Session, argument: string): Promise<Answer> {
  const { time, name } = parseTimeAndName(argument);
  const path = session.resolve(name);
  const set = await session.storage.setModified(path, time);
  if (!set) throw new Refusal(550, "The file system cannot store that time.");
  session.log("time set", { path });
  return reply(213, `Modify=${formatTime(set)}; ${path}`);
}

async function mlst(session: Session, name: string): Promise<Answer> {
  const { storage } = session;
  const path = session.resolve(name);
  const entry = await storage.stat(path);
  return reply(250, "Facts:", formatFacts({ ...entry, name: path }, session.facts, storage), "End");
}
