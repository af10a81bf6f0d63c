/** Names that people chose, as names of files. */
import { createHash } from "node:crypto";

const PLAIN = /^[\p{L}\p{N}_][\p{L}\p{N}\p{M} _.,+@()-]{0,59}$/u;
// devices, whatever stands behind the dot, on one of the systems that open a folder of grades
const RESERVED = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/**
 * Returns `name` where it is harmless as part of a file's name, and else what is harmless of it and a digest; so two names never
 * give the same. At most 240 bytes of UTF-8.
 */
export function fileNameOf(name: string): string {
  const isPlain = PLAIN.test(name) && !RESERVED.test(name) && !/[ .]$/.test(name);
  if (isPlain) return name;
  const kept = name.replace(/[^A-Za-z0-9_-]+/g, "-").replace(/^-+|-+$/g, "");
  return `${kept.slice(0, 40)}~${createHash("sha256").update(name).digest("hex").slice(0, 16)}`;
}
