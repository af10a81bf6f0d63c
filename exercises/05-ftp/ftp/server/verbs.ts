/**
 * All verbs: the map from verb to handler, and the verbs about the server itself: FEAT OPTS SYST
 * HELP STAT NOOP CLNT SITE (RFC 959 §4.1.3, RFC 2389).
 */
import { parseModeAndName, splitWord, withoutOptions } from "../protocol/arguments.ts";
import { FACTS, formatLong, parseFacts } from "../protocol/listing.ts";
import { Refusal, reply } from "../protocol/reply.ts";
import { ACCESS } from "./access-verbs.ts";
import { DATA } from "./data-verbs.ts";
import { FILES } from "./file-verbs.ts";
import type { Answer, Session, Verb } from "./session.ts";
import { TRANSFERS } from "./transfer-verbs.ts";

/** Entries that STAT lists on the control connection; LIST has no limit. */
const MAX_SHOWN = 1000;

const INFORMATION: Record<string, Verb> = {
  FEAT: { handle: feat, for: "anyone", argument: "none", usage: "FEAT" },
  OPTS: { handle: opts, for: "anyone", argument: "word", usage: "OPTS UTF8 ON | OPTS MLST FACT;..." },
  SYST: { handle: () => reply(215, "UNIX Type: L8"), for: "anyone", argument: "none", usage: "SYST" },
  HELP: { handle: help, for: "anyone", argument: "optional word", usage: "HELP [COMMAND]" },
  STAT: { handle: stat, for: "anyone", argument: "optional text", usage: "STAT [NAME]", during: "in order" },
  NOOP: { handle: noop, for: "anyone", argument: "optional word", usage: "NOOP", during: "in order" },
  CLNT: { handle: clnt, for: "anyone", argument: "text", usage: "CLNT NAME" },
  SITE: { handle: site, for: "users", argument: "text", usage: "SITE CHMOD MODE NAME | SITE HELP" },
};
const OWN: Record<string, Verb> = { ...ACCESS, ...INFORMATION, ...FILES, ...DATA, ...TRANSFERS };
/** Old names that some clients still use (RFC 775, RFC 1123 §4.1.3.1). */
const ALIASES = { XCUP: "CDUP", XCWD: "CWD", XMKD: "MKD", XPWD: "PWD", XRMD: "RMD" };

export const VERBS: ReadonlyMap<string, Verb> = new Map([
  ...Object.entries(OWN),
  ...Object.entries(ALIASES).flatMap(([old, name]): [string, Verb][] => {
    const verb = OWN[name];
    return verb ? [[old, verb]] : [];
  }),
]);

function feat({ settings, facts }: Session): Answer {
  const names = settings.mechanisms.flatMap((mechanism) => mechanism.names);
  return reply(
    211,
    "Features:",
    ...(names.length > 0 ? [`AUTH ${names.join(";")}`] : []),
    "CLNT",
    "EPRT",
    "EPSV",
    "MDTM",
    "MFMT",
    `MLST ${FACTS.map((fact) => `${fact}${facts.has(fact) ? "*" : ""};`).join("")}`,
    "PBSZ",
    "PROT",
    "REST STREAM",
    "SIZE",
    "TVFS",
    "UTF8",
    "End",
  );
}

function opts(session: Session, argument: string): Answer {
  const { word, rest } = splitWord(argument);
  if (word === "UTF8" || word === "UTF-8") {
    if (/^(?:|on)$/i.test(rest)) return reply(200, "Always in UTF8 mode.");
    throw new Refusal(504, "Always in UTF8 mode.");
  }
  if (word !== "MLST") throw new Refusal(501, "Option not understood.");
  session.facts = parseFacts(rest);
  const shown = [...session.facts].map((fact) => `${fact};`).join("");
  return reply(200, `MLST OPTS${shown && ` ${shown}`}`);
}

function help(_: Session, argument: string): Answer {
  const { word } = splitWord(argument);
  if (word === "")
    return reply(214, "The following commands are recognized:", ...inRows(Object.keys(OWN)), "End");
  const verb = VERBS.get(word);
  if (!verb) throw new Refusal(502, "Unknown command.");
  return reply(214, `Syntax: ${verb.usage}`);
}

function noop(): Answer {
  return reply(200, "NOOP ok.");
}

async function stat(session: Session, argument: string): Promise<Answer> {
  const name = withoutOptions(argument);
  if (argument !== "") return reply(213, "Status follows:", ...(await listLines(session, name)), "End");
  const { control, login, transfer, type, folder } = session;
  return reply(
    211,
    "Server status:",
    `Encryption: ${control.protection?.description ?? "none"}`,
    login ? `Logged in as ${login.user.name}, in ${folder}` : "Not logged in",
    `TYPE ${type}, PROT ${session.isPrivate ? "P" : "C"}`,
    ...(transfer ? [`${transfer.path}: ${transfer.bytes} bytes so far, ${transfer.direction}`] : []),
    "End",
  );
}

async function listLines(session: Session, name: string): Promise<string[]> {
  const path = session.resolve(name);
  const entry = await session.storage.stat(path);
  if (entry.kind === "file") return [formatLong(entry)];
  const lines: string[] = [];
  for await (const each of session.storage.list(path)) {
    if (lines.length === MAX_SHOWN) return [...lines, "... more entries: use LIST"];
    lines.push(formatLong(each));
  }
  return lines;
}

function clnt(session: Session, argument: string): Answer {
  session.log("client", { client: argument });
  return reply(200, "Noted.");
}

async function site(session: Session, argument: string): Promise<Answer> {
  const { word, rest } = splitWord(argument);
  if (word === "HELP") return reply(214, "SITE CHMOD mode name, SITE HELP.");
  if (word !== "CHMOD") throw new Refusal(504, "Unknown SITE command.");
  const { mode, name } = parseModeAndName(rest);
  const path = session.resolve(name);
  const set = (await session.storage.setMode(path, mode)).toString(8).padStart(3, "0");
  session.log("mode set", { path, mode: set });
  return reply(200, `SITE CHMOD command successful, mode ${set}.`);
}

function inRows(words: readonly string[], perRow = 8): string[] {
  const rows: string[] = [];
  for (let start = 0; start < words.length; start += perRow)
    rows.push(
      words
        .slice(start, start + perRow)
        .map((word) => word.padEnd(5))
        .join("")
        .trimEnd(),
    );
  return rows;
}
