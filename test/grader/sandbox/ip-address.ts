/** IP addresses as the box helper spells them: their bytes in hexadecimal. */
import { toHex } from "../../../lib/bytes/bytes.ts";

/** IPv4 mapped into IPv6 (RFC 4291 §2.5.5.2), as a socket that listens on both names its peers. */
const MAPPED = /^::ffff:(?=\d+\.)/i;

/** An IPv4 address mapped into IPv6 becomes plain IPv4. */
export function encodeAddress(given: string): string {
  const address = given.replace(MAPPED, "");
  if (!address.includes(":")) return toHex(Uint8Array.from(address.split("."), Number));
  const [head = "", tail] = address.split("::");
  const groups = (text: string) => (text === "" ? [] : text.split(":"));
  const front = groups(head);
  const back = groups(tail ?? "");
  const middle = tail === undefined ? [] : new Array<string>(8 - front.length - back.length).fill("0");
  return [...front, ...middle, ...back].map((group) => group.padStart(4, "0")).join("");
}

/** Returns the usual spelling; an IPv4 address mapped into IPv6 becomes plain IPv4. */
export function decodeAddress(hex: string): string {
  if (hex.length === 32 && !hex.startsWith("00000000000000000000ffff"))
    return new URL(`http://[${hex.replace(/(.{4})(?!$)/g, "$1:")}]`).hostname.slice(1, -1);
  return [...Buffer.from(hex.slice(-8), "hex")].join(".");
}
