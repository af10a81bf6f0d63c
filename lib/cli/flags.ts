/** Parses the flags of a command line. */
import { parseArgs } from "node:util";
import { printable, quoted } from "../bytes/printable.ts";
import { UsageError } from "./diagnostics.ts";

const MAX_SECONDS = 86_400;

export interface Flag {
  /**
   * The placeholder for its value in the usage, such as `FILE`; a flag without one takes no value.
   */
  value?: string;
  default?: string;
  help: string;
  /** A one-letter alias. */
  short?: string;
}

/**
 * Splits `args` into the values of the flags in `table` and the remaining words.
 *
 * @returns values: one for each flag that was given or has a default; "" for a flag that takes no
 *   value
 * @throws UsageError when a flag is unknown, lacks its value, or has a value that it does not take
 */
export function parseFlags(
  args: string[],
  table: Record<string, Flag>,
): { values: Partial<Record<string, string>>; words: string[] } {
  const options = Object.entries(table).map(([name, { value, short }]) => [
    name,
    { type: value === undefined ? ("boolean" as const) : ("string" as const), ...(short && { short }) },
  ]);
  const { tokens, positionals } = parseArgs({
    args,
    options: Object.fromEntries(options),
    allowPositionals: true,
    // the error messages are ours
    strict: false,
    tokens: true,
  });
  const values: Partial<Record<string, string>> = {};
  for (const [name, flag] of Object.entries(table)) values[name] = flag.default;
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const { name, value, inlineValue } = token;
    const flag = Object.hasOwn(table, name) ? table[name] : undefined;
    const shown = printable(token.rawName);
    if (!flag) throw new UsageError(`unknown flag ${shown}; see --help`);
    if (flag.value === undefined && value !== undefined)
      throw new UsageError(`the flag ${shown} takes no value; see --help`);
    if (flag.value !== undefined && value === undefined)
      throw new UsageError(`the flag ${shown} lacks its value, ${flag.value}; see --help`);
    if (value?.startsWith("-") && value !== "-" && !inlineValue)
      throw new UsageError(`the flag ${shown} lacks its value, ${flag.value}: ${quoted(value)} follows it`);
    values[name] = value ?? "";
  }
  return { values, words: positionals };
}

/**
 * Parses the value of `flag` as seconds.
 *
 * @throws UsageError unless it is more than 0 and at most a day
 */
export function parseSeconds(flag: string, text = ""): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (seconds > 0 && seconds <= MAX_SECONDS) return seconds;
  throw new UsageError(`${flag} ${quoted(text)}: expected seconds, more than 0 and at most ${MAX_SECONDS}`);
}

/** Parses the value of `flag` as a count. @throws UsageError unless it is 1 to 99999 */
export function parseCount(flag: string, text = ""): number {
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text);
  throw new UsageError(`${flag} ${quoted(text)}: expected a number from 1 to 99999`);
}
