/** File names for arbitrary names. */
import { createHash } from "node:crypto";

const PLAIN = /^[\p{L}\p{N}_][\p{L}\p{N}\p{M} _.,+@()-]{0,59}$/u;
/** Devices on Windows, with any extension. */
const RESERVED = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/**
 * Returns `name` if it is safe as part of a file name, or else its safe characters and a digest, so
 * that no two names give the same result. At most 240 bytes of UTF-8.
 */
export function fileNameOf(name: string): string {
  const isPlain = PLAIN.test(name) && !RESERVED.test(name) && !/[ .]$/.test(name);
  if (isPlain) return name;
  const kept = name.replace(/[^A-Za-z0-9_-]+/g, "-").replace(/^-+|-+$/g, "");
  return `${kept.slice(0, 40)}~${createHash("sha256").update(name).digest("hex").slice(0, 16)}`;
}
