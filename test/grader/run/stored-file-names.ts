/** Names and paths of the files that carry an exchange's texts. */
import { createHash } from "node:crypto";
import { posix } from "node:path";

const NAME_LENGTH = 18;
const LETTERS = "abcdefghijkmnopqrstuvwxyz012345";

/** Returns the name of the file with this content; only a peer that was given it can know it. */
export function fileNameFor(text: string): string {
  const hash = createHash("sha256").update(`name of\0${text}`).digest().subarray(0, NAME_LENGTH);
  return `${Array.from(hash, (byte) => LETTERS[byte % LETTERS.length]).join("")}.txt`;
}

/** Returns the path of a file, relative to the task's folder; undefined if that lies outside. */
export function pathFor(pattern: string, name: string): string | undefined {
  const path = posix.normalize(pattern.replaceAll("{name}", () => name));
  return path === ".." || path.startsWith("../") || path.startsWith("/") ? undefined : path;
}
