/** The arguments of commands, taken apart. What is not as it must be is refused with 501, or 504 when it is fine but not done here. */
import { isIPv4, isIPv6 } from "node:net";
import { Refusal } from "./reply.ts";
import { parseTime } from "./time.ts";

const FIRST_FREE_PORT = 1024;
const LAST_PORT = 65_535;
const OCTETS = /^\d{1,3}(?:,\d{1,3}){5}$/;
const EPRT = /^([\x21-\x7e])([12])\1([0-9A-Fa-f:.]{2,45})\1(\d{1,5})\1$/;

export type TransferType = "A" | "I";

export interface HostPort {
  host: string;
  port: number;
}

/** Where PORT sends us (RFC 959 §4.1.2): `h1,h2,h3,h4,p1,p2`. */
export function parsePort(argument: string): HostPort {
  const octets = OCTETS.test(argument) ? argument.split(",").map(Number) : [];
  const [high = 0, low = 0] = octets.slice(4);
  if (octets.length !== 6 || octets.some((octet) => octet > 255))
    throw new Refusal(501, "PORT takes h1,h2,h3,h4,p1,p2.");
  return { host: octets.slice(0, 4).join("."), port: checkPort(256 * high + low) };
}

/** Where EPRT sends us (RFC 2428 §2): `|1|132.235.1.2|6275|`, or with 2 an address of IPv6. */
export function parseEprt(argument: string): HostPort {
  const [, , family, host = "", port] = EPRT.exec(argument) ?? [];
  if (family === undefined) {
    if (/^([\x21-\x7e])(?![12]\1)\d+\1/.test(argument))
      throw new Refusal(522, "Network protocol not supported, use (1,2)");
    throw new Refusal(501, "EPRT takes |1|ADDRESS|PORT| or |2|ADDRESS|PORT|.");
  }
  if (!(family === "1" ? isIPv4(host) : isIPv6(host))) throw new Refusal(501, "That is no such address.");
  return { host, port: checkPort(Number(port)) };
}

/** What EPSV asks for (RFC 2428 §3): an address family, ALL, or whatever the control connection has. */
export function parseEpsv(argument: string): 4 | 6 | "all" | undefined {
  if (argument === "") return undefined;
  if (argument.toUpperCase() === "ALL") return "all";
  if (argument === "1") return 4;
  if (argument === "2") return 6;
  throw new Refusal(/^\d+$/.test(argument) ? 522 : 501, "EPSV takes 1, 2, ALL or nothing. (1,2)");
}

/** The byte at which REST has the next transfer begin (RFC 3659 §5). */
export function parseOffset(argument: string): number {
  const offset = /^\d{1,16}$/.test(argument) ? Number(argument) : Number.NaN;
  if (!Number.isSafeInteger(offset)) throw new Refusal(501, "REST takes a number of bytes.");
  return offset;
}

/** The type of TYPE: A, A N, I or L 8 (RFC 959 §3.1.1). */
export function parseType(argument: string): TransferType {
  const type = argument.toUpperCase();
  if (type === "A" || type === "A N") return "A";
  if (type === "I" || type === "L 8") return "I";
  if (/^(?:[AE](?: [NTC])?|L \d{1,3})$/.test(type))
    throw new Refusal(504, "Only A, A N, I and L 8 are done here.");
  throw new Refusal(501, "TYPE takes A or I.");
}

/** The time and the name in the argument of MFMT (draft-somers-ftp-mfxx §3): `YYYYMMDDHHMMSS NAME`. */
export function parseTimeAndName(argument: string): { time: Date; name: string } {
  const space = argument.indexOf(" ");
  const time = parseTime(argument.slice(0, Math.max(space, 0)));
  const name = argument.slice(space + 1);
  if (!time || name === "") throw new Refusal(501, "MFMT takes YYYYMMDDHHMMSS, in UTC, and a name.");
  return { time, name };
}

/** The permissions and the name in the argument of SITE CHMOD: `644 NAME`. */
export function parseModeAndName(argument: string): { mode: number; name: string } {
  const [, mode = "", name = ""] = /^0?([0-7]{3}) (.+)$/s.exec(argument) ?? [];
  if (name === "") throw new Refusal(501, "SITE CHMOD takes three octal digits and a name.");
  return { mode: Number.parseInt(mode, 8), name };
}

/** The first word of `argument`, in capitals, and the rest behind it. */
export function splitWord(argument: string): { word: string; rest: string } {
  const [, word = "", rest = ""] = /^(\S*) ?(.*)$/s.exec(argument) ?? [];
  return { word: word.toUpperCase(), rest };
}

/** Takes the options for `ls` off the argument of LIST or NLST, which many clients send, and which change nothing. */
export function withoutOptions(argument: string): string {
  return argument.replace(/^(?:-[A-Za-z0-9]+(?: +|$))+/, "");
}

/** Below 1024 there are the ports of services: nobody waits for a file there. */
function checkPort(port: number): number {
  if (port >= FIRST_FREE_PORT && port <= LAST_PORT) return port;
  throw new Refusal(501, `Ports from ${FIRST_FREE_PORT} to ${LAST_PORT} only.`);
}
