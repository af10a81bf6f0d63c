/**
 * Patterns in the place of a name, which clients send with LIST and NLST because most servers hand them to a shell: `*` stands for
 * any characters, `?` for one, in the last component only. Nothing else is special, and no shell is asked.
 */
import { NAME_LIMIT } from "../storage/path.ts";

const WILD = /[*?]/;

/** The folder that a pattern looks into, as the client wrote it, and what the names there must be like. */
export interface Glob {
  /** "" for where the client is; otherwise it ends with a slash. */
  folder: string;
  pattern: string;
}

/** Returns what `argument` looks for; undefined when it is a plain name. */
export function parseGlob(argument: string): Glob | undefined {
  const start = argument.lastIndexOf("/") + 1;
  const [folder, pattern] = [argument.slice(0, start), argument.slice(start)];
  if (!WILD.test(pattern) || WILD.test(folder)) return undefined;
  // a longer one costs time, and says nothing that a shorter one could not
  return pattern.length > NAME_LIMIT ? undefined : { folder, pattern };
}

/**
 * Says whether `name` is like `pattern`. Case counts.
 *
 * Only the last `*` is ever tried again, so the work is at most the product of the two lengths, whatever the pattern.
 */
export function isLike(name: string, pattern: string): boolean {
  const [characters, signs] = [[...name], [...pattern]];
  let [at, sign] = [0, 0];
  let star: { sign: number; at: number } | undefined;
  while (at < characters.length) {
    if (signs[sign] === "*") {
      star = { sign, at };
      sign += 1;
    } else if (sign < signs.length && (signs[sign] === "?" || signs[sign] === characters[at])) {
      sign += 1;
      at += 1;
    } else if (star) {
      star.at += 1;
      at = star.at;
      sign = star.sign + 1;
    } else return false;
  }
  while (signs[sign] === "*") sign += 1;
  return sign === signs.length;
}
