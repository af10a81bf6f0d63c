/**
 * The data connection and its settings: TYPE STRU MODE ALLO REST EPSV PASV EPRT PORT (RFC 959
 * §4.1.2, RFC 2428).
 */
import { parseEprt, parseEpsv, parseOffset, parsePort, parseType } from "../protocol/arguments.ts";
import { Refusal, reply } from "../protocol/reply.ts";
import { DataConnection } from "./data-connection.ts";
import { ActivePort, type DataPort, PassivePort } from "./data-port.ts";
import { unprotected } from "./data-stream.ts";
import type { Answer, Session, Verb } from "./session.ts";

export const DATA: Record<string, Verb> = {
  TYPE: { handle: type, for: "users", argument: "word", usage: "TYPE A|I" },
  STRU: { handle: only("F", "STRU"), for: "users", argument: "word", usage: "STRU F" },
  MODE: { handle: only("S", "MODE"), for: "users", argument: "word", usage: "MODE S" },
  ALLO: { handle: allo, for: "users", argument: "word", usage: "ALLO BYTES" },
  REST: { handle: rest, for: "users", argument: "word", usage: "REST BYTES" },
  EPSV: { handle: epsv, for: "users", argument: "optional word", usage: "EPSV [1|2|ALL]" },
  PASV: { handle: pasv, for: "users", argument: "none", usage: "PASV" },
  EPRT: { handle: eprt, for: "users", argument: "word", usage: "EPRT |1|ADDRESS|PORT|" },
  PORT: { handle: port, for: "users", argument: "word", usage: "PORT H1,H2,H3,H4,P1,P2" },
};

function type(session: Session, argument: string): Answer {
  session.type = parseType(argument);
  return reply(200, `Type set to ${session.type}.`);
}

/** STRU and MODE accept a single value. */
function only(value: string, verb: string): Verb["handle"] {
  return (_, argument) => {
    if (argument.toUpperCase() === value) return reply(200, `${verb} set to ${value}.`);
    throw new Refusal(504, `Only ${verb} ${value} is supported.`);
  };
}

function allo(): Answer {
  return reply(202, "ALLO command ignored.");
}

function rest(session: Session, argument: string): Answer {
  const offset = parseOffset(argument);
  if (session.type === "A" && offset > 0)
    throw new Refusal(504, "REST not allowed in ASCII mode; use TYPE I.");
  session.restart = offset;
  return reply(350, `Restart position accepted (${offset}).`);
}

async function epsv(session: Session, argument: string): Promise<Answer> {
  const wish = parseEpsv(argument);
  if (wish === "all") {
    session.onlyEpsv = true;
    return reply(200, "EPSV ALL ok.");
  }
  const family = familyOf(session);
  if (wish !== undefined && wish !== family)
    throw new Refusal(522, `Network protocol not supported, use (${family === 4 ? 1 : 2})`);
  const { port } = await listen(session);
  return reply(229, `Entering Extended Passive Mode (|||${port}|)`);
}

async function pasv(session: Session): Promise<Answer> {
  checkNotOnlyEpsv(session);
  if (familyOf(session) !== 4) throw new Refusal(425, "PASV does not support IPv6; use EPSV.");
  const { port } = await listen(session);
  const octets = [...session.control.local.split("."), port >> 8, port & 255];
  return reply(227, `Entering Passive Mode (${octets.join(",")})`);
}

function eprt(session: Session, argument: string): Answer {
  checkNotOnlyEpsv(session);
  connectTo(session, parseEprt(argument));
  return reply(200, "EPRT command successful.");
}

function port(session: Session, argument: string): Answer {
  checkNotOnlyEpsv(session);
  connectTo(session, parsePort(argument));
  return reply(200, "PORT command successful.");
}

/** Listens for the next data connection. */
async function listen(session: Session): Promise<PassivePort> {
  // the previous one returns its port first
  session.prepare(undefined);
  const { local, peer } = session.control;
  const { pool, timeout } = session.settings;
  const { signal, login } = session;
  const user = login?.user.name ?? "";
  const passive = await PassivePort.listen(pool, { local, peer, timeout, signal, user });
  if (!passive) throw new Refusal(425, "No port available; try again later.");
  prepare(session, passive);
  return passive;
}

/** Prepares a connection to the client, and to no other host (FTP bounce attack, RFC 2577 §3). */
function connectTo(session: Session, { host, port }: { host: string; port: number }): void {
  const { local, peer } = session.control;
  if (canonical(host) !== canonical(peer)) throw new Refusal(501, "Only your own address is allowed.");
  prepare(session, new ActivePort(port, { local, peer, timeout: session.settings.timeout }));
}

function prepare(session: Session, port: DataPort): void {
  // even under PROT C: both sides count the replies
  const encrypted = session.control.protection?.nextData();
  const protect = session.isPrivate && encrypted ? encrypted : unprotected(session.settings.stall);
  const count: typeof protect = (socket, direction) => {
    session.settings.onData(socket);
    return protect(socket, direction);
  };
  session.prepare(new DataConnection(port, count, session.habits));
}

function checkNotOnlyEpsv({ onlyEpsv }: Session): void {
  if (onlyEpsv) throw new Refusal(501, "Only EPSV is allowed after EPSV ALL.");
}

function familyOf({ control }: Session): 4 | 6 {
  return control.local.includes(":") ? 6 : 4;
}

/** Returns the canonical spelling of an address. */
function canonical(address: string): string {
  return address.includes(":") ? new URL(`http://[${address.replace(/%.*/, "")}]`).hostname : address;
}
