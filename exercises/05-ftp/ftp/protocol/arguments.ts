/**
 * Parses the arguments of commands. Refuses malformed ones with 501, and unsupported ones with 504.
 */
import { isIPv4, isIPv6 } from "node:net";
import { parseTime } from "./listing.ts";
import { Refusal } from "./reply.ts";

const FIRST_UNPRIVILEGED_PORT = 1024;
const LAST_PORT = 65_535;
const OCTETS = /^\d{1,3}(?:,\d{1,3}){5}$/;
const EPRT = /^([\x21-\x7e])([12])\1([0-9A-Fa-f:.]{2,45})\1(\d{1,5})\1$/;

export type TransferType = "A" | "I";

export interface HostPort {
  host: string;
  port: number;
}

/** PORT (RFC 959 §4.1.2): `h1,h2,h3,h4,p1,p2`. */
export function parsePort(argument: string): HostPort {
  const octets = OCTETS.test(argument) ? argument.split(",").map(Number) : [];
  const [high = 0, low = 0] = octets.slice(4);
  if (octets.length !== 6 || octets.some((octet) => octet > 255))
    throw new Refusal(501, "Syntax: PORT h1,h2,h3,h4,p1,p2.");
  return { host: octets.slice(0, 4).join("."), port: checkPort(256 * high + low) };
}

/** EPRT (RFC 2428 §2): `|1|132.235.1.2|6275|`, or with 2 an IPv6 address. */
export function parseEprt(argument: string): HostPort {
  const [, , family, host = "", port] = EPRT.exec(argument) ?? [];
  if (family === undefined) {
    if (/^([\x21-\x7e])(?![12]\1)\d+\1/.test(argument))
      throw new Refusal(522, "Network protocol not supported, use (1,2)");
    throw new Refusal(501, "Syntax: EPRT |1|ADDRESS|PORT| or EPRT |2|ADDRESS|PORT|.");
  }
  if (!(family === "1" ? isIPv4(host) : isIPv6(host))) throw new Refusal(501, "Invalid address.");
  return { host, port: checkPort(Number(port)) };
}

/** EPSV (RFC 2428 §3): an address family, ALL, or nothing. */
export function parseEpsv(argument: string): 4 | 6 | "all" | undefined {
  if (argument === "") return undefined;
  if (argument.toUpperCase() === "ALL") return "all";
  if (argument === "1") return 4;
  if (argument === "2") return 6;
  if (/^\d+$/.test(argument)) throw new Refusal(522, "Network protocol not supported, use (1,2)");
  throw new Refusal(501, "Syntax: EPSV [1|2|ALL].");
}

/** REST (RFC 3659 §5): the offset at which the next transfer starts. */
export function parseOffset(argument: string): number {
  const offset = /^\d{1,16}$/.test(argument) ? Number(argument) : Number.NaN;
  if (!Number.isSafeInteger(offset)) throw new Refusal(501, "Syntax: REST bytes.");
  return offset;
}

/** TYPE (RFC 959 §3.1.1): A, A N, I or L 8; many clients leave out the space. */
export function parseType(argument: string): TransferType {
  const type = argument.toUpperCase();
  if (/^A(?: ?N)?$/.test(type)) return "A";
  if (/^(?:I|L ?8)$/.test(type)) return "I";
  if (/^(?:[AE](?: ?[NTC])?|L ?\d{1,3})$/.test(type))
    throw new Refusal(504, "Only types A, A N, I and L 8 are supported.");
  throw new Refusal(501, "Unrecognized type; use A or I.");
}

/** MFMT (draft-somers-ftp-mfxx §3): `YYYYMMDDHHMMSS NAME`. */
export function parseTimeAndName(argument: string): { time: Date; name: string } {
  const space = argument.indexOf(" ");
  const time = parseTime(argument.slice(0, Math.max(space, 0)));
  const name = argument.slice(space + 1);
  if (!time || name === "") throw new Refusal(501, "Syntax: MFMT YYYYMMDDHHMMSS name, in UTC.");
  return { time, name };
}

/** SITE CHMOD: `644 NAME`. */
export function parseModeAndName(argument: string): { mode: number; name: string } {
  const [, mode = "", name = ""] = /^0?([0-7]{3}) (.+)$/s.exec(argument) ?? [];
  if (name === "") throw new Refusal(501, "Syntax: SITE CHMOD mode name, with three octal digits.");
  return { mode: Number.parseInt(mode, 8), name };
}

/** Returns the first word of `argument`, in capitals, and the rest. */
export function splitWord(argument: string): { word: string; rest: string } {
  const [, word = "", rest = ""] = /^(\S*) ?(.*)$/s.exec(argument) ?? [];
  return { word: word.toUpperCase(), rest };
}

/** Strips options for `ls`, which many clients send with LIST or NLST, and which have no effect. */
export function withoutOptions(argument: string): string {
  return argument.replace(/^(?:-[A-Za-z0-9]+(?: +|$))+/, "");
}

/** Ports below 1024 belong to services, and no client expects a file there. */
function checkPort(port: number): number {
  if (port >= FIRST_UNPRIVILEGED_PORT && port <= LAST_PORT) return port;
  throw new Refusal(501, `Only ports from ${FIRST_UNPRIVILEGED_PORT} to ${LAST_PORT} are allowed.`);
}
