/** What the server is and can: FEAT OPTS SYST HELP STAT NOOP CLNT SITE (RFC 959 §4.1.3, RFC 2389). */
import { parseModeAndName, splitWord, withoutOptions } from "../protocol/arguments.ts";
import { FACTS, formatLong, parseFacts } from "../protocol/listing.ts";
import { Refusal, reply } from "../protocol/reply.ts";
import type { Answer, Session, Verb } from "./session.ts";

/** Entries that STAT shows on the control connection; LIST shows any number. */
const MAX_SHOWN = 1000;

/** @param verbs returns all verbs, for HELP */
export function information(verbs: () => ReadonlyMap<string, Verb>): Record<string, Verb> {
  const help = (_: Session, argument: string) => {
    const { word } = splitWord(argument);
    if (word === "") return reply(214, "Commands:", ...inRows([...verbs().keys()]), "End");
    const verb = verbs().get(word);
    if (!verb) throw new Refusal(502, "There is no such command; HELP names all.");
    return reply(214, `Usage: ${verb.usage}`);
  };
  return {
    FEAT: { handle: feat, for: "everybody", argument: "none", usage: "FEAT" },
    OPTS: { handle: opts, for: "everybody", argument: "needed", usage: "OPTS UTF8 ON | OPTS MLST FACT;..." },
    SYST: { handle: () => reply(215, "UNIX Type: L8"), for: "everybody", argument: "none", usage: "SYST" },
    HELP: { handle: help, for: "everybody", argument: "optional", usage: "HELP [COMMAND]" },
    STAT: { handle: stat, for: "everybody", argument: "optional", usage: "STAT [NAME]", during: "in order" },
    NOOP: {
      handle: () => reply(200, "Fine."),
      for: "everybody",
      argument: "optional",
      usage: "NOOP",
      during: "in order",
    },
    CLNT: { handle: clnt, for: "everybody", argument: "needed", usage: "CLNT NAME" },
    SITE: { handle: site, for: "users", argument: "needed", usage: "SITE CHMOD MODE NAME | SITE HELP" },
  };
}

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
    if (/^(?:|on)$/i.test(rest)) return reply(200, "Names are UTF-8, always.");
    throw new Refusal(504, "Names are UTF-8, always.");
  }
  if (word !== "MLST") throw new Refusal(501, "There is OPTS UTF8 ON, and OPTS MLST.");
  session.facts = parseFacts(rest);
  const shown = [...session.facts].map((fact) => `${fact};`).join("");
  return reply(200, `MLST OPTS${shown && ` ${shown}`}`);
}

async function stat(session: Session, argument: string): Promise<Answer> {
  const name = withoutOptions(argument);
  if (argument !== "") return reply(213, "Entries:", ...(await listLines(session, name)), "End");
  const { control, login, transfer, type, folder } = session;
  return reply(
    211,
    "State:",
    `Encrypted with ${control.protection?.description ?? "nothing"}`,
    login ? `Logged in as ${login.user.name}, in ${folder}` : "Not logged in",
    `TYPE ${type}, PROT ${session.isPrivate ? "P" : "C"}`,
    ...(transfer ? [`${transfer.path}: ${transfer.bytes} bytes so far, ${transfer.direction}`] : []),
    "End",
  );
}

async function listLines(session: Session, name: string): Promise<string[]> {
  const { storage } = session.user;
  const path = session.resolve(name);
  const entry = await storage.stat(path);
  if (entry.kind === "file") return [formatLong(entry)];
  const lines: string[] = [];
  for await (const each of storage.list(path)) {
    if (lines.length === MAX_SHOWN) return [...lines, "... and more: LIST shows all"];
    lines.push(formatLong(each));
  }
  return lines;
}

function clnt(session: Session, argument: string): Answer {
  session.log("client", { client: argument });
  return reply(200, "Nice to meet you.");
}

async function site(session: Session, argument: string): Promise<Answer> {
  const { word, rest } = splitWord(argument);
  if (word === "HELP") return reply(214, "SITE CHMOD MODE NAME, and SITE HELP.");
  if (word !== "CHMOD") throw new Refusal(504, "There is SITE CHMOD, and SITE HELP.");
  const { mode, name } = parseModeAndName(rest);
  const path = session.resolve(name);
  await session.user.storage.setMode(path, mode);
  session.log("mode set", { path, mode: mode.toString(8) });
  return reply(200, "The mode is set.");
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
