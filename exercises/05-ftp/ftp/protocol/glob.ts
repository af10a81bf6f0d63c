/**
 * Patterns in the arguments of LIST and NLST, which many servers pass to a shell: `*` matches any
 * characters and `?` matches one, in the last component only. No other character is special.
 */

/**
 * Characters of the longest pattern: longer ones take time, and match no name that shorter ones
 * cannot.
 */
const PATTERN_LIMIT = 255;
const WILD = /[*?]/;

export interface Glob {
  /**
   * The folder to search, as the client wrote it: "" for the current one, else it ends with a
   * slash.
   */
  folder: string;
  pattern: string;
}

/** Returns the pattern in `argument`; undefined if it is a plain name. */
export function parseGlob(argument: string): Glob | undefined {
  const start = argument.lastIndexOf("/") + 1;
  const [folder, pattern] = [argument.slice(0, start), argument.slice(start)];
  if (!WILD.test(pattern) || WILD.test(folder)) return undefined;
  return pattern.length > PATTERN_LIMIT ? undefined : { folder, pattern };
}

/**
 * Reports whether `name` matches `pattern`. Case matters.
 *
 * It only backtracks to the last `*`, so the work is at most the product of the two lengths.
 */
export function matchesGlob(name: string, pattern: string): boolean {
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
