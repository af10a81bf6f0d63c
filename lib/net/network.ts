/** Which addresses count as one peer. */
import { isIPv4, isIPv6 } from "node:net";

/** Groups of an IPv6 address that name its network: the rest is the host's to choose. */
const NETWORK_GROUPS = 4;
const GROUPS = 8;

/** Returns the IPv4 address in an IPv4-mapped IPv6 address, and any other address unchanged. */
export function plainAddress(address = ""): string {
  const [, mapped = ""] = /^::ffff:([\d.]+)$/i.exec(address) ?? [];
  return isIPv4(mapped) ? mapped : address;
}

/**
 * Returns what one peer can be limited by: an IPv4 address as it is, and the /64 network of an IPv6
 * address, since a host may use any address of its network (RFC 4291 §2.5.4).
 *
 * @param address as `Socket.remoteAddress` has it
 */
export function networkOf(address = ""): string {
  const plain = plainAddress(address);
  if (!plain.includes(":") || !isIPv6(plain)) return plain;
  const [before = [], after = []] = plain.split("::").map((part) => part.split(":").filter(Boolean));
  const zeros = Array<string>(Math.max(0, GROUPS - before.length - after.length)).fill("0");
  return `${[...before, ...zeros, ...after].slice(0, NETWORK_GROUPS).join(":")}::/64`;
}
